"""numbers -> permutation: a recurrent encoder-decoder that points at its own inputs.

The encoder, a bidirectional LSTM, reads the numbers. The decoder, an LSTM, emits one number a step
by pointing at it (Vinyals et al. 2015). Its state has a row for each number, as a ConvLSTM's has
one for each pixel: a row begins as what the encoder made of the number, and hears at every step
whether its number has just come out. Which numbers are out is known to this state alone.

The pointer reads the rows, and is told of each number how far it is from the last emitted one, but
not on which side. A step points, compares every number's distance with that of the number pointed
at, and points again until it stays where it is.
docs/decisions/0020-sorter.md tells why. Here is the network; running it
is model.decoding's.

Axes: B lists, N numbers, S scales, H width of a decoder row, P width of the pointer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from model.attention import PointerAttention
from model.recurrent import BidirectionalLSTM, initialise
from model.scales import PLACES, SCALES, Doubles, Singles, at_scales

TOLD = SCALES + 2
COMPARED = SCALES + PLACES


@dataclass(frozen=True, slots=True)
class SorterConfig:
    """`encoder` is the width of each direction; `hops` bounds how often a step points again."""

    encoder: int = 16
    decoder: int = 16
    pointer: int = 32
    hops: int = 8


@dataclass(frozen=True, slots=True)
class Numbers:
    """Lists as the network gets them: `x_BN` within -1..1, padded with zeros; `low_B1` and
    `span_B1`, each list's least number and what its greatest is above that, or 1; `lengths` int64
    [B]; `mask_BN` bool, what is no padding."""

    x_BN: Doubles
    low_B1: Doubles
    span_B1: Doubles
    lengths: npt.NDArray[np.int64]
    mask_BN: npt.NDArray[np.bool_]


def collate(lists: Sequence[Sequence[float] | Doubles]) -> Numbers:
    """Lists of finite doubles, none empty, each scaled by a power of two, which is exact."""
    lengths = np.array([len(numbers) for numbers in lists])
    x_BN = np.zeros((len(lists), lengths.max()))
    for row, numbers in zip(x_BN, lists, strict=True):
        row[: len(numbers)] = numbers
    _, exponent_B1 = np.frexp(np.abs(x_BN).max(1, keepdims=True))
    x_BN = np.ldexp(x_BN, -exponent_B1)
    mask_BN = np.arange(x_BN.shape[1]) < lengths[:, None]
    low_B1 = np.where(mask_BN, x_BN, np.inf).min(1, keepdims=True)
    high_B1 = np.where(mask_BN, x_BN, -np.inf).max(1, keepdims=True)
    span_B1 = np.where(high_B1 > low_B1, high_B1 - low_B1, 1.0)
    return Numbers(x_BN, low_B1, span_B1, lengths, mask_BN)


def tell(distance: Doubles, pointed: npt.NDArray[np.bool_]) -> Singles:
    """What a step tells the pointer; [TOLD, ...]. `distance` is to the last emitted number, in
    units of the list's span, `pointed` whether that is the row's own. Before the first number is
    out, it is told zeros."""
    told = np.ones((TOLD, *distance.shape), np.float32)
    told[:SCALES] = at_scales(distance)
    told[SCALES] = pointed
    return told


def compare(closer: Doubles, behind: Singles) -> Singles:
    """What pointing again tells; [COMPARED, ...]. `closer` is model.scales.closeness, `behind` is
    model.scales.places of the proposal, told of equally distant numbers only: equal numbers keep
    their order."""
    compared = np.empty((COMPARED, *closer.shape), np.float32)
    compared[:SCALES] = at_scales(closer)
    np.multiply(behind, closer == 0, out=compared[SCALES:])
    return compared


class Sorter(nn.Module):
    """The network alone."""

    def __init__(self, config: SorterConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = BidirectionalLSTM(SCALES, config.encoder)
        self.bridge = nn.Linear(2 * config.encoder, 2 * config.decoder)
        self.decoder = nn.LSTM(1, config.decoder, batch_first=True)
        initialise(self.decoder, config.decoder)
        self.pointer = PointerAttention(config.decoder, TOLD, config.pointer)
        self.hop = nn.Linear(COMPARED, config.pointer)

    def encode(self, numbers: Numbers) -> tuple[Tensor, Tensor]:
        """The decoder's first state: hidden and cell, each float32 [B, N, H]."""
        ratio_BN = (numbers.x_BN - numbers.low_B1) / numbers.span_B1
        x_BNS = torch.from_numpy(at_scales(ratio_BN)).movedim(0, 2)
        states_BNE = self.encoder(x_BNS, torch.from_numpy(numbers.lengths))
        hidden, cell = self.bridge(states_BNE).chunk(2, dim=2)
        return torch.tanh(hidden), cell

    def point_again(self, prepared: Tensor, compared: Tensor) -> Tensor:
        """Scores [...] once the rows are told of a proposal. `prepared` [..., P] is the pointer's,
        `compared` [..., COMPARED] is `compare`'s."""
        return self.pointer.score(prepared + self.hop(compared))
