"""Numbers as a network can read them: ratios at several scales, taken in float64.

One float32 cannot tell 1 from 1 + 1e-9 and 1e-6 from 1e6 in one list; the same ratio at scales
from 1 down to nothing can. What a network gets comes with its features on the first axis: NumPy is
fastest along the last, and there are few features and many numbers.

Axes: S scales, P places.
"""

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

_SCALES = np.array([1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10, 1e-12], np.float32)
SCALES = len(_SCALES) + 1
PLACES = 3
_MOST = 1e30  # ratios beyond are as good as infinite, and float32 holds this one
_LEAST = 1e-280  # what a distance of zero counts as when it divides: no overflow, no 0 / 0


def at_scales(ratio: Doubles) -> Singles:
    """[...] -> [S, ...]: r / (|r| + scale), within -1..1 and zero for zero. The last scale is
    nothing: the sign alone."""
    single = np.minimum(np.maximum(ratio, -_MOST), _MOST).astype(np.float32)
    scaled = np.empty((SCALES, *ratio.shape), np.float32)
    sizes = scaled[:-1]
    np.add(np.abs(single), _SCALES.reshape(-1, *[1] * ratio.ndim), out=sizes)
    np.divide(single, sizes, out=sizes)
    np.sign(ratio, out=scaled[-1], casting="same_kind")
    return scaled


def closeness(from_last: Doubles, proposed: Doubles, from_proposal: Doubles) -> Doubles:
    """How much farther from the last number each number is than the proposal, in units of the
    proposal's distance. Negative is nearer.

    The arguments are differences, broadcast: of each number and of the proposal to the last number,
    and of each number to the proposal. A number and its mirror image at the last one get the same
    value: this does not say on which side of the last number, emitted or not, a number lies. What
    lies on the proposal's side is compared with it directly, because two distances from afar can
    round to one.
    """
    below = proposed < 0
    direct = np.where(below, -from_proposal, from_proposal)
    far = np.abs(proposed)
    farther = np.where((from_last < 0) == below, direct, np.abs(from_last) - far)
    return farther / np.maximum(far, _LEAST)


def places(behind: npt.NDArray[np.int64]) -> Singles:
    """What is told of a number so many places `behind` another in the input; [...] -> [P, ...]:
    d / (|d| + 1), which tells neighbours apart, d / (|d| + 32), which tells far from farther, and
    whether it is the other."""
    single = behind.astype(np.float32)
    size = np.abs(single)
    return np.stack([single / (size + 1), single / (size + 32), behind == 0], dtype=np.float32)
