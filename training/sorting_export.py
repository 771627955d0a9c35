"""Publish a trained sorter: write, reload, compare, and only then put it in its place."""

import shutil
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from model import sorter_checkpoint
from model.decoding import Decoder, Stepper
from model.scales import Singles
from model.sorter import Sorter, collate
from model.sorter_checkpoint import SorterCheckpoint
from training.export import ExportError
from training.number_lists import CELLS
from training.run import commit
from training.sorting_config import SortingRun


def make_checkpoint(network: Sorter, config: SortingRun, run_file: Path) -> SorterCheckpoint:
    """What ships, with a record of how it was made."""
    made, revision = datetime.now(UTC), commit()
    run = {
        "file": f"training/runs/{run_file.name}",
        "seed": config.seed,
        "commit": revision,
        "date": made.date().isoformat(),
        "recipe": asdict(config.optimiser),
    }
    return SorterCheckpoint(network, f"{made:%Y.%m.%d}+{revision[:8] or 'unversioned'}", run)


def publish(made: SorterCheckpoint, target: Path) -> None:
    """Write to `target`, replacing what is there, once the written files point as `made` does.

    Raises ExportError when they do not, and leaves `target` as it was.
    """
    with tempfile.TemporaryDirectory() as folder:
        staged = Path(folder) / target.name
        sorter_checkpoint.save(staged, made)
        loaded = sorter_checkpoint.load(staged)
        if not np.array_equal(_attention(made.network), _attention(loaded.network)):
            raise ExportError("the reloaded sorter points elsewhere; nothing was published")
        target.mkdir(parents=True, exist_ok=True)
        for file in sorted(staged.iterdir()):
            shutil.copyfile(file, target / file.name)


def _attention(network: Sorter) -> Singles:
    random = np.random.default_rng(0)
    numbers = collate([draw(random, 24) for draw in CELLS.values()])
    attention = Decoder(Stepper(network), numbers).run(attention=True).attention
    assert attention is not None  # it was asked for
    return attention
