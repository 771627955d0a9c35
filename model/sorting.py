"""Lists of numbers -> the order a sorter puts them in. Synchronous and pure; batching over time is
model.engine's, and whether the order is right is the caller's to check."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.decoding import Decoder, Stepper
from model.scales import Doubles, Singles
from model.sorter import collate
from model.sorter_checkpoint import SorterCheckpoint, load


@dataclass(frozen=True, slots=True)
class Query:
    """One list to sort, float64 and finite, not empty."""

    numbers: Doubles
    descending: bool = False
    attention: bool = False

    @classmethod
    def of(cls, numbers: Sequence[float], *, descending: bool, attention: bool) -> "Query":
        """Integers beyond 2^53 are rounded to doubles. Raises OverflowError beyond double range."""
        return cls(np.array([float(x) for x in numbers]), descending, attention)

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True, slots=True)
class Sorting:
    """`permutation` holds indices into the input, in the order that the network emitted them.
    `attention`, if asked for, float32 [step, index]: how the pointer was spread at each step."""

    permutation: tuple[int, ...]
    attention: Singles | None


class SorterPredictor:
    """A sorter's checkpoint in service. Always on the CPU: a step is too small for anything
    else."""

    name = "sorter"
    device = "cpu"

    def __init__(self, checkpoint: SorterCheckpoint) -> None:
        self.version = checkpoint.version
        self._run = checkpoint.run
        self._network = checkpoint.network.requires_grad_(False)
        self._stepper = Stepper(self._network)

    @classmethod
    def load(cls, directory: Path) -> "SorterPredictor":
        """Raises model.checkpoint.CheckpointError."""
        return cls(load(directory))

    def predict(self, batch: Sequence[Query]) -> list[Sorting]:
        """All lists decoded together, in order. An empty batch yields []."""
        if not batch:
            return []
        # Upside down it is the same list in the other order, and equal numbers stay as they are.
        numbers = collate([-q.numbers if q.descending else q.numbers for q in batch])
        wanted = any(query.attention for query in batch)
        decoded = Decoder(self._stepper, numbers).run(wanted)
        orders = [order[: len(q)] for q, order in zip(batch, decoded.order, strict=True)]
        maps: list[Singles | None] = [None] * len(batch)
        if decoded.attention is not None:
            for row, query in enumerate(batch):
                if query.attention:
                    maps[row] = decoded.attention[row, : len(query), : len(query)]
        return [Sorting(tuple(o.tolist()), m) for o, m in zip(orders, maps, strict=True)]

    def info(self) -> dict[str, object]:
        """What is served, as JSON values."""
        config = self._network.config
        return {
            "architecture": "LSTM encoder-decoder with pointer attention",
            "parameters": sum(p.numel() for p in self._network.parameters()),
            "encoder": config.encoder,
            "decoder": config.decoder,
            "pointer": config.pointer,
            "run": self._run,
        }
