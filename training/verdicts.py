"""How the three verdicts of a service fall out: of ham and of spam, how much is called what."""

from dataclasses import dataclass

import numpy as np

from model.checkpoint import Calibration
from model.rates import SPAM_RATE, UNSURE_RATE
from training.metrics import Bools, Floats


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Shares in 0..1 of the ham and of the spam of a slice; None where it has none. What is
    neither is called rightly."""

    slice: str
    ham_called_spam: float | None
    ham_unsure: float | None
    spam_called_ham: float | None
    spam_unsure: float | None


def verdicts(name: str, labels: Bools, probabilities: Floats, calibration: Calibration) -> Verdicts:
    """Of N messages, `labels` bool [N], `probabilities` float64 [N], at a service's defaults."""
    upper = calibration.threshold_at(SPAM_RATE)
    lower = min(upper, calibration.threshold_at(UNSURE_RATE))
    spam, ham = probabilities >= upper, probabilities < lower
    return Verdicts(
        name,
        _share(spam[~labels]),
        _share(~(spam | ham)[~labels]),
        _share(ham[labels]),
        _share(~(spam | ham)[labels]),
    )


def table(rows: list[Verdicts], calibration: Calibration) -> str:
    """Markdown, in per cent."""
    upper, lower = (calibration.threshold_at(rate) for rate in (SPAM_RATE, UNSURE_RATE))
    lines = [
        f"Spam from {upper:.4f} on, ham below {min(upper, lower):.4f}, unsure between:",
        "",
        "| corpus | ham called spam | ham unsure | spam called ham | spam unsure |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        cells = (row.ham_called_spam, row.ham_unsure, row.spam_called_ham, row.spam_unsure)
        shown = ("–" if share is None else f"{100 * share:.2f}" for share in cells)
        lines.append(f"| {row.slice} | {' | '.join(shown)} |")
    return "\n".join(lines)


def _share(chosen: Bools) -> float | None:
    return float(np.mean(chosen)) if len(chosen) else None
