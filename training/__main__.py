"""python -m training: train, evaluate, crossval, compare, tasks."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from model.checkpoint import CheckpointError
from training import commands, sorting_commands
from training.config import ConfigError, read_config
from training.corpora import CorpusError
from training.export import ExportError
from training.sorting_config import is_sorting, read_sorting
from training.tasks.command import tasks, tasks_command
from training.vectors import VectorError

_ROOT = Path(__file__).parent.parent
_RUNS = _ROOT / "training" / "runs"
_DEFAULT_RUN, _SORTER_RUN = _RUNS / "classifier.toml", _RUNS / "sorter.toml"
_COMPARE_RUN = _RUNS / "compare.toml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0; 1 if a task missed its bar; or 2 with one sentence for what a user can
    mend."""
    options = _parser().parse_args(arguments)
    if "task" in options:
        return tasks_command(options)
    try:
        _run(options)
    except (ConfigError, CorpusError, CheckpointError, ExportError, VectorError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    return 0


def _run(options: argparse.Namespace) -> None:
    """A run file, or --sorter, says whose command it is."""
    if options.run is None:
        options.run = _SORTER_RUN if options.sorter else options.default_run
    if is_sorting(options.run):
        if options.sorting is None:
            raise ConfigError(f"{options.run.name}: a sorter has nothing to cross-validate")
        options.sorting(read_sorting(options.run), options)
    else:
        options.weights = options.weights or _ROOT / "model" / "weights" / "classifier"
        options.command(read_config(options.run), options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands_ = parser.add_subparsers(required=True, metavar="command")
    sorting = {
        "train": sorting_commands.train_command,
        "evaluate": sorting_commands.evaluate_command,
    }
    for name, command, text in (
        ("train", commands.train_command, "train, calibrate, test once and publish the weights"),
        ("evaluate", commands.evaluate_command, "measure the published weights and two baselines"),
        ("crossval", commands.crossval_command, "leave one corpus, or some sources, out at a time"),
        ("reference", commands.reference_command, "what drift is measured by, beside the weights"),
        ("compare", commands.compare_command, "one encoder after the other in the classifier"),
    ):
        sub = commands_.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command, sorting=sorting.get(name), sorter=False)
        sub.set_defaults(default_run=_COMPARE_RUN if name == "compare" else _DEFAULT_RUN)
        _add_options(sub)
        if name in sorting:
            _add_sorter_options(sub)
        if name == "compare":
            sub.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="one by one")
        if name == "crossval":
            sub.add_argument("--fold", action="append", help="only this fold; may be repeated")
    _add_tasks(commands_.add_parser("tasks", help="small tasks, each for one network; no corpora"))
    return parser


def _add_tasks(parser: argparse.ArgumentParser) -> None:
    known = list(tasks(0, Path()))
    parser.add_argument("--task", action="append", choices=known, help="only this; may be repeated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("build/training"), help="reports")


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", nargs="?", type=Path, help="a run file (TOML)")
    parser.add_argument(
        "--corpora",
        type=Path,
        default=Path(os.environ.get("HAMLET_CORPORA", "corpora")),
        help="folder with the corpora as published (default: $HAMLET_CORPORA or ./corpora)",
    )
    parser.add_argument(
        "--work", type=Path, default=Path("build/training"), help="caches, resumable state, reports"
    )
    parser.add_argument(
        "--weights",
        type=Path,
        help="where the checkpoint is published and read (default: below model/weights)",
    )


def _add_sorter_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sorter", action="store_true", help="the shipped sorter's run file")
    parser.add_argument("--seed", type=int, help="of a sorter: another seed than the run file's")
    parser.add_argument(
        "--lists", type=int, default=2000, help="of a sorter: lists a cell (default: 2000)"
    )


if __name__ == "__main__":
    sys.exit(main())
