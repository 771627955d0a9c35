"""What train and evaluate do for a sorter."""

import argparse
from dataclasses import replace
from pathlib import Path

from model import sorter_checkpoint
from training.sorting_config import SortingRun
from training.sorting_export import make_checkpoint, publish
from training.sorting_loop import train_sorter

WEIGHTS = Path(__file__).parent.parent / "model" / "weights" / "sorter"


def train_command(config: SortingRun, options: argparse.Namespace) -> None:
    """Train and publish."""
    if options.seed is not None:
        config = replace(config, seed=options.seed)
    made = make_checkpoint(train_sorter(config), config, options.run)
    publish(made, options.weights or WEIGHTS)
    print(f"published {made.version} in {options.weights or WEIGHTS}")


def evaluate_command(config: SortingRun, options: argparse.Namespace) -> None:
    """Measure the published weights."""
    sorter_checkpoint.load(options.weights or WEIGHTS)
