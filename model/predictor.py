"""Messages -> calibrated probabilities of spam. Synchronous and pure; batching over time is
model.engine's, what a verdict is worth to whom is the caller's."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from model import native
from model.checkpoint import Checkpoint, load
from model.classifier import Batch, Classifier, collate
from model.explanation import word_weights
from model.mime import Message
from model.passes import passes
from model.reader import Reader
from model.recurrent import BidirectionalLSTM
from model.reference import Reference
from model.reference import load as load_reference
from model.tokenizer import Encoded

# Steps of one pass of torch: what fits into a core's cache, or what fills a GPU.
_MOST_STEPS = {"cpu": 2048, "cuda": 131_072}
# Padded tokens that the compiled network, several times as fast, reads in some ten milliseconds.
_QUICK_READ = 8192


@dataclass(frozen=True, slots=True)
class WordWeight:
    """How far a stretch of the message moved the logit: positive towards spam.

    `field` is "subject" or "body"; `start` and `end` are character offsets into that field.
    `unknown`: the vocabulary lacks it, the recurrence knows it by its n-grams alone.
    """

    field: str
    start: int
    end: int
    text: str
    weight: float
    unknown: bool = False


class ClassifierPredictor:
    """A checkpoint in service on one device: in torch, or on a CPU compiled, if it can be
    (model.reader)."""

    name = "classifier"

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: str = "auto",
        reference: Reference | None = None,
    ) -> None:
        self.version = checkpoint.version
        self.device = _device(device)
        self._network = checkpoint.network.to(self.device).requires_grad_(False)
        self._tokenizer = checkpoint.tokenizer
        self._calibration = checkpoint.calibration
        self._run = checkpoint.run
        self.reference = reference
        self._most_steps = _MOST_STEPS[self.device.type]
        self._reader = _reader(self._network) if self.device.type == "cpu" else None

    @classmethod
    def load(cls, directory: Path, device: str = "auto") -> "ClassifierPredictor":
        """Raises model.checkpoint.CheckpointError."""
        found = load(directory)
        return cls(found, device, load_reference(directory, found.version))

    def encode(self, message: Message) -> Encoded:
        """Thread-safe; never raises."""
        return self._tokenizer.encode(message)

    def predict(self, batch: Sequence[Encoded]) -> list[float]:
        """Probabilities of spam, in order. An empty batch yields []."""
        if not batch:
            return []
        logits = self._logits(batch) if self._reader is None else self._reader.logits(batch)
        return [self._probability(logit) for logit in logits]

    def is_quick(self, cost: int) -> bool:
        """Whether a batch of so many padded tokens takes so little that to change threads, and to
        share the interpreter with others meanwhile, takes as much."""
        return cost <= (self._most_steps if self._reader is None else _QUICK_READ)

    def _probability(self, logit: float) -> float:
        scaled = logit / self._calibration.temperature + self._calibration.bias
        return 1 / (1 + math.exp(min(-scaled, 700.0)))  # more would overflow

    @torch.inference_mode()
    def _logits(self, batch: Sequence[Encoded]) -> list[float]:
        """In torch."""
        logits = [0.0] * len(batch)
        for group in passes([len(message) for message in batch], self._most_steps):
            found = self._network(self._collate([batch[index] for index in group])).tolist()
            for index, logit in zip(group, found, strict=True):
                logits[index] = logit
        return logits

    def explain(self, encoded: Encoded, limit: int = 20) -> list[WordWeight]:
        """The `limit` words that moved the logit most, the strongest first: see
        model.explanation. Of what stands in one place, as a link's two tokens do, the sum."""
        weights = word_weights(self._network, self._collate([encoded])).tolist()
        tokens = encoded.tokens
        places: dict[tuple[str, int, int], float] = {}
        for token, weight in zip(tokens, weights, strict=True):
            if token.end > token.start:  # the marks of subject and body stand for no text
                key = (token.field, token.start, token.end)
                places[key] = places.get(key, 0.0) + weight
        strongest = sorted(places.items(), key=lambda item: -abs(item[1]))[:limit]
        texts = {(t.field, t.start, t.end): t.text for t in reversed(tokens)}
        return [
            WordWeight(*key, texts[key], weight, self._tokenizer.id(texts[key]) is None)
            for key, weight in strongest
        ]

    def threshold(self, target_fpr: float | None = None) -> float:
        """The probability from which a message is called spam: the one that ships, or the one for
        a share of good mail (model.checkpoint.Calibration.threshold_at)."""
        if target_fpr is None:
            return self._calibration.threshold
        return self._calibration.threshold_at(target_fpr)

    def info(self) -> dict[str, object]:
        """What is served, as JSON values."""
        config = self._network.config
        return {
            "architecture": "word-embedding bidirectional LSTM",
            "parameters": sum(p.numel() for p in self._network.parameters()),
            "vocabulary": config.vocabulary,
            "buckets": config.buckets,
            "embedding": config.embedding,
            "hidden": config.hidden,
            "most_tokens": self._tokenizer.most_tokens,
            "run": self._run,
        }

    def _collate(self, batch: Sequence[Encoded]) -> Batch:
        return collate(batch, self._network.config.vocabulary).to(self.device)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def _reader(network: Classifier) -> Reader | None:
    """None for one of the encoders that are there to be compared with, and without the library."""
    library = native.library()
    if library is None or not isinstance(network.encoder, BidirectionalLSTM):
        return None
    return Reader(network, library)
