"""A recorded run as frozen dataclasses, read from TOML. An unknown key is an error."""

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from model.encoders import EncoderConfig
from model.rates import SPAM_RATE
from training.batches import Noise
from training.linear import WideConfig
from training.vocabulary import VocabularyConfig

T = TypeVar("T")


class ConfigError(ValueError):
    """A run file is wrong; the message names the key."""


@dataclass(frozen=True, slots=True)
class CorpusConfig:
    """`path` is relative to the folder given by --corpora. `weight` scales the corpus's loss."""

    name: str
    format: str
    path: str
    weight: float = 1.0
    report: bool = True


@dataclass(frozen=True, slots=True)
class FoldConfig:
    """What one cross-validation fold leaves out: a whole corpus, or some sources of ham.

    `sources` are shell patterns on `corpus/source`, of which only the ham is left out.
    """

    name: str
    corpus: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    embedding: int = 128
    hidden: int = 128
    attention: int = 64
    embedding_dropout: float = 0.2
    dropout: float = 0.4
    wide_dropout: float = 0.3
    cell: str = "lstm"  # this and the next two: words of model.encoders
    directions: int = 2
    depth: str = ""
    vectors: str = ""  # a GloVe or word2vec text file to begin from; random when empty

    def __post_init__(self) -> None:
        EncoderConfig(self.embedding, self.hidden, self.cell, self.directions, self.depth)


@dataclass(frozen=True, slots=True)
class OptimiserConfig:
    """`patience` epochs without a better validation score end the run; `average` is the decay of
    the running mean of the weights, which is what is validated and shipped; `bfloat16` holds where
    the processor computes in it."""

    epochs: int = 6
    patience: int = 2
    tokens_per_batch: int = 16_384
    rows_per_batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    wide_learning_rate: float = 0.2
    wide_decay: float = 0.01
    alone: float = 0.3
    warm_up: float = 0.1
    clip: float = 1.0
    label_smoothing: float = 0.02
    balance: float = 0.5
    average: float = 0.995
    bfloat16: bool = True


@dataclass(frozen=True, slots=True)
class RunConfig:
    name: str
    seed: int = 1
    most_tokens: int = 256
    split_seed: int = 1
    target_fpr: float = SPAM_RATE
    corpora: tuple[CorpusConfig, ...] = ()
    folds: tuple[FoldConfig, ...] = ()
    vocabulary: VocabularyConfig = field(default_factory=VocabularyConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    wide: WideConfig = field(default_factory=WideConfig)
    noise: Noise = field(default_factory=Noise)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)


def read_config(path: Path) -> RunConfig:
    """Raises ConfigError for a file that is no TOML or has an unknown, missing or ill-typed key."""
    return build(RunConfig, read_toml(path), path.name)


def read_toml(path: Path) -> dict[str, Any]:
    """Raises ConfigError."""
    try:
        return tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error


def build(cls: type[T], values: dict[str, Any], where: str) -> T:
    """The values as the dataclass `cls`. Raises ConfigError, which names `where` and the key."""
    hints = get_type_hints(cls)
    unknown = sorted(values.keys() - hints.keys())
    if unknown:
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}; one of {', '.join(hints)}")
    try:
        return cls(**{key: _value(hints[key], v, f"{where}: {key}") for key, v in values.items()})
    except ConfigError:
        raise
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {error}") from error


def _value(kind: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type) and isinstance(value, dict):
        return build(kind, value, where)
    if get_args(kind):  # the only generic here is tuple[X, ...]
        return tuple(_value(get_args(kind)[0], entry, where) for entry in value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ConfigError(f"{where}: {value!r} is no {kind.__name__}")
    return value
