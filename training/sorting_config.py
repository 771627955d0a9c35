"""A recorded run of the sorter, read from TOML. An unknown key is an error."""

from dataclasses import dataclass, field
from pathlib import Path

from model.sorter import SorterConfig
from training.config import ConfigError, build, read_toml

KIND = "sorter"


@dataclass(frozen=True, slots=True)
class SortingOptimiser:
    """A batch holds about `numbers_per_batch` numbers in lists of up to `longest`; for the first
    `short_steps` steps of up to `short`."""

    steps: int = 6000
    numbers_per_batch: int = 256
    longest: int = 64
    short_steps: int = 300
    short: int = 12
    learning_rate: float = 6e-3
    warm_up: float = 0.1
    clip: float = 1.0


@dataclass(frozen=True, slots=True)
class SortingRun:
    """`kind` tells the file from a classifier's."""

    name: str
    kind: str
    seed: int = 1
    network: SorterConfig = field(default_factory=SorterConfig)
    optimiser: SortingOptimiser = field(default_factory=SortingOptimiser)


def is_sorting(path: Path) -> bool:
    """Whether a run file is a sorter's. Raises ConfigError for a file that is no TOML."""
    return read_toml(path).get("kind") == KIND


def read_sorting(path: Path) -> SortingRun:
    """Raises ConfigError."""
    run = build(SortingRun, read_toml(path), path.name)
    if run.kind != KIND:
        raise ConfigError(f"{path.name}: kind {run.kind!r} is not {KIND!r}")
    return run
