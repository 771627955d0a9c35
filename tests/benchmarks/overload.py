"""Ten times what the service can do, for a minute, and again: who is answered, who is refused, how
soon it is itself again."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
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
_ROUNDS = 5
_CAPACITY_SECONDS = 10.0
_CONNECTIONS = (8, 64)  # of which the one or the other makes the most of two processes
_REPEATS = 3
_LONE = 500
_AT_ONCE = 0.25  # seconds, for the slowest in a hundred refusals
_GIVEN_UP = 60.0  # seconds without recovery
_ALIKE = 9  # answers that are taken together, as one may be slow by chance


@dataclass(frozen=True, slots=True)
class _Capacity:
    """Messages a second when none is refused, over so many connections, what an answer costs then,
    and how many cores wrk took."""

    connections: int
    rate: float
    answer: Spent
    load: float


@dataclass(frozen=True, slots=True)
class _Round:
    """One overload: what became of it, what it took of the processors (`took`, the service's), and
    the capacity right before and after it."""

    outcome: Outcome
    recovery: float
    took: Spent
    before: _Capacity
    after: _Capacity

    @property
    def capacity(self) -> float:
        return (self.before.rate + self.after.rate) / 2  # as the machine's speed drifts

    @property
    def left(self) -> float:
        """The generator runs on the same cores; what it takes, but for as much as wrk took when the
        capacity was measured, nobody could answer with."""
        measured_with = _cores() - (self.before.load + self.after.load) / 2
        return self.capacity * (_cores() - self.outcome.processor) / measured_with

    @property
    def answered(self) -> float:
        return self.outcome.within / self.outcome.seconds

    @property
    def refusal(self) -> Spent:
        """What is left of `took` without the answers is what the refusals cost."""
        answers, refusals = self.outcome.accepted, max(1, self.outcome.refused)
        each = [(self.before.answer[i] + self.after.answer[i]) / 2 for i in range(2)]
        return self.took.since(Spent(answers * each[0], answers * each[1])).each(refusals)


def measure(setting: Setting) -> Findings:
    """The accepted ones' times are those of an open loop: from when they were due. The capacity is
    measured in turns with the overloads, as the machine's speed drifts by more than what is lost
    in them."""
    files = mail_files(setting)
    with servers.service(setting, _PROCESSES) as target:
        passes(partial(HttpAsker, target), files.contents())  # warm
        capacities = [_capacity(target, files, setting, number) for number in _CONNECTIONS]
        before = max(capacities, key=lambda capacity: capacity.rate)
        lone = sorted(files.contents(), key=len)[len(files.drawn) // 2]
        usual = alone(partial(HttpAsker, target), [lone], setting.count(_LONE))
        rounds: list[_Round] = []
        for _ in range(setting.repeats(_ROUNDS)):
            began = spent(target.pid)
            offered = _TIMES * before.rate
            outcome, recovery = _overload(target, files, setting, offered, lone, usual)
            took = spent(target.pid).since(began)
            after = _capacity(target, files, setting, before.connections)
            rounds.append(_Round(outcome, recovery, took, before, after))
            before = after
    return Findings((_row(rounds),), notes=_notes(rounds))


def _capacity(
    target: servers.Target, files: MailFiles, setting: Setting, connections: int
) -> _Capacity:
    seconds, began = setting.seconds(_CAPACITY_SECONDS), spent(target.pid)
    loads = [
        wrk(target, files.drawn, setting.out, seconds, connections)
        for _ in range(setting.repeats(_REPEATS))
    ]
    answer = spent(target.pid).since(began).each(sum(load.requests for load in loads))
    return _Capacity(
        connections=connections,
        rate=statistics.median(load.rate for load in loads),
        answer=answer,
        load=statistics.mean(load.processor for load in loads),
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
    command += [f"--connections={setting.connections}"]
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


def _row(rounds: Sequence[_Round]) -> Row:
    """Of all rounds the mean, but the worst where something is promised to each request."""
    found = [each.outcome for each in rounds]
    share = sum(each.answered for each in rounds) / sum(each.left for each in rounds)
    recovery = max(each.recovery for each in rounds)
    accepted_p99 = max(each.accepted_p99 for each in found)
    refused_p99 = max(each.refused_p99 for each in found)
    faults = {
        "503 without Retry-After": sum(each.without_retry_after for each in found),
        "other answers": sum(each.others for each in found),
        "broken or unanswered": sum(each.broken for each in found),
    }
    good = (
        accepted_p99 <= 1
        and not any(faults.values())
        and refused_p99 <= _AT_ONCE
        and share >= 0.9
        and recovery <= 2
    )
    return Row(
        name=f"overload: {_TIMES} times the capacity offered, {_PROCESSES} processes, "
        f"{len(rounds)} times {found[0].seconds:.0f} s",
        measured=_throughput(rounds)
        | {
            "accepted, p50 ms": 1000 * statistics.mean(each.accepted_p50 for each in found),
            "accepted, p99 ms": 1000 * accepted_p99,
            "503, p50 ms": 1000 * statistics.mean(each.refused_p50 for each in found),
            "503, p99 ms": 1000 * refused_p99,
            **faults,
            "connections": max(each.connections for each in found),
            "recovery, s": recovery,
        }
        | _costs(rounds),
        verdict=f"accepted p99 {accepted_p99:.2f} s, {share:.0%} of the capacity that is "
        f"left, as before after {recovery:.1f} s",
        aim=f"accepted p99 ≤ 1 s, else 503 with Retry-After (p99 ≤ {_AT_ONCE} s), "
        "≥ 90 % of the capacity that is left, recovery ≤ 2 s",
        reaches=good,
    )


def _throughput(rounds: Sequence[_Round]) -> dict[str, float]:
    found = [each.outcome for each in rounds]
    shares = [each.answered / each.left for each in rounds]
    sent = sum(each.offered - each.not_sent for each in found)
    seconds = sum(each.seconds for each in found)
    capacity = statistics.mean(each.capacity for each in rounds)
    return {
        "capacity (wrk), messages/s": capacity,
        "wrk's share then, cores": statistics.mean(each.after.load for each in rounds),
        "offered, times the capacity": sum(each.offered for each in found) / seconds / capacity,
        "sent, messages/s": sent / seconds,
        "the generator's share, cores": statistics.mean(each.processor for each in found),
        "capacity of the rest, messages/s": statistics.mean(each.left for each in rounds),
        "accepted, messages/s": statistics.mean(each.answered for each in rounds),
        "least of a round, % of the rest": 100 * min(shares),
        "most of a round, %": 100 * max(shares),
        "refused with 503, share of what was sent": sum(each.refused for each in found) / sent,
    }


def _costs(rounds: Sequence[_Round]) -> dict[str, float]:
    answers = [each.after.answer for each in rounds]
    refusals = [each.refusal for each in rounds]
    return {
        "an answer, ms of the processors": 1e3 * statistics.mean(sum(each) for each in answers),
        "a refusal, us of the processors": 1e6 * statistics.mean(sum(each) for each in refusals),
        "of these the kernel's, us": 1e6 * statistics.mean(each.system for each in refusals),
    }


def _notes(rounds: Sequence[_Round]) -> tuple[str, ...]:
    not_sent = sum(each.outcome.not_sent for each in rounds)
    if not not_sent:
        return ()
    return (f"{not_sent:,} requests found every connection taken and were not sent",)
