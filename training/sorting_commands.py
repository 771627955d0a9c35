"""What train and evaluate do for a sorter."""

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from model import sorter_checkpoint
from training import sorting_report
from training.run import commit
from training.sorting_config import SortingRun
from training.sorting_export import make_checkpoint, publish
from training.sorting_loop import train_sorter
from training.sorting_measures import ABLATED_LENGTHS, ABLATIONS, LENGTHS, latency_ms, measure
from training.sorting_report import SortingReport

WEIGHTS = Path(__file__).parent.parent / "model" / "weights" / "sorter"


def train_command(config: SortingRun, options: argparse.Namespace) -> None:
    """Train and publish."""
    if options.seed is not None:
        config = replace(config, seed=options.seed)
    made = make_checkpoint(train_sorter(config), config, options.run)
    publish(made, options.weights or WEIGHTS)
    print(f"published {made.version} in {options.weights or WEIGHTS}")


def evaluate_command(config: SortingRun, options: argparse.Namespace) -> None:
    """Measure the published weights, whole and in parts: tables and a figure."""
    checkpoint = sorter_checkpoint.load(options.weights or WEIGHTS)
    whole = {"all parts": ABLATIONS["all parts"]}
    fewer = min(options.lists, 500)  # an ablation's answer is no matter of tenths
    clock_ms, processor_ms = latency_ms(checkpoint)
    report = SortingReport(
        command="python -m training evaluate --sorter",
        commit=commit(),
        version=checkpoint.version,
        seed=checkpoint.run["seed"],
        date=datetime.now(UTC).date().isoformat(),
        clock_ms=clock_ms,
        processor_ms=processor_ms,
        cells=tuple(measure(checkpoint.network, LENGTHS, options.lists, whole)),
        ablations=tuple(measure(checkpoint.network, ABLATED_LENGTHS, fewer, ABLATIONS)),
    )
    folder = options.work / "evaluate" / config.name
    folder.mkdir(parents=True, exist_ok=True)
    tables = sorting_report.markdown(report)
    (folder / "report.json").write_text(sorting_report.to_json(report), encoding="utf-8")
    (folder / "report.md").write_text(tables + "\n", encoding="utf-8")
    sorting_report.plot(report, folder / "length.png")
    print(tables)
    print(f"written to {folder}")
