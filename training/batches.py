"""Length buckets: batches of nearly equal lengths, bounded by padded tokens, in random order."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from model.classifier import Batch
from training.tokens import TokenTable
from training.vocabulary import LexiconIds

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Noise:
    """What is done to training messages only, each a probability a token: `subword` reads a known
    word as if it were unknown, `blank` takes a word's meaning away (its vector becomes zero)."""

    subword: float = 0.1
    blank: float = 0.1


def buckets(
    lengths: Indices,
    tokens_per_batch: int,
    most_rows: int,
    random: np.random.Generator | None = None,
) -> list[Indices]:
    """Positions 0..N-1 in batches of at most `tokens_per_batch` padded tokens (one message at
    least) and `most_rows` messages. With `random`, lengths are jittered by a tenth and the batches
    shuffled.

    A step moves the weights as far for a batch of texts of ten words as for one of mails, so
    without a bound on rows a thousand short texts would count as much as sixty mails.
    """
    jitter = 1.0 if random is None else random.uniform(0.9, 1.1, len(lengths))
    order = np.argsort(lengths * jitter, kind="stable")
    batches: list[Indices] = []
    begin, longest = 0, 0
    for end, position in enumerate(order):
        longest = max(longest, int(lengths[position]))
        full = longest * (end - begin + 1) > tokens_per_batch or end - begin == most_rows
        if full and end > begin:
            batches.append(order[begin:end])
            begin, longest = end, int(lengths[position])
    batches.append(order[begin:])
    if random is not None:
        random.shuffle(batches)
    return batches


class BatchBuilder:
    """Message numbers -> Batch, for one vocabulary and the bounds on what is read of a message."""

    def __init__(
        self, table: TokenTable, lexicon: LexiconIds, most_tokens: int, most_wide: int
    ) -> None:
        self._table = table
        self.lexicon = lexicon
        self._most_tokens = most_tokens
        self._most_wide = max(most_wide, most_tokens)

    def lengths(self, rows: Indices) -> Indices:
        """Tokens used, int64 [len(rows)]."""
        return np.minimum(np.diff(self._table.starts)[rows], self._most_tokens)

    def build(
        self, rows: Indices, noise: Noise | None = None, random: np.random.Generator | None = None
    ) -> Batch:
        """Pad the messages to the longest of them; `noise` needs `random`."""
        lengths = self.lengths(rows)
        wide_lengths = np.minimum(np.diff(self._table.starts)[rows], self._most_wide)
        words = np.concatenate([self._table.row(r)[: self._most_wide] for r in rows]).astype(
            np.int64
        )
        ids = self.lexicon.ids[words]
        hashes = self.lexicon.hashes[words]
        blank = np.zeros(len(ids), dtype=np.bool_)
        if noise is not None and random is not None:
            ids[random.random(len(ids)) < noise.subword] = 0
            blank = random.random(len(ids)) < noise.blank
        narrow = _first(lengths, wide_lengths)
        words, ids, blank = words[narrow], ids[narrow], blank[narrow]
        unknown = (ids == 0) & ~blank
        distinct, number = np.unique(words[unknown], return_inverse=True)
        ids[unknown] = self.lexicon.size + number
        ids[blank] = 0
        grams, offsets = self._grams(distinct)
        arrays = (_pad(ids, lengths), lengths, _pad(hashes, wide_lengths), grams, offsets)
        return Batch(*(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays))

    def _grams(self, words: Indices) -> tuple[Indices, Indices]:
        """The n-gram buckets of lexicon words, one after the other, and where each begins."""
        starts = self.lexicon.starts[words]
        counts = self.lexicon.starts[words + 1] - starts
        offsets = np.cumsum(counts) - counts
        flat = np.repeat(starts - offsets, counts) + np.arange(counts.sum())
        return self.lexicon.grams[flat], offsets


def _first(few: Indices, many: Indices) -> npt.NDArray[np.bool_]:
    """bool [sum of `many`]: the first `few[i]` of each run of `many[i]`."""
    within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    return np.asarray(within < np.repeat(few, many))


def _mask(lengths: Indices) -> npt.NDArray[np.bool_]:
    """bool [rows, longest]: the first `lengths[i]` of each row."""
    return np.arange(lengths.max())[None, :] < lengths[:, None]


def _pad(values: Indices, lengths: Indices) -> Indices:
    """Rows of `lengths`, one after the other, side by side in a matrix filled up with zeros."""
    mask = _mask(lengths)
    padded = np.zeros(mask.shape, dtype=np.int64)
    padded[mask] = values
    return padded
