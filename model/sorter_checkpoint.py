"""The sorter's checkpoint, a directory: weights.safetensors and config.json.

What is said of the classifier's in model.checkpoint holds: nothing is unpickled, and parts that do
not belong together are refused with a sentence.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from model.checkpoint import CONFIG, WEIGHTS, CheckpointError
from model.sorter import Sorter, SorterConfig

FORMAT = 1
_KEYS = ("format", "version", "network", "sha256", "run")


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
        "sha256": _checksum(directory / WEIGHTS),
        "run": checkpoint.run,
    }
    (directory / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def load(directory: Path) -> SorterCheckpoint:
    """Load and check. Raises CheckpointError."""
    config = _read_config(directory)
    if _checksum(directory / WEIGHTS) != config["sha256"]:
        raise CheckpointError(f"{directory / WEIGHTS} does not have the checksum of {CONFIG}")
    try:
        network = Sorter(SorterConfig(**config["network"]))
    except (RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise CheckpointError(f"{directory / CONFIG} describes no sorter: {reason}") from error
    _fill(network, directory / WEIGHTS)
    return SorterCheckpoint(network.eval(), str(config["version"]), config["run"])


def _read_config(directory: Path) -> dict[str, Any]:
    for name in (CONFIG, WEIGHTS):
        if not (directory / name).is_file():
            raise CheckpointError(f"{directory} has no {name}")
    path = directory / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path} is no JSON: {error}") from error
    if not isinstance(config, dict):
        raise CheckpointError(f"{path} holds no JSON object")
    if missing := [key for key in _KEYS if key not in config]:
        raise CheckpointError(f"{path} lacks {missing[0]}")
    if config["format"] != FORMAT:
        raise CheckpointError(f"{path} has format {config['format']}; this version reads {FORMAT}")
    return config


def _fill(network: Sorter, path: Path) -> None:
    try:
        tensors = load_file(path)
        network.load_state_dict(tensors)
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise CheckpointError(f"{path} does not fit its config: {reason}") from error
    if not all(t.isfinite().all() for t in tensors.values()):
        raise CheckpointError(f"{path} holds numbers that are not finite")


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
