"""Which messages of a batch share a pass of the network in torch, padded to the longest of them.

A pass computes its longest row times its rows, so messages of very different lengths are better
read in several; but it also costs something by itself.
"""

from collections.abc import Iterator, Sequence

_OWN_COST = 512  # of a pass, in steps of padding; measured on two cores without a GPU


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
