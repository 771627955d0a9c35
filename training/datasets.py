"""Which message is trained on, validated on, tested on. Groups of near-duplicates never part.

Every part keeps few members of a group, so that a campaign sent a hundred times counts once.
"""

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.tokens import TokenTable

Indices = npt.NDArray[np.int64]
_TRAIN_MEMBERS = 2
_SMALLEST_CELL = 20


@dataclass(frozen=True, slots=True)
class Split:
    """Message numbers of the three parts, each int64, ascending."""

    train: Indices
    validation: Indices
    test: Indices


def grouped_split(
    table: TokenTable,
    groups: Indices,
    seed: int,
    validation: float = 0.1,
    test: float = 0.15,
    left_out: npt.NDArray[np.bool_] | None = None,
) -> Split:
    """Split by group; the draw depends on the group's number and the seed alone.

    `left_out`, bool [N], marks messages that are tested on, all of them, and never trained on; nor
    is any near-duplicate of them.
    """
    draw = _uniform(groups, seed)
    if left_out is None:
        is_test = draw < test
        is_validation = ~is_test & (draw < test + validation)
        is_train = ~is_test & ~is_validation
    else:
        near = np.isin(groups, groups[left_out])
        is_test = left_out
        is_validation = ~near & (draw >= test) & (draw < test + validation)
        is_train = ~near & ~is_validation
    once = members_up_to(table, groups, 1)
    return Split(
        train=np.flatnonzero(is_train & members_up_to(table, groups, _TRAIN_MEMBERS)),
        validation=np.flatnonzero(is_validation & once),
        test=np.flatnonzero(is_test & once),
    )


def members_up_to(table: TokenTable, groups: Indices, most: int) -> npt.NDArray[np.bool_]:
    """bool [N]: the first `most` messages of each group, counted by label and corpus apart."""
    _, corpus = np.unique(table.corpus, return_inverse=True)
    key = (groups.astype(np.int64) * 2 + table.is_spam) * (corpus.max() + 1) + corpus
    order = np.argsort(key, kind="stable")
    first = np.r_[True, np.diff(key[order]) != 0]
    run_start = np.maximum.accumulate(np.where(first, np.arange(len(key)), 0))
    keep = np.empty(len(key), dtype=np.bool_)
    keep[order] = np.arange(len(key)) - run_start < most
    return keep


def balance_weights(
    table: TokenTable, rows: Indices, exponent: float, caps: dict[str, float]
) -> npt.NDArray[np.float32]:
    """Loss weights, float32 [len(rows)], of mean 1: the n messages of one source and label weigh
    n^(1 - exponent) in all, n being at least 20; `caps` scales whole corpora (synthetic ones).

    A newsletter of five hundred issues says more than the five hundredth hundred of one mailbox.
    """
    source = np.char.add(np.char.add(table.corpus[rows], "/"), table.source[rows])
    cells = np.char.add(source, np.where(table.is_spam[rows], "/spam", "/ham"))
    _, cell, counts = np.unique(cells, return_inverse=True, return_counts=True)
    sizes = np.maximum(counts[cell], _SMALLEST_CELL).astype(np.float64)
    weights = sizes**-exponent * np.array([caps.get(c, 1.0) for c in table.corpus[rows]])
    scaled: npt.NDArray[np.float32] = (weights / weights.mean()).astype(np.float32)
    return scaled


def _uniform(groups: Indices, seed: int) -> npt.NDArray[np.float64]:
    """A number in [0, 1) a message, the same for all of a group."""
    unique, inverse = np.unique(groups, return_inverse=True)
    hashed = [zlib.crc32(f"{seed}/{group}".encode()) for group in unique.tolist()]
    return (np.array(hashed) / 2**32)[inverse]
