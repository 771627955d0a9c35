"""The wide path: a linear model of words and word pairs beside the recurrence.

What a message is by the names in it needs no order of reading; Cheng et al. 2016 (wide and deep)
lead such features past the deep network straight to the logit. Only features that were seen often
enough have a scalar; they are kept as a sorted table of 31-bit keys, so that a word or pair that
never was in the training part adds nothing, rather than what another of the same bucket weighs.

Axes: B messages, W words, X = 2W - 1 features, F features of the table.
"""

import torch
from torch import Tensor, nn

KEY_BITS = 31
_KEYS = 2**KEY_BITS
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
    counted once, over the root of the number of all distinct words and pairs in it, and a bias.
    Those that are not in the table count in that number, so that of a message of which little is
    known little is said. In training each word and pair is dropped with the probability `dropout`.
    """

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
        counted_BX = keys_BX >= 0
        counted_BX[:, 1:] &= keys_BX[:, 1:] != keys_BX[:, :-1]
        if self.training:
            counted_BX &= torch.rand(counted_BX.shape, device=keys_BX.device) >= self.dropout
        index_BX, known_BX = self._look_up(keys_BX)
        scalars_BX = self.weight[index_BX] * (known_BX & counted_BX)
        total: Tensor = scalars_BX.sum(1) / counted_BX.sum(1).clamp(min=1).sqrt() + self.bias
        return total

    def attribute(self, hashes_W: Tensor) -> Tensor:
        """int64 [W] of one message -> float [W]: each word's share of `forward`, which they sum up
        to but for the bias; a pair's scalar goes half to each of its words, a repeated one's to all
        in equal parts.
        """
        keys = feature_keys(hashes_W[None])[0]
        index, known = self._look_up(keys)
        distinct, number, counts = torch.unique(keys, return_inverse=True, return_counts=True)
        length = (distinct >= 0).sum().clamp(min=1).sqrt()
        shares: Tensor = self.weight[index] * known / counts[number] / length
        words, pairs = shares[: len(hashes_W)].clone(), shares[len(hashes_W) :] / 2
        words[:-1] += pairs
        words[1:] += pairs
        return words

    def _look_up(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Rows of the table, and which of the keys are in it at all."""
        index = torch.searchsorted(self.keys, keys.to(torch.int32)).clamp(max=len(self.keys) - 1)
        return index, self.keys[index] == keys
