"""Ten times what the service can do, for a minute: who is answered, who is refused, how soon it is
itself again."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from functools import partial

from app.settings import ROOT
from tests.benchmarks import servers
from tests.benchmarks.load import HttpAsker, LoadFailed, alone, passes, percentile, wrk
from tests.benchmarks.mails import MailFiles, mail_files
from tests.benchmarks.offer import Outcome
from tests.benchmarks.proc import Spent, spent
from tests.benchmarks.results import Findings, Row
from tests.benchmarks.setting import Setting

_PROCESSES = 2
_TIMES = 10
_SECONDS = 60.0
_CAPACITY_SECONDS = 10.0
_CONNECTIONS = (8, 64)  # of which the one or the other makes the most of two processes
_REPEATS = 3
_LONE = 500
_AT_ONCE = 0.25  # seconds, for the slowest in a hundred refusals
_GIVEN_UP = 60.0  # seconds without recovery
_ALIKE = 9  # answers that are taken together, as one may be slow by chance


def measure(setting: Setting) -> Findings:
    """The accepted ones' times are those of an open loop: from when they were due."""
    files = mail_files(setting)
    with servers.service(setting, _PROCESSES) as target:
        passes(partial(HttpAsker, target), files.contents())  # warm
        before = _capacity(target, files, setting)
        lone = sorted(files.contents(), key=len)[len(files.drawn) // 2]
        usual = alone(partial(HttpAsker, target), [lone], setting.count(_LONE))
        answers = [_answer(target, files, setting)]
        began = spent(target.pid)
        outcome, recovery = _overload(target, files, setting, _TIMES * before, lone, usual)
        took = spent(target.pid).since(began)
        after = _capacity(target, files, setting)
        answers.append(_answer(target, files, setting))
        costs = _costs(outcome, took, answers)
    return Findings((_row(before, after, outcome, recovery, costs),), notes=_notes(outcome))


def _capacity(target: servers.Target, files: MailFiles, setting: Setting) -> float:
    return max(_rate(target, files, setting, connections) for connections in _CONNECTIONS)


def _answer(target: servers.Target, files: MailFiles, setting: Setting) -> Spent:
    """What an answer costs the service while it refuses none."""
    began, seconds = spent(target.pid), setting.seconds(_CAPACITY_SECONDS)
    load = wrk(target, files.drawn, setting.out, seconds, _CONNECTIONS[-1])
    return spent(target.pid).since(began).each(load.requests)


def _costs(found: Outcome, took: Spent, answers: Sequence[Spent]) -> dict[str, float]:
    """What is left of `took` without the answers is what the refusals cost; an answer costs the
    mean of what it did before and after, as the machine's speed drifts."""
    refused = max(1, found.refused)
    answer_user = statistics.mean(answer.user for answer in answers)
    answer_system = statistics.mean(answer.system for answer in answers)
    user = (took.user - found.accepted * answer_user) / refused
    system = (took.system - found.accepted * answer_system) / refused
    return {
        "an answer, ms of the processors": 1e3 * (answer_user + answer_system),
        "a refusal, us of the processors": 1e6 * (user + system),
        "of these the kernel's, us": 1e6 * system,
    }


def _rate(target: servers.Target, files: MailFiles, setting: Setting, connections: int) -> float:
    seconds = setting.seconds(_CAPACITY_SECONDS)
    return statistics.median(
        wrk(target, files.drawn, setting.out, seconds, connections).rate
        for _ in range(setting.repeats(_REPEATS))
    )


def _overload(
    target: servers.Target,
    files: MailFiles,
    setting: Setting,
    rate: float,
    lone: bytes,
    usual: list[float],
) -> tuple[Outcome, float]:
    """What became of what was offered, and the seconds until it was as if nothing had been."""
    names = setting.out / "offered.txt"
    names.write_text("\n".join(str(file) for file in files.drawn))
    command = [sys.executable, "-m", "tests.benchmarks.offer", str(target.port), target.path]
    command += [f"--rate={rate}", f"--seconds={setting.seconds(_SECONDS)}", f"--mails={names}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        ended = json.loads(process.stdout.readline())["ended"]
        recovery = _recovery(target, lone, ended, percentile(usual, 95))
        return Outcome(**json.loads(process.stdout.readline())), recovery


def _recovery(target: servers.Target, lone: bytes, ended: float, usual: float) -> float:
    """Seconds from `ended` until lone requests begin to take, most of them, no more than `usual`;
    _GIVEN_UP when they never do."""
    answers: deque[tuple[float, float]] = deque(maxlen=_ALIKE)  # when asked, how long it took
    asker = HttpAsker(target)
    while (asked := time.monotonic() - ended) < _GIVEN_UP:
        try:
            answers.append((asked, asker.ask(lone)))
        except (LoadFailed, OSError):  # refused still
            asker.close()
            answers.clear()
            time.sleep(0.01)
        if len(answers) == _ALIKE and statistics.median(took for _, took in answers) <= usual:
            asker.close()
            return answers[0][0]
    return _GIVEN_UP


def _cores() -> int:
    return os.cpu_count() or 1


def _row(
    before: float, after: float, found: Outcome, recovery: float, costs: dict[str, float]
) -> Row:
    capacity = (before + after) / 2  # as the machine's speed drifts
    # The generator runs on the same cores; what it takes nobody could answer with.
    left = capacity * (1 - found.processor / _cores())
    share = found.within / found.seconds / left
    good = (
        found.accepted_p99 <= 1
        and not found.without_retry_after
        and not found.others
        and not found.broken
        and found.refused_p99 <= _AT_ONCE
        and share >= 0.9
        and recovery <= 2
    )
    return Row(
        name=f"overload: {_TIMES} times the capacity offered, {_PROCESSES} processes",
        measured={
            "capacity before (wrk), messages/s": before,
            "capacity after, messages/s": after,
            "offered, messages/s": found.offered / found.seconds,
            "offered, times the capacity": found.offered / found.seconds / capacity,
            "sent, messages/s": (found.offered - found.not_sent) / found.seconds,
            "the generator's share, cores": found.processor,
            "capacity of the rest, messages/s": left,
            "accepted, messages/s": found.within / found.seconds,
            "accepted, p50 ms": 1000 * found.accepted_p50,
            "accepted, p99 ms": 1000 * found.accepted_p99,
            "refused with 503, share of what was sent": found.refused
            / (found.offered - found.not_sent),
            "503 without Retry-After": found.without_retry_after,
            "503, p50 ms": 1000 * found.refused_p50,
            "503, p99 ms": 1000 * found.refused_p99,
            "other answers": found.others,
            "broken or unanswered": found.broken,
            "connections": found.connections,
            "recovery, s": recovery,
            **costs,
        },
        verdict=f"accepted p99 {found.accepted_p99:.2f} s, {share:.0%} of the capacity that is "
        f"left, as before after {recovery:.1f} s",
        aim=f"accepted p99 ≤ 1 s, else 503 with Retry-After (p99 ≤ {_AT_ONCE} s), "
        "≥ 90 % of the capacity that is left, recovery ≤ 2 s",
        reaches=good,
    )


def _notes(found: Outcome) -> tuple[str, ...]:
    if not found.not_sent:
        return ()
    return (f"{found.not_sent:,} requests found every connection taken and were not sent",)
