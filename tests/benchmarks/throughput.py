"""Raw mails posted one by one: how many a second on eight connections, and how long one takes."""

import statistics
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from tests.benchmarks import peers, servers
from tests.benchmarks.load import (
    CONNECTIONS,
    HttpAsker,
    SpamdAsker,
    alone,
    passes,
    percentile,
    wrk,
)
from tests.benchmarks.mails import MailFiles, mail_files
from tests.benchmarks.results import Findings, Row
from tests.benchmarks.setting import Setting

_SECONDS = 10.0
_REPEATS = 5
_ALONE = 2000
_SLOW = 200  # messages, for spamd, which would take minutes for thousands
_OURS = "ours, 2 processes"
_OURS_ONE = "ours, 1 process"
_TFIDF = "TF-IDF route, 2 processes"
_NAIVE = "naive LSTM route, 2 processes"
_RSPAMD = "rspamd, 1 worker"
_RSPAMD_TWO = "rspamd, 2 workers"
_SPAMD = "spamd, 2 children"


@dataclass(frozen=True, slots=True)
class _Speed:
    """Messages a second on eight connections; of one connection the milliseconds."""

    rate: float
    median_ms: float
    p95_ms: float


def measure(setting: Setting) -> Findings:
    """One server after the other, each alone on the machine."""
    files, found, notes = mail_files(setting), dict[str, _Speed](), list[str]()
    for name, speed_of in _servers(setting).items():
        try:
            found[name] = speed_of(setting, files)
        except servers.NotServing as error:
            notes.append(f"{name} left out: {error}")
    if setting.peers is None:
        notes.append("rspamd and spamd left out: no folder with their scripts was given")
    return Findings((_many(found), _one(found)), notes=tuple(notes))


def _servers(setting: Setting) -> dict[str, Callable[[Setting, MailFiles], _Speed]]:
    found: dict[str, Callable[[Setting, MailFiles], _Speed]] = {
        _OURS: partial(_of_http, servers.service(setting, 2)),
        _OURS_ONE: partial(_of_http, servers.service(setting, 1)),
        _TFIDF: partial(_of_http, servers.route(setting, "tfidf_service", 2)),
        _NAIVE: partial(_of_http, servers.route(setting, "naive_service", 2)),
    }
    if setting.peers is not None:
        found[_RSPAMD] = partial(_of_http, peers.rspamd(setting, 1))
        found[_RSPAMD_TWO] = partial(_of_http, peers.rspamd(setting, 2))
        found[_SPAMD] = _of_spamd
    return found


def _of_http(
    server: AbstractContextManager[servers.Target], setting: Setting, files: MailFiles
) -> _Speed:
    mails = files.contents()
    with server as target:
        make = partial(HttpAsker, target)
        passes(make, mails)  # warm
        rates = [
            wrk(target, files.drawn, setting.out, setting.seconds(_SECONDS)).rate
            for _ in range(setting.repeats(_REPEATS))
        ]
        times = alone(make, mails, setting.count(_ALONE))
    return _speed(statistics.median(rates), times)


def _of_spamd(setting: Setting, files: MailFiles) -> _Speed:
    """No tool loads spamd; threads of our own do, which at its speed are no burden."""
    # Thirty a second: a thousand for warmth would take longer than what is measured.
    mails = files.contents()[: setting.count(len(files.drawn))]
    with peers.spamd(setting) as port:
        make = partial(SpamdAsker, port)
        passes(make, mails[:_SLOW])
        rate = len(mails) / passes(make, mails)
        return _speed(rate, alone(make, mails, setting.count(_SLOW)))


def _speed(rate: float, times: list[float]) -> _Speed:
    return _Speed(rate, 1000 * percentile(times, 50), 1000 * percentile(times, 95))


def _many(found: Mapping[str, _Speed]) -> Row:
    ours, theirs, spamd = found[_OURS].rate, _fastest_rspamd(found), found.get(_SPAMD)
    verdict, reaches = "no peer to compare with", None
    if theirs and spamd:
        ratio, to_spamd = ours / theirs, ours / spamd.rate
        verdict = f"{ratio:.2f} times rspamd, {to_spamd:.0f} times spamd"
        reaches = ratio >= 1.2 and to_spamd >= 20
    return Row(
        name=f"POST /classify of raw mail, {CONNECTIONS} connections",
        measured={f"{name}, messages/s": speed.rate for name, speed in found.items()},
        verdict=verdict,
        aim="≥ 1.2 times rspamd, ≥ 20 times spamd",
        reaches=reaches,
    )


def _fastest_rspamd(found: Mapping[str, _Speed]) -> float:
    """With one worker or with two, whichever is the faster; 0 where there is none."""
    return max((found[n].rate for n in (_RSPAMD, _RSPAMD_TWO) if n in found), default=0.0)


def _one(found: Mapping[str, _Speed]) -> Row:
    ours = found[_OURS_ONE]
    spread = ours.p95_ms / ours.median_ms
    verdict, reaches = f"p95 {spread:.1f} times the median", None
    if _RSPAMD in found:
        ratio = ours.median_ms / found[_RSPAMD].median_ms
        verdict = f"median {ratio:.2f} times rspamd's, {verdict}"
        reaches = ratio <= 1 and spread <= 3
    times = {}
    for name, speed in found.items():
        times[f"{name}, median ms"] = speed.median_ms
        times[f"{name}, p95 ms"] = speed.p95_ms
    return Row(
        name="POST /classify of raw mail, one connection",
        measured=times,
        verdict=verdict,
        aim="median ≤ rspamd's, p95 ≤ 3 times the median",
        reaches=reaches,
    )
