"""What a checkpoint made of the mail it was validated on: how its scores and its unknown words were
spread, so that a service can tell when its own mail is another. It ships beside the weights."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from model.checkpoint import CheckpointError

REFERENCE = "reference.json"
# Inner edges of the bins: probabilities of spam, and shares of words that the vocabulary lacks.
SCORE_EDGES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
UNKNOWN_EDGES = (0.01, 0.02, 0.04, 0.06, 0.08, 0.12, 0.16, 0.24, 0.4)


@dataclass(frozen=True, slots=True)
class Reference:
    """Shares of the validation messages in each bin, one more than there are edges."""

    version: str
    messages: int
    scores: tuple[float, ...]
    unknown: tuple[float, ...]


def shares(values: Iterable[float], edges: Sequence[float]) -> tuple[float, ...]:
    """How the values are spread over the bins, summing to 1. Raises ValueError without values."""
    counts = [0] * (len(edges) + 1)
    for value in values:
        counts[bisect_right(edges, value)] += 1
    total = sum(counts)
    if not total:
        raise ValueError("no values")
    return tuple(count / total for count in counts)


def save(directory: Path, reference: Reference) -> None:
    text = json.dumps(asdict(reference), indent=2)
    (directory / REFERENCE).write_text(text + "\n", encoding="utf-8")


def load(directory: Path, version: str) -> Reference | None:
    """That of the checkpoint of this version; None: it has none. Raises CheckpointError when it
    belongs to another or is none."""
    file = directory / REFERENCE
    if not file.is_file():
        return None
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        scores, unknown = (tuple(map(float, stored[name])) for name in ("scores", "unknown"))
        found = Reference(str(stored["version"]), int(stored["messages"]), scores, unknown)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{file} is no reference: {type(error).__name__}") from error
    if found.version != version:
        raise CheckpointError(f"{file} belongs to {found.version}, not to {version}")
    if (len(scores), len(unknown)) != (len(SCORE_EDGES) + 1, len(UNKNOWN_EDGES) + 1):
        raise CheckpointError(f"{file} has another number of bins than this version")
    return found
