"""Calibration finds the scaling that data were made with; thresholds keep what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from training.calibration import (
    Bools,
    Floats,
    Scaling,
    calibrate,
    curve_points,
    fit_temperature,
    fpr_curve,
    threshold_for_fpr,
)
from training.metrics import expected_calibration_error

probabilities = st.floats(0, 1)
ham_lists = st.lists(
    probabilities | st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=80
).map(lambda values: np.array(values, dtype=np.float64))


def drawn(scaling: Scaling, count: int = 40_000) -> tuple[Floats, Bools]:
    """Logits whose labels are drawn with the probabilities that `scaling` gives them."""
    random = np.random.default_rng(3)
    logits = random.normal(0, 6, count)
    return logits, random.random(count) < scaling.apply(logits)


def test_scaling_by_hand() -> None:
    found = Scaling(temperature=2.0, bias=1.0).apply(np.array([-2.0, 0.0, 4.0]))
    assert found == pytest.approx([0.5, 1 / (1 + np.exp(-1)), 1 / (1 + np.exp(-3))])


@pytest.mark.parametrize("made", [Scaling(1.0, 0.0), Scaling(2.5, -1.0), Scaling(0.4, 0.7)])
def test_a_known_temperature_and_bias_are_recovered(made: Scaling) -> None:
    logits, labels = drawn(made)
    found = fit_temperature(logits, labels)
    assert found.temperature == pytest.approx(made.temperature, rel=0.05)
    assert found.bias == pytest.approx(made.bias, abs=0.1)
    error = expected_calibration_error(labels, found.apply(logits))
    assert error is not None
    assert error < 0.01


def test_without_bias_only_the_temperature_is_fitted() -> None:
    found = fit_temperature(*drawn(Scaling(2.5, 0.0)), bias=False)
    assert found.bias == 0
    assert found.temperature == pytest.approx(2.5, rel=0.05)


def test_a_weight_counts_like_a_repetition() -> None:
    logits = np.array([-3.0, -1.0, 0.5, 2.0, 4.0, -0.5] * 20)
    labels = np.array([False, True, False, True, True, False] * 20)
    weights = np.tile([1.0, 2.0, 1.0, 3.0, 1.0, 1.0], 20)
    weighted = fit_temperature(logits, labels, weights)
    repeated = fit_temperature(
        np.repeat(logits, weights.astype(int)), np.repeat(labels, weights.astype(int))
    )
    # Not quite equal: Platt's targets go by the number of messages.
    assert weighted.temperature == pytest.approx(repeated.temperature, rel=0.05)
    assert weighted.bias == pytest.approx(repeated.bias, abs=0.05)
    assert weighted.bias > fit_temperature(logits, labels).bias + 0.1


def test_messages_told_apart_perfectly_leave_some_doubt() -> None:
    logits = np.array([-4.0] * 50 + [4.0] * 50)
    labels = logits > 0
    found = fit_temperature(logits, labels)
    # Platt's targets for 50 of each are 1/52 and 51/52.
    assert found.apply(np.array([-4.0, 4.0])) == pytest.approx([1 / 52, 51 / 52], rel=1e-3)


def test_one_class_and_infinite_logits_are_refused() -> None:
    with pytest.raises(ValueError, match="both ham and spam"):
        fit_temperature(np.array([1.0, 2.0]), np.array([True, True]))
    with pytest.raises(ValueError, match="not finite"):
        fit_temperature(np.array([1.0, np.inf]), np.array([True, False]))


def test_threshold_by_hand() -> None:
    ham = np.arange(1, 101) / 200  # 0.005 … 0.5
    assert threshold_for_fpr(ham, 0.01) == 0.5
    assert threshold_for_fpr(ham, 0.02) == 0.495
    assert threshold_for_fpr(ham, 0.29) == 0.36  # 0.29 * 100 is 28.999999999999996
    assert threshold_for_fpr(ham, 1.0) == 0.005


def test_ties_move_the_threshold_up_rather_than_break_the_promise() -> None:
    ham = np.array([0.1] * 6 + [0.7] * 3 + [0.9])
    assert threshold_for_fpr(ham, 0.4) == 0.7
    assert threshold_for_fpr(ham, 0.3) == 0.9
    assert threshold_for_fpr(ham, 0.1) == 0.9


def test_a_target_finer_than_the_data_lies_just_above_the_highest_ham() -> None:
    found = threshold_for_fpr(np.array([0.2, 0.999]), 0.001)
    assert logit(found) == pytest.approx(logit(0.999) + 1e-3)
    assert threshold_for_fpr(np.array([1.0]), 0.0) > 1
    assert threshold_for_fpr(np.array([0.0]), 0.0) > 0


@given(ham_lists, st.floats(0, 1))
def test_a_threshold_never_exceeds_its_target_on_the_data_given(ham: Floats, target: float) -> None:
    called_spam = np.mean(ham >= threshold_for_fpr(ham, target))
    assert called_spam <= target + 1e-9


@given(ham_lists, st.floats(0, 1))
def test_no_looser_threshold_would_do(ham: Floats, target: float) -> None:
    threshold = threshold_for_fpr(ham, target)
    below = ham[ham < threshold]
    if len(below):
        assert np.mean(ham >= below.max()) > target - 1e-9


def test_expected_rate_on_new_ham_is_within_the_target() -> None:
    random = np.random.default_rng(8)
    rates = [
        1 - threshold_for_fpr(random.random(200), 0.05)  # of uniform ham, P(new ham >= t) = 1 - t
        for _ in range(2000)
    ]
    # The 10th highest of 200: 10 / 201 expected, with a standard error of 0.0003.
    assert np.mean(rates) == pytest.approx(10 / 201, abs=0.0012)


def test_threshold_refuses_no_ham_and_no_share() -> None:
    with pytest.raises(ValueError, match="needs ham"):
        threshold_for_fpr(np.empty(0), 0.01)
    with pytest.raises(ValueError, match=r"not in 0\.\.1"):
        threshold_for_fpr(np.array([0.5]), 1.5)


@given(ham_lists)
def test_the_curve_is_strictly_monotone_and_tells_the_shares(ham: Floats) -> None:
    curve = fpr_curve(ham, curve_points())
    thresholds, shares = [t for t, _ in curve], [s for _, s in curve]
    assert thresholds == sorted(set(thresholds), reverse=True)
    assert shares == sorted(set(shares))
    assert shares == [np.mean(ham >= t) for t in thresholds]


def test_the_curve_spans_its_points_near_certainty() -> None:
    ham = np.asarray(expit(np.linspace(-20, 20, 100_000)), dtype=np.float64)
    curve = fpr_curve(ham, curve_points())
    assert len(curve) == len(curve_points()) == 31
    for (_, share), point in zip(curve, curve_points(), strict=True):
        assert point - 1 / 100_000 < share <= point


def test_calibrate_puts_it_all_together() -> None:
    logits, labels = drawn(Scaling(2.0, -0.5), 5000)
    found = calibrate(logits, labels, target_fpr=0.01)
    assert (found.temperature, found.bias) == pytest.approx((2.0, -0.5), rel=0.2)
    ham = expit(logits[~labels] / found.temperature + found.bias)
    share = np.mean(ham >= found.threshold)
    assert 0.01 - 1 / len(ham) < share <= 0.01
    assert (found.threshold, share) in found.fpr_curve
