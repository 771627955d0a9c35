"""The sorter's checkpoint, a directory: weights.safetensors and config.json.

What is said of the classifier's in model.checkpoint holds: nothing is unpickled, and parts that do
not belong together are refused with a sentence.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from model.checkpoint import CONFIG, FORMAT, WEIGHTS, CheckpointError, checksum, fill, read_config
from model.sorter import Sorter, SorterConfig


@dataclass(frozen=True, slots=True)
class SorterCheckpoint:
    """A loaded sorter. `run` says how it was made: run file, seed, commit, date, recipe."""

    network: Sorter
    version: str
    run: dict[str, Any]


def save(directory: Path, checkpoint: SorterCheckpoint) -> None:
    """Write both files."""
    directory.mkdir(parents=True, exist_ok=True)
    tensors = {k: t.cpu().contiguous() for k, t in checkpoint.network.state_dict().items()}
    save_file(tensors, directory / WEIGHTS)
    config = {
        "format": FORMAT,
        "version": checkpoint.version,
        "network": asdict(checkpoint.network.config),
        "sha256": {WEIGHTS: checksum(directory / WEIGHTS)},
        "run": checkpoint.run,
    }
    (directory / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def load(directory: Path) -> SorterCheckpoint:
    """Load and check. Raises CheckpointError."""
    config = read_config(directory, (WEIGHTS,), set())
    try:
        network = Sorter(SorterConfig(**config["network"]))
    except (RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise CheckpointError(f"{directory / CONFIG} describes no sorter: {reason}") from error
    fill(network, directory / WEIGHTS)
    return SorterCheckpoint(network.eval(), str(config["version"]), config["run"])
