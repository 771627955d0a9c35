"""Measure the service beside its peers: one table, JSON, and a figure.

    python -m tests.benchmarks --corpora DIR --peers DIR

What was found is written after every benchmark, so a run that is cut off loses only the one that
it was at; `--only` adds to what an earlier run has written.
"""

import argparse
import os
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from shutil import which

from app.settings import ROOT
from tests.benchmarks import report
from tests.benchmarks.results import Findings
from tests.benchmarks.setting import CONNECTIONS, Setting
from training.config import read_config

# In this order; each is a module of that name with a function `measure`.
BENCHMARKS = (
    "throughput",
    "batch",
    "network",
    "reading",
    "starting",
    "overload",
    "memory",
    "training_speed",
    "gpu",
    "growth",
)


def main() -> int:
    """Exit status 0, 1 when a benchmark failed, 2 when something that they need is missing."""
    parser = _parser()
    given = parser.parse_args()
    if not given.corpora.is_dir():
        parser.error(f"no corpora in {given.corpora}; see --corpora")
    if which("wrk") is None:
        parser.error("wrk is not installed")
    config = read_config(ROOT / "training" / "runs" / "classifier.toml")
    corpora = [corpus for corpus in config.corpora if corpus.report]
    peers = given.peers.resolve() if given.peers else None
    setting = Setting(
        corpora, given.corpora, peers, given.out.resolve(), given.quick, given.connections
    )
    setting.out.mkdir(parents=True, exist_ok=True)
    written = setting.out / "bench.json"
    findings = report.from_json(written.read_text()) if given.only and written.exists() else {}
    failed = [name for name in given.only or BENCHMARKS if not _run(name, setting, findings)]
    print(report.table(_ordered(findings)))
    return 1 if failed else 0


def _run(name: str, setting: Setting, findings: dict[str, Findings]) -> bool:
    """Measure and write; False when it failed, which the next benchmark need not suffer for."""
    print(f"{name} …", file=sys.stderr, flush=True)
    measure: Callable[[Setting], Findings] = import_module(f"tests.benchmarks.{name}").measure
    try:
        findings[name] = measure(setting)
    except Exception:
        traceback.print_exc()
        return False
    ordered = _ordered(findings)
    (setting.out / "bench.json").write_text(report.to_json(ordered), encoding="utf-8")
    (setting.out / "bench.md").write_text(report.table(ordered), encoding="utf-8")
    report.plot(ordered, setting.out / "bench.png")
    return True


def _ordered(findings: dict[str, Findings]) -> dict[str, Findings]:
    return {name: findings[name] for name in BENCHMARKS if name in findings}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--corpora",
        type=Path,
        default=Path(os.environ.get("HAMLET_CORPORA", "corpora")),
        help="folder with the corpora as published (default: $HAMLET_CORPORA or ./corpora)",
    )
    parser.add_argument("--peers", type=Path, help="folder with the scripts that start the peers")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=BENCHMARKS, help="only these")
    parser.add_argument("--quick", action="store_true", help="a tenth of the counts and seconds")
    parser.add_argument(
        "--connections",
        type=int,
        default=CONNECTIONS,
        metavar="N",
        help="over how many an overload comes (default: %(default)s)",
    )
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="where to write")
    return parser


if __name__ == "__main__":
    sys.exit(main())
