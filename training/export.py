"""Publish a trained network: round, write, reload, compare, and only then put it in its place."""

import shutil
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from model import checkpoint
from model.checkpoint import Calibration, Checkpoint
from training.config import RunConfig
from training.datasets import Indices
from training.loop import predict_logits
from training.run import Trained, commit


class ExportError(RuntimeError):
    """The checkpoint read back is not the network that was written."""


def make_checkpoint(
    trained: Trained, calibration: Calibration, config: RunConfig, run_file: Path
) -> Checkpoint:
    """What ships, with a record of how it was made."""
    made = datetime.now(UTC)
    revision = commit()
    run: dict[str, Any] = {
        "file": f"training/runs/{run_file.name}",
        "seed": config.seed,
        "commit": revision,
        "date": made.date().isoformat(),
        "epochs": trained.epochs,
        "recipe": {
            "vocabulary": asdict(config.vocabulary),
            "wide": asdict(config.wide),
            "noise": asdict(config.noise),
            "optimiser": asdict(config.optimiser),
        },
    }
    version = f"{made:%Y.%m.%d}+{revision[:8] or 'unversioned'}"
    return Checkpoint(trained.network, trained.tokenizer, calibration, version, run)


def publish(made: Checkpoint, trained: Trained, sample: Indices, target: Path) -> None:
    """Write to `target`, replacing what is there, after the written files gave equal logits.

    `made.network` must have been rounded (checkpoint.round_to_stored) before it was calibrated.
    Raises ExportError when a logit of `sample` differs, and leaves `target` as it was.
    """
    before = predict_logits(made.network, trained.builder, sample)
    with tempfile.TemporaryDirectory() as folder:
        staged = Path(folder) / target.name
        checkpoint.save(staged, made)
        after = predict_logits(checkpoint.load(staged).network, trained.builder, sample)
        if not np.array_equal(before, after):
            worst = float(np.abs(before - after).max())
            raise ExportError(f"reloaded logits differ by up to {worst:.3g}; nothing was published")
        target.mkdir(parents=True, exist_ok=True)
        for file in sorted(staged.iterdir()):
            shutil.copyfile(file, target / file.name)
