"""Memory of the service while it serves: whether it grows."""

from pathlib import Path

from tests.benchmarks import servers
from tests.benchmarks.load import wrk
from tests.benchmarks.mails import mail_files
from tests.benchmarks.proc import family
from tests.benchmarks.results import Curve, Findings, Row
from tests.benchmarks.setting import Setting

_AFTER = (10_000, 50_000, 100_000, 200_000)  # requests
_SLICE = 5.0  # seconds of load between two looks
_MOST = 450.0  # MB
_FLAT = 1.05  # times what it was after the first of _AFTER


def measure(setting: Setting) -> Findings:
    """One process, eight connections. What counts is RSS; PSS, which shares a page out among those
    that have it, is less by what other programs of the machine have loaded too."""
    files = mail_files(setting)
    after = [setting.count(requests) for requests in _AFTER]
    with servers.service(setting, 1) as target:
        looks = [(0, *resident(target.pid))]
        while looks[-1][0] < after[-1]:
            load = wrk(target, files.drawn, setting.out, setting.seconds(_SLICE))
            looks.append((looks[-1][0] + load.requests, *resident(target.pid)))
    at = [next(look for look in looks if look[0] >= requests) for requests in [0, *after]]
    measured = {f"RSS after {requests:,} requests, MB": rss for requests, _, rss in at}
    measured["PSS at the end, MB"] = looks[-1][1]
    most, growth = max(rss for _, _, rss in looks), at[-1][2] / at[1][2]
    row = Row(
        name="resident memory, serving with 1 process",
        measured=measured,
        verdict=f"at most {most:.0f} MB, {growth - 1:+.1%} from {at[1][0]:,} requests on",
        aim=f"≤ {_MOST:.0f} MB, flat over {after[-1]:,} requests",
        reaches=most <= _MOST and growth <= _FLAT,
    )
    across, up = "requests answered", "resident memory, MB"
    curves = (
        Curve("RSS", across, up, tuple((float(requests), rss) for requests, _, rss in looks)),
        Curve("PSS", across, up, tuple((float(requests), pss) for requests, pss, _ in looks)),
    )
    return Findings((row,), curves)


def resident(pid: int) -> tuple[float, float]:
    """PSS and RSS of a process and all that it started, in MB."""
    pss = rss = 0.0
    for process in family(pid):
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        sizes = {line.split()[0]: float(line.split()[1]) for line in lines[1:]}
        pss, rss = pss + sizes["Pss:"], rss + sizes["Rss:"]
    return pss * 1024 / 1e6, rss * 1024 / 1e6
