"""python -m training: train, evaluate, crossval."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from model.checkpoint import CheckpointError
from training import commands
from training.config import ConfigError, read_config
from training.corpora import CorpusError
from training.export import ExportError
from training.vectors import VectorError

_ROOT = Path(__file__).parent.parent
_DEFAULT_RUN = _ROOT / "training" / "runs" / "classifier.toml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 2 with one sentence for what a user can mend."""
    options = _parser().parse_args(arguments)
    try:
        options.command(read_config(options.run), options)
    except (ConfigError, CorpusError, CheckpointError, ExportError, VectorError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands_ = parser.add_subparsers(required=True, metavar="command")
    for name, command, text in (
        ("train", commands.train_command, "train, calibrate, test once and publish the weights"),
        ("evaluate", commands.evaluate_command, "measure the published weights and two baselines"),
        ("crossval", commands.crossval_command, "leave one corpus, or some sources, out at a time"),
    ):
        sub = commands_.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        _add_options(sub)
        if name == "crossval":
            sub.add_argument("--fold", action="append", help="only this fold; may be repeated")
    return parser


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", nargs="?", type=Path, default=_DEFAULT_RUN, help="a run file (TOML)")
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
        default=_ROOT / "model" / "weights" / "classifier",
        help="where the checkpoint is published and read",
    )


if __name__ == "__main__":
    sys.exit(main())
