"""Messages -> calibrated probabilities of spam. Synchronous and pure; batching over time is
model.engine's, what a verdict is worth to whom is the caller's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

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

# Steps of one pass: what fits into a core's cache, or what fills a GPU.
_MOST_STEPS = {"cpu": 2048, "cuda": 131_072}


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
    """A checkpoint in service on one device.

    On a CPU that multiplies in bfloat16 it is read so, if its reference says that no answer changes
    by that; `half` decides otherwise.
    """

    name = "classifier"

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: str = "auto",
        reference: Reference | None = None,
        *,
        half: bool | None = None,
    ) -> None:
        self.version = checkpoint.version
        self.device = _device(device)
        self._network = checkpoint.network.to(self.device).requires_grad_(False)
        self._tokenizer = checkpoint.tokenizer
        self._calibration = checkpoint.calibration
        self._run = checkpoint.run
        self.reference = reference
        if half is None:
            half = _halves(self.device) and reference is not None and reference.bfloat16
        self._most_steps = _MOST_STEPS[self.device.type]
        self._reader = _reader(self._network, half) if self.device.type == "cpu" else None

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
        probabilities = [0.0] * len(batch)
        for group in passes([len(message) for message in batch], self._most_steps):
            found = self._pass([batch[index] for index in group])
            for index, probability in zip(group, found, strict=True):
                probabilities[index] = probability
        return probabilities

    def is_quick(self, cost: int) -> bool:
        """Whether a batch of so many padded tokens takes but milliseconds: a single pass."""
        return cost <= self._most_steps

    def _pass(self, batch: Sequence[Encoded]) -> list[float]:
        with torch.inference_mode():
            if self._reader:
                logits = torch.from_numpy(self._reader.logits(batch))
            else:
                logits = self._network(self._collate(batch)).double()
            scaled = logits / self._calibration.temperature + self._calibration.bias
            probabilities: list[float] = torch.sigmoid(scaled).tolist()
        return probabilities

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


def _halves(device: torch.device) -> bool:
    """Whether products of bfloat16 are faster here than those of float32."""
    return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()


def _reader(network: Classifier, half: bool) -> Reader | None:
    """None for one of the encoders that are there to be compared with."""
    return Reader(network, half=half) if isinstance(network.encoder, BidirectionalLSTM) else None
