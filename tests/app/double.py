"""A stand-in for the network alone, so that the service is tested without trained weights.

It counts a word; everything around it is the real thing.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from model.mime import Message
from model.predictor import WordWeight
from model.reference import Reference

MOST_TOKENS = 500


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    field: str
    start: int


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a message that are read, and how many there were."""

    used: tuple[Word, ...]
    tokens_total: int

    @property
    def tokens_used(self) -> int:
        return len(self.used)

    @property
    def tokens_unknown(self) -> int:
        return sum(not word.text.isascii() for word in self.used)

    def __len__(self) -> int:
        return len(self.used)


class WordCounter:
    """Calls a message spam that says "viagra". `go` holds every prediction back while cleared; a
    message that says "fault" fails its whole batch."""

    name = "classifier"
    version = "0.0.0+double"
    device = "cpu"
    reference: Reference | None = None

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()
        self.batches: list[int] = []

    def is_quick(self, cost: int) -> bool:
        """Held back it is not, and the event loop has to go on."""
        return False

    def encode(self, message: Message) -> Words:
        words = [
            Word(word, field, start)
            for field, text in (("subject", message.subject), ("body", message.body))
            for word, start in _words(text)
        ]
        return Words(tuple(words[:MOST_TOKENS]), len(words))

    def predict(self, batch: Sequence[Words]) -> list[float]:
        self.go.wait(10)
        self.batches.append(len(batch))
        if any(word.text == "fault" for encoded in batch for word in encoded.used):
            raise RuntimeError("fault")
        return [_probability(encoded) for encoded in batch]

    def explain(self, encoded: Words, limit: int = 20) -> list[WordWeight]:
        weights = [
            WordWeight(w.field, w.start, w.start + len(w.text), w.text, float(w.text == "viagra"))
            for w in encoded.used
        ]
        return sorted(weights, key=lambda word: -word.weight)[:limit]

    def threshold(self, target_fpr: float | None = None) -> float:
        return {None: 0.5, 0.001: 0.5, 0.01: 0.3}.get(target_fpr) or 1 - (target_fpr or 0)

    def info(self) -> dict[str, object]:
        return {"architecture": "counts a word"}


def _probability(encoded: Words) -> float:
    count = sum(word.text == "viagra" for word in encoded.used)
    return (count + 0.1) / (count + 1)


def _words(text: str) -> list[tuple[str, int]]:
    words, start = [], 0
    for word in text.split(" "):
        if word:
            words.append((word, start))
        start += len(word) + 1
    return words
