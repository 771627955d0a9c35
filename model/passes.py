"""Which messages of a batch share a pass of the network, and the shape that it is padded to.

A pass computes its longest row times its rows, so messages of very different lengths are better
read in several. It also costs something by itself, and each new shape makes the CPU's library
compile its kernels anew and keep them, so shapes are rounded up to few.
"""

from collections.abc import Iterator, Sequence

_OWN_COST = 512  # of a pass, in steps of padding; measured on two cores without a GPU
_STEPS = 16


def passes(lengths: Sequence[int], most_steps: int) -> Iterator[list[int]]:
    """Indices of the messages of these lengths, in groups, the longest first; each group's longest
    times its number is `most_steps` at most, save for a single message."""
    group: list[int] = []
    longest = padding = 0
    for index in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        full = longest * (len(group) + 1) > most_steps
        if group and (full or padding + longest - lengths[index] > _OWN_COST):
            yield group
            group, padding = [], 0
        if not group:
            longest = lengths[index]
        group.append(index)
        padding += longest - lengths[index]
    if group:
        yield group


def shape(rows: int, steps: int) -> tuple[int, int]:
    """Both rounded up: rows by a quarter at most, steps to a multiple of 16."""
    grain = 1 << max(0, rows.bit_length() - 3)
    return -(-rows // grain) * grain, max(1, -(-steps // _STEPS)) * _STEPS
