"""The wide path: a linear model of words and word pairs beside the recurrence.

What a message is by the names in it needs no order of reading; Cheng et al. 2016 (wide and deep)
lead such features past the deep network straight to the logit. Only features that were seen often
enough have a scalar; they are kept as a sorted table of 31-bit keys, so that a word or pair that
never was in the training part adds nothing, rather than what another of the same bucket weighs.

Axes: B messages, W words, X = 2W - 1 features, F features of the table.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

_KEYS = 2**31
_WORD, _FIRST, _SECOND = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
_SHIFT = 13


def feature_keys(hashes_BW: Tensor) -> Tensor:
    """int64 [B, W] -> [B, X]: keys of the words, then of the pairs of neighbours, in 0..2^31 - 1;
    -1 where there is no word (hash 0)."""
    first, second = hashes_BW[:, :-1], hashes_BW[:, 1:]
    pair_BW = first * _FIRST + second * _SECOND
    keys_BX = torch.cat([hashes_BW * _WORD, pair_BW], 1) >> _SHIFT
    seen_BX = torch.cat([hashes_BW != 0, (first != 0) & (second != 0)], 1)
    return keys_BX.remainder(_KEYS).masked_fill(~seen_BX, -1)


class WidePath(nn.Module):
    """A scalar for each of `features` words and word pairs; the sum of those in a message, each
    counted once, over the root of their number, and a bias. In training each feature is dropped
    with the probability `dropout`."""

    keys: Tensor

    def __init__(self, features: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("keys", torch.arange(features, dtype=torch.int32))  # rising
        self.weight = nn.Parameter(torch.zeros(features))
        self.bias = nn.Parameter(torch.zeros(()))
        self.dropout = dropout

    def forward(self, hashes_BW: Tensor) -> Tensor:
        """int64 [B, W] -> float [B]: what the words and pairs add to the logit."""
        keys_BX = feature_keys(hashes_BW).sort(1).values  # equal ones side by side: once each
        index_BX, known_BX = self._look_up(keys_BX)
        known_BX[:, 1:] &= keys_BX[:, 1:] != keys_BX[:, :-1]
        if self.training:
            known_BX = known_BX & (
                torch.rand(known_BX.shape, device=keys_BX.device) >= self.dropout
            )
        scalars_BX = self.weight[index_BX] * known_BX
        total: Tensor = scalars_BX.sum(1) / known_BX.sum(1).clamp(min=1).sqrt() + self.bias
        return total

    def attribute(self, hashes_W: Tensor) -> Tensor:
        """int64 [W] of one message -> float [W]: each word's share of `forward`, which they sum up
        to but for the bias; a pair's scalar goes half to each of its words, a repeated one's to all
        in equal parts.
        """
        keys = feature_keys(hashes_W[None])[0]
        index, known = self._look_up(keys)
        distinct, number, counts = torch.unique(
            keys[known], return_inverse=True, return_counts=True
        )
        each = self.weight[index[known]] / counts[number] / max(1, len(distinct)) ** 0.5
        shares = torch.zeros(len(keys), dtype=each.dtype, device=each.device)
        shares[known] = each
        words, pairs = shares[: len(hashes_W)].clone(), shares[len(hashes_W) :] / 2
        words[:-1] += pairs
        words[1:] += pairs
        return words

    def _look_up(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Rows of the table, and which of the keys are in it at all."""
        index = torch.searchsorted(self.keys, keys.to(torch.int32)).clamp(max=len(self.keys) - 1)
        return index, self.keys[index] == keys


class WideTable:
    """A wide path in service on a CPU: the same sums, in half the time, as messages lie one behind
    the other and not padded to the widest."""

    def __init__(self, path: WidePath) -> None:
        self._keys = path.keys.numpy()
        self._weight = path.weight.detach().numpy()
        self._bias = path.bias.item()

    def add_up(self, messages: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
        """Hashes, none of them 0, of B messages -> float64 [B]: what WidePath.forward gives."""
        counts = [len(hashes) for hashes in messages]
        keys, row = _flat_keys(messages, counts)
        keys |= row << 31
        keys.sort()
        new = np.ones(len(keys), bool)  # equal ones lie side by side: once each
        np.not_equal(keys[1:], keys[:-1], out=new[1:])
        keys = keys[new]
        row, key = keys >> 31, (keys & (_KEYS - 1)).astype(np.int32)
        index = np.minimum(self._keys.searchsorted(key), len(self._keys) - 1)
        known = self._keys[index] == key
        row, most = row[known], len(messages) + 1
        total = np.bincount(row, self._weight[index[known]], most)[:-1]
        number = np.bincount(row, minlength=most)[:-1]
        return total / np.sqrt(np.maximum(number, 1)) + self._bias


def _flat_keys(
    messages: Sequence[Sequence[int]], counts: list[int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The keys of the words of all messages, then of the pairs of neighbours, and the number of the
    message of each: a pair across two messages belongs to one after the last."""
    words = sum(counts)
    hashes = np.fromiter(chain.from_iterable(messages), np.int64, words)
    of_word = np.repeat(np.arange(len(messages)), counts)
    keys = np.concatenate([hashes * _WORD, hashes[:-1] * _FIRST + hashes[1:] * _SECOND])
    of_pair = np.where(of_word[:-1] == of_word[1:], of_word[:-1], len(messages))
    return (keys >> _SHIFT) & (_KEYS - 1), np.concatenate([of_word, of_pair])
