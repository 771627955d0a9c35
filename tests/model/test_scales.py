"""What the sorter is told of numbers, and what it is not."""

import numpy as np
import pytest

from model.scales import PLACES, SCALES, at_scales, closeness, places


def test_a_ratio_at_several_scales() -> None:
    told = at_scales(np.array([0.0, 1.0, -1.0, 1e-6]))
    assert told.shape == (SCALES, 4)
    assert told.dtype == np.float32
    assert not told[:, 0].any()
    assert told[0, 1] == 0.5
    np.testing.assert_array_equal(told[:, 2], -told[:, 1])
    assert told[6, 3] == 0.5  # at the scale of 1e-6
    assert told[0, 3] < 1e-5


def test_ratios_beyond_float32_are_told() -> None:
    np.testing.assert_array_equal(at_scales(np.array([1e300, -1e300])), [[1, -1]] * SCALES)


def test_near_ties_that_float32_cannot_tell_are_told() -> None:
    far, near = at_scales(np.array([1e-9, 2e-9])).T
    assert np.abs(far - near).max() > 0.05


def test_the_finest_scale_tells_zero_from_anything() -> None:
    assert at_scales(np.array([0.0, 1e-200, -1e-200]))[-1].tolist() == [0.0, 1.0, -1.0]


def test_nearer_than_the_proposal_is_negative() -> None:
    x = np.array([1.0, 3.0, 5.0])
    last, proposal = 0.0, 3.0
    closer = closeness(x - last, np.array(proposal - last), x - proposal)
    np.testing.assert_allclose(closer, [-2 / 3, 0, 2 / 3])


@pytest.mark.parametrize("proposal", [2.5, -2.5])
def test_a_number_and_its_mirror_image_are_the_same(proposal: float) -> None:
    """So no feature says on which side of the last number another lies."""
    offsets = np.array([0.5, 1.0, 2.5, 4.0])
    last = 8.0
    right, left = (
        closeness(s * offsets, np.array(proposal), s * offsets - proposal) for s in (1.0, -1.0)
    )
    np.testing.assert_array_equal(right, left)
    assert last + offsets[0] != last - offsets[0]


def test_close_numbers_seen_from_afar_are_told_apart() -> None:
    x = np.array([1e-6, 2e-6])
    last, proposal = -1e10, 2e-6
    assert (x - last)[0] == (x - last)[1]  # their distances round to the same double
    closer = closeness(x - last, np.array(proposal - last), x - proposal)
    assert closer[0] < 0 == closer[1]


def test_a_proposal_that_is_the_last_number_divides_nothing_by_zero() -> None:
    x = np.array([-1.0, 0.0, 2.0])
    closer = closeness(x, np.array(0.0), x)
    assert np.isfinite(closer).all()
    assert (closer > 0).tolist() == [True, False, True]


def test_places_in_the_input() -> None:
    near, far, same = told = places(np.arange(-255, 256)[None])[:, 0]
    assert told.shape == (PLACES, 511)
    assert told.dtype == np.float32
    assert told[:, 255].tolist() == [0, 0, 1]
    assert same.sum() == 1
    assert near[256] == -near[254] == 0.5
    assert (np.diff(near) > 0).all()
    assert (np.diff(far) > 0).all()
    assert far[510] - far[382] > 0.05
