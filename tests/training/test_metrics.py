"""Measures against values worked out by hand and against scikit-learn."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from training.metrics import (
    Metrics,
    bootstrap_one_minus_auc,
    by_slice,
    expected_calibration_error,
    measure,
    one_minus_auc_percent,
    reliability,
    wilson_interval,
)

HAM, SPAM = False, True


def test_measures_worked_out_by_hand() -> None:
    labels = np.array([HAM, HAM, HAM, HAM, SPAM, SPAM, SPAM])
    probabilities = np.array([0.1, 0.2, 0.3, 0.8, 0.4, 0.9, 0.95])
    found = measure(labels, probabilities, threshold=0.5)
    assert (found.count_ham, found.count_spam, found.threshold) == (4, 3, 0.5)
    assert found.accuracy == pytest.approx(5 / 7)
    assert found.false_positive_rate == pytest.approx(1 / 4)
    assert found.false_negative_rate == pytest.approx(1 / 3)
    assert found.f1 == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    # Of 12 pairs of a ham and a spam one is the wrong way round: 0.8 against 0.4.
    assert found.one_minus_auc_percent == pytest.approx(100 / 12)


def test_a_probability_at_the_threshold_is_spam() -> None:
    found = measure(np.array([HAM, SPAM]), np.array([0.5, 0.5]), threshold=0.5)
    assert (found.false_positive_rate, found.false_negative_rate) == (1.0, 0.0)


def test_perfect_scores() -> None:
    found = measure(np.array([HAM, HAM, SPAM]), np.array([0.0, 0.0, 1.0]), threshold=0.5)
    assert found == Metrics(2, 1, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.5)


def test_what_ham_alone_cannot_tell_is_none() -> None:
    found = measure(np.array([HAM, HAM]), np.array([0.1, 0.9]), threshold=0.5)
    assert found.false_positive_rate == 0.5
    assert found.accuracy == 0.5
    assert found.expected_calibration_error == pytest.approx((0.1 + 0.9) / 2)
    assert (found.false_negative_rate, found.f1, found.one_minus_auc_percent) == (None,) * 3


def test_what_spam_alone_cannot_tell_is_none() -> None:
    found = measure(np.array([SPAM, SPAM]), np.array([0.1, 0.9]), threshold=0.5)
    assert found.false_negative_rate == 0.5
    assert found.f1 == pytest.approx(2 / 3)
    assert (found.false_positive_rate, found.one_minus_auc_percent) == (None, None)


def test_no_messages_measure_nothing() -> None:
    found = measure(np.empty(0, dtype=np.bool_), np.empty(0), threshold=0.5)
    values = {field.name: getattr(found, field.name) for field in fields(found)}
    assert {name for name, value in values.items() if value is not None} == {
        "count_ham",
        "count_spam",
        "threshold",
    }


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match=r"not in 0\.\.1"):
        measure(np.array([HAM, SPAM]), np.array([bad, 0.5]), threshold=0.5)


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="not one list each"):
        measure(np.array([HAM, SPAM]), np.array([0.5]), threshold=0.5)
    with pytest.raises(ValueError, match="1 slice names"):
        by_slice(np.array([HAM, SPAM]), np.array([0.1, 0.5]), ["sms"], 0.5)


def test_slices_are_sorted_and_all_comes_last() -> None:
    labels = np.array([HAM, SPAM, SPAM, HAM])
    probabilities = np.array([0.1, 0.9, 0.2, 0.6])
    found = by_slice(labels, probabilities, ["sms", "enron", "enron", "sms"], threshold=0.5)
    assert list(found) == ["enron", "sms", "all"]
    assert found["enron"] == measure(labels[1:3], probabilities[1:3], 0.5)
    assert found["enron"].count_ham == 0
    assert found["sms"].false_positive_rate == 0.5
    assert found["all"] == measure(labels, probabilities, 0.5)


def test_without_messages_there_is_only_all() -> None:
    found = by_slice(np.empty(0, dtype=np.bool_), np.empty(0), [], 0.5)
    assert list(found) == ["all"]
    assert found["all"].accuracy is None


def test_a_slice_called_all_is_refused() -> None:
    with pytest.raises(ValueError, match="may not be called 'all'"):
        by_slice(np.array([HAM]), np.array([0.5]), ["all"], 0.5)


def test_ties_count_half() -> None:
    assert one_minus_auc_percent(np.array([HAM, SPAM]), np.array([0.5, 0.5])) == 50.0
    # Pairs: (1, 1) a tie, (1, 2) right, (2, 1) wrong, (2, 2) a tie: 2 of 4.
    labels = np.array([HAM, HAM, SPAM, SPAM])
    assert one_minus_auc_percent(labels, np.array([1.0, 2.0, 1.0, 2.0])) == 50.0
    assert one_minus_auc_percent(labels, np.array([3.0, 4.0, 1.0, 2.0])) == 100.0


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(-3, 3) | st.floats(-1e6, 1e6)), min_size=2, max_size=60
    ).filter(lambda pairs: len({label for label, _ in pairs}) == 2)
)
def test_rank_statistic_is_that_of_scikit_learn(pairs: list[tuple[bool, float]]) -> None:
    labels = np.array([label for label, _ in pairs])
    scores = np.array([score for _, score in pairs], dtype=np.float64)
    expected = 100 * (1 - roc_auc_score(labels, scores))
    assert one_minus_auc_percent(labels, scores) == pytest.approx(expected, abs=1e-9)


def test_a_score_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        one_minus_auc_percent(np.array([HAM, SPAM]), np.array([0.1, np.nan]))


def test_reliability_bins_and_their_error_by_hand() -> None:
    labels = np.array([HAM, SPAM, SPAM, SPAM])
    probabilities = np.array([0.1, 0.3, 0.5, 1.0])  # two bins: the edge 0.5 and 1 go to the upper
    low, high = reliability(labels, probabilities, bins=2)
    assert (low.low, low.high, low.count, low.spam_share) == (0.0, 0.5, 2, 0.5)
    assert (high.low, high.high, high.count, high.spam_share) == (0.5, 1.0, 2, 1.0)
    assert low.mean_probability == pytest.approx(0.2)
    assert high.mean_probability == pytest.approx(0.75)
    expected = (2 * 0.3 + 2 * 0.25) / 4
    assert expected_calibration_error(labels, probabilities, bins=2) == pytest.approx(expected)


def test_a_share_that_keeps_its_word_has_no_calibration_error() -> None:
    labels = np.array([SPAM] * 3 + [HAM] * 7)
    error = expected_calibration_error(labels, np.full(10, 0.3))
    assert error == pytest.approx(0, abs=1e-12)


def test_wilson_intervals_of_the_literature() -> None:
    # Newcombe 1998, table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for errors, total, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = wilson_interval(errors, total)
        assert found is not None
        assert found == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_wilson_interval_holds_the_rate_and_stays_in_range(counts: tuple[int, int]) -> None:
    errors, total = counts
    found = wilson_interval(errors, total)
    assert found is not None
    assert 0 <= found[0] <= errors / total <= found[1] <= 1


def test_wilson_of_nothing_and_of_nonsense() -> None:
    assert wilson_interval(0, 0) is None
    with pytest.raises(ValueError, match="3 errors out of 2"):
        wilson_interval(3, 2)


def test_bootstrap_interval_holds_the_estimate_and_repeats() -> None:
    random = np.random.default_rng(5)
    labels = np.arange(400) % 2 == 0
    scores = random.normal(0, 1, 400) + 1.5 * labels
    found = bootstrap_one_minus_auc(labels, scores, seed=1, rounds=300)
    assert found is not None
    estimate = one_minus_auc_percent(labels, scores)
    assert estimate is not None
    assert found[0] < estimate < found[1]
    assert bootstrap_one_minus_auc(labels, scores, seed=1, rounds=300) == found
    assert bootstrap_one_minus_auc(labels, scores, seed=2, rounds=300) != found


def test_bootstrap_narrows_with_the_square_root_of_the_messages() -> None:
    random = np.random.default_rng(6)

    def width(count: int) -> float:
        labels = np.arange(count) % 2 == 0
        scores = random.normal(0, 1, count) + 1.5 * labels
        found = bootstrap_one_minus_auc(labels, scores, seed=1, rounds=400)
        assert found is not None
        return found[1] - found[0]

    assert width(4000) / width(250) == pytest.approx(1 / 4, rel=0.35)


def test_bootstrap_of_one_class_is_none() -> None:
    assert bootstrap_one_minus_auc(np.array([SPAM]), np.array([0.5]), seed=1) is None
