"""What a filter is judged by: errors at a threshold, ranking, calibration, and how sure we are.

Spam is the positive class; a message is called spam when its probability is at or above the
threshold. A measure that a slice cannot give (no ham, no spam) is None, never a made-up number.
Drawing is training.plots', tables are training.report's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Interval = tuple[float, float]

ALL = "all"
BINS = 15


@dataclass(frozen=True, slots=True)
class Metrics:
    """Measures of one model on one slice. Rates are shares in 0..1, not per cent.

    `f1` is that of spam. `one_minus_auc_percent` is 100 * (1 - area under the ROC curve).
    """

    count_ham: int
    count_spam: int
    accuracy: float | None
    false_positive_rate: float | None
    false_negative_rate: float | None
    f1: float | None
    one_minus_auc_percent: float | None
    expected_calibration_error: float | None
    threshold: float


@dataclass(frozen=True, slots=True)
class Bin:
    """The messages whose probability of spam lies in [low, high); the last bin includes 1."""

    low: float
    high: float
    count: int
    mean_probability: float
    spam_share: float


def measure(labels: Bools, probabilities: Floats, threshold: float) -> Metrics:
    """Measure N messages: `labels` bool [N], True is spam; `probabilities` of spam, float64 [N].

    Raises ValueError when the shapes differ or a probability is not in 0..1.
    """
    _check(labels, probabilities)
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError("a probability is not in 0..1")
    called_spam = probabilities >= threshold
    ham, spam = int(np.sum(~labels)), int(np.sum(labels))
    false_positives = int(np.sum(called_spam & ~labels))
    false_negatives = int(np.sum(~called_spam & labels))
    caught = spam - false_negatives
    return Metrics(
        count_ham=ham,
        count_spam=spam,
        accuracy=_share(ham + spam - false_positives - false_negatives, ham + spam),
        false_positive_rate=_share(false_positives, ham),
        false_negative_rate=_share(false_negatives, spam),
        f1=_share(2 * caught, 2 * caught + false_positives + false_negatives) if spam else None,
        one_minus_auc_percent=one_minus_auc_percent(labels, probabilities),
        expected_calibration_error=expected_calibration_error(labels, probabilities),
        threshold=threshold,
    )


def by_slice(
    labels: Bools, probabilities: Floats, slices: Sequence[str], threshold: float
) -> dict[str, Metrics]:
    """Measure each slice, in the order of their names, and then "all" messages together.

    `slices` names each message's slice. Raises ValueError as `measure` does, or when a slice is
    itself called "all".
    """
    names = np.asarray(slices, dtype=np.str_)
    if len(names) != len(labels):
        raise ValueError(f"{len(labels)} labels but {len(names)} slice names")
    distinct: list[str] = np.unique(names).tolist()
    if ALL in distinct:
        raise ValueError(f"a slice may not be called {ALL!r}: that is all of them together")
    measures = {
        name: measure(labels[names == name], probabilities[names == name], threshold)
        for name in distinct
    }
    return measures | {ALL: measure(labels, probabilities, threshold)}


def one_minus_auc_percent(labels: Bools, scores: Floats) -> float | None:
    """100 * P(a random ham scores above a random spam), a tie counting half; None without both.

    Exact: the Mann-Whitney statistic in integers (Hanley & McNeil 1982). Scores may be logits.
    Raises ValueError when the shapes differ or a score is not a number.
    """
    ham, spam = _counts_by_score(labels, scores)
    if not ham.sum() or not spam.sum():
        return None
    return _auc_loss(ham, spam)


def expected_calibration_error(
    labels: Bools, probabilities: Floats, bins: int = BINS
) -> float | None:
    """Mean over messages of |mean probability - share of spam| of the message's bin.

    Equal-width bins on the probability of *spam* (Naeini et al. 2015), not on the confidence in
    the winning class: a filter's threshold is set on the former. None without messages.
    """
    if not len(labels):
        return None
    filled = reliability(labels, probabilities, bins)
    gaps = [b.count * abs(b.mean_probability - b.spam_share) for b in filled]
    return float(sum(gaps) / len(labels))


def reliability(labels: Bools, probabilities: Floats, bins: int = BINS) -> list[Bin]:
    """The filled ones of `bins` equal-width bins, in rising order. Raises as `measure` does."""
    _check(labels, probabilities)
    number = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    count = np.bincount(number, minlength=bins)
    probability = np.bincount(number, weights=probabilities, minlength=bins)
    spam = np.bincount(number, weights=labels, minlength=bins)
    return [
        Bin(
            low=i / bins,
            high=(i + 1) / bins,
            count=int(count[i]),
            mean_probability=float(probability[i] / count[i]),
            spam_share=float(spam[i] / count[i]),
        )
        for i in np.flatnonzero(count).tolist()
    ]


def wilson_interval(errors: int, total: int, confidence: float = 0.95) -> Interval | None:
    """Interval of a rate of which `errors` out of `total` were seen (Wilson 1927).

    None for a total of 0; raises ValueError unless 0 <= errors <= total.
    Unlike the normal approximation it is of use where filters live: at zero or few errors.
    """
    if not 0 <= errors <= total:
        raise ValueError(f"{errors} errors out of {total}")
    if not total:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate, scale = errors / total, 1 + z * z / total
    centre = (rate + z * z / (2 * total)) / scale
    half = z / scale * (rate * (1 - rate) / total + z * z / (4 * total * total)) ** 0.5
    # At 0 and at `total` the bound is exact in theory; rounding must not push it past the rate.
    low = 0.0 if errors == 0 else centre - half
    high = 1.0 if errors == total else centre + half
    return low, high


def bootstrap_one_minus_auc(
    labels: Bools, scores: Floats, seed: int, rounds: int = 1000, confidence: float = 0.95
) -> Interval | None:
    """Percentile bootstrap interval of 1-AUC in per cent (Efron & Tibshirani 1993, section 13.3).

    Ham and spam are drawn apart, so that each round has as many of both; None without both. With
    no pair in the wrong order every round is 0, and so is the interval: it says nothing then.
    """
    ham, spam = _counts_by_score(labels, scores)
    count_ham, count_spam = int(ham.sum()), int(spam.sum())
    if not count_ham or not count_spam:
        return None
    random = np.random.default_rng(seed)
    share_ham, share_spam = ham / count_ham, spam / count_spam
    losses = [
        _auc_loss(
            random.multinomial(count_ham, share_ham), random.multinomial(count_spam, share_spam)
        )
        for _ in range(rounds)
    ]
    low, high = np.quantile(losses, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _counts_by_score(labels: Bools, scores: Floats) -> tuple[Counts, Counts]:
    """Ham and spam at each distinct score, the lowest score first, both int64 [distinct]."""
    _check(labels, scores)
    if np.isnan(scores).any():
        raise ValueError("a score is not a number")
    distinct, number = np.unique(scores, return_inverse=True)
    ham = np.bincount(number[~labels], minlength=len(distinct))
    spam = np.bincount(number[labels], minlength=len(distinct))
    return ham, spam


def _auc_loss(ham: Counts, spam: Counts) -> float:
    """1-AUC in per cent from counts at rising scores. Pairs are counted twice to stay integers."""
    above = ham.sum() - np.cumsum(ham)
    wrong_twice = int(np.dot(spam, 2 * above + ham))
    return 50.0 * wrong_twice / (int(ham.sum()) * int(spam.sum()))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _check(labels: Bools, scores: Floats) -> None:
    if labels.shape != scores.shape or labels.ndim != 1:
        raise ValueError(f"labels {labels.shape} and scores {scores.shape} are not one list each")
