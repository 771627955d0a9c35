"""Logits to probabilities that mean what they say, and probabilities to a threshold.

Both are fitted on validation messages, never on test. What is fitted ships in the checkpoint
(model.checkpoint.Calibration), so that the service turns a wished-for false-positive rate into a
threshold without any data.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, logit

from model.checkpoint import Calibration

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_LEAST_SLOPE, _MOST_SLOPE = 1e-3, 1e3
# How far above the highest ham a threshold lies that no ham may reach, in logits: out of reach of
# float32 rounding, which differs with the batch that a message is in, and small beside any gap.
_CLEARANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Scaling:
    """P(spam) = sigmoid(logit / temperature + bias)."""

    temperature: float
    bias: float

    def apply(self, logits: Floats) -> Floats:
        """Probabilities of spam, float64, of the same shape."""
        return np.asarray(expit(logits / self.temperature + self.bias), dtype=np.float64)


def calibrate(
    logits: Floats, labels: Bools, target_fpr: float, weights: Floats | None = None
) -> Calibration:
    """Scaling, threshold for `target_fpr` and curve of thresholds, from N validation messages.

    Raises ValueError as `fit_temperature` does. The threshold counts messages: `weights` have no
    say in it.
    """
    scaling = fit_temperature(logits, labels, weights)
    ham = scaling.apply(logits[~labels])
    return Calibration(
        temperature=scaling.temperature,
        bias=scaling.bias,
        threshold=threshold_for_fpr(ham, target_fpr),
        fpr_curve=tuple(fpr_curve(ham, curve_points())),
    )


def fit_temperature(
    logits: Floats, labels: Bools, weights: Floats | None = None, bias: bool = True
) -> Scaling:
    """Temperature, and bias unless told otherwise, of least negative log-likelihood.

    `logits` float64 [N], `labels` bool [N] (True is spam), `weights` [N], 1 each when not given.
    Temperature scaling (Guo et al. 2017, section 4.2) with Platt's bias and his smoothed targets
    (Platt 1999, section 2.2): without these, perfectly separated messages would ask for infinite
    certainty. Raises ValueError unless there are both ham and spam and all logits are finite.
    """
    if labels.all() or not labels.any():
        raise ValueError("calibration needs both ham and spam")
    if not np.isfinite(logits).all():
        raise ValueError("a logit is not finite")
    weights = np.ones(len(logits)) if weights is None else weights
    targets, share = _platt_targets(labels), weights / weights.sum()

    def loss(slope_and_bias: Floats) -> tuple[float, Floats]:
        scaled = slope_and_bias[0] * logits + slope_and_bias[1]
        value = np.dot(share, np.logaddexp(0, scaled) - targets * scaled)
        error = share * (expit(scaled) - targets)
        return float(value), np.array([np.dot(error, logits), error.sum()])

    bounds = [(_LEAST_SLOPE, _MOST_SLOPE), (None, None) if bias else (0.0, 0.0)]
    options = {"ftol": 1e-12, "gtol": 1e-9}
    found = minimize(
        loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds, options=options
    )
    return Scaling(temperature=float(1 / found.x[0]), bias=float(found.x[1]))


def _platt_targets(labels: Bools) -> Floats:
    """What the N messages are fitted to instead of 0 and 1: the posterior means of their class."""
    spam = int(labels.sum())
    ham = len(labels) - spam
    return np.where(labels, (spam + 1) / (spam + 2), 1 / (ham + 2))


def threshold_for_fpr(ham_probabilities: Floats, target_fpr: float) -> float:
    """The threshold at which at most a share `target_fpr` of the ham given is called spam.

    It is the k-th highest ham, k = floor(target * N), raised to the next higher one when ties
    would bring in more than k. So on new ham like this the rate to expect is at most k / (N + 1),
    below the target too. Where k is 0 the data cannot vouch for the target: the threshold lies
    just above the highest ham (above 1, if that ham has probability 1).
    Raises ValueError without ham or for a target outside 0..1.
    """
    if not len(ham_probabilities):
        raise ValueError("a threshold needs ham")
    if not 0 <= target_fpr <= 1:
        raise ValueError(f"target false-positive rate {target_fpr} is not in 0..1")
    descending = np.sort(ham_probabilities)[::-1]
    # The addend mends products such as 0.29 * 100 = 28.999999999999996.
    allowed = math.floor(target_fpr * len(descending) + 1e-9)
    first_kept = descending[allowed] if allowed < len(descending) else -math.inf
    above = descending[:allowed][descending[:allowed] > first_kept]
    return float(above[-1]) if len(above) else _just_above(float(descending[0]))


def fpr_curve(ham_probabilities: Floats, points: Sequence[float]) -> list[tuple[float, float]]:
    """(threshold, share of the ham given at or above it) for each target rate in `points`.

    Strictest first: thresholds fall and shares rise, strictly; points that the data cannot tell
    apart come out as one. Raises ValueError as `threshold_for_fpr` does.
    """
    thresholds = sorted({threshold_for_fpr(ham_probabilities, p) for p in points}, reverse=True)
    return [(t, float(np.mean(ham_probabilities >= t))) for t in thresholds]


def curve_points() -> list[float]:
    """Target false-positive rates 1e-4 ... 1e-1, ten a decade: the rates that a service may be
    asked for, 31 in all."""
    return [float(f"{10 ** (-4 + i / 10):.3g}") for i in range(31)]


def _just_above(probability: float) -> float:
    raised = float(expit(logit(probability) + _CLEARANCE))
    return max(raised, math.nextafter(probability, math.inf))
