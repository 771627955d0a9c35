"""From a probability to one of three words."""

from dataclasses import dataclass
from typing import Protocol

from app.settings import Settings


class Calibrated(Protocol):
    """What knows thresholds: see model.predictor.ClassifierPredictor."""

    def threshold(self, target_fpr: float | None = None) -> float: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """Spam from one probability on, ham below another, unsure between them."""

    spam_from: float
    ham_below: float

    @classmethod
    def of(cls, predictor: Calibrated, settings: Settings) -> "Verdict":
        spam_from = predictor.threshold(settings.target_fpr)
        return cls(spam_from, min(spam_from, predictor.threshold(settings.unsure_fpr)))

    def label(self, probability: float) -> str:
        if probability >= self.spam_from:
            return "spam"
        return "unsure" if probability >= self.ham_below else "ham"
