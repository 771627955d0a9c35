"""The classifier's encoder by one word each: which cell, how many directions, how deep.

Whatever the words, an encoder takes float [B, T, E] and lengths int64 [B] and gives [B, T, D], D
being its `width`. What serves is the library's bidirectional LSTM; the others are there to be
compared with it (`python -m training compare`).
"""

from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor, nn

from model.cells import DeepCell, ElmanCell, LSTMCell
from model.elman import ElmanRNN
from model.recurrent import BidirectionalLSTM, both_ways, initialise, unroll

CellName = Literal["lstm", "gru", "elman", "none"]
Depth = Literal["", "a", "b", "c"]


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """`depth` as in the course: "a", a second recurrent layer on the first; "b", a layer that is
    not recurrent between two states; "c", the same with a skip connection past it. The cell "none"
    hands the embeddings on. Raises ValueError for what it does not know."""

    inputs: int
    hidden: int
    cell: CellName = "lstm"
    directions: int = 2
    depth: Depth = ""

    def __post_init__(self) -> None:
        if self.cell not in get_args(CellName):
            raise ValueError(f"unknown cell {self.cell!r}; one of {', '.join(get_args(CellName))}")
        if self.depth not in get_args(Depth):
            raise ValueError(f"unknown depth {self.depth!r}; '', 'a', 'b' or 'c'")
        if self.depth in ("b", "c") and self.cell not in ("lstm", "elman"):
            raise ValueError(f"no depth {self.depth!r} with the cell {self.cell!r}")
        if self.directions not in (1, 2):
            raise ValueError(f"{self.directions} directions; one or two")

    @property
    def width(self) -> int:
        """Of what comes out, D."""
        return self.inputs if self.cell == "none" else self.directions * self.hidden


class Encoder(nn.Module):
    """Layers on each other, each of one direction or two."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        if config.cell != "none":
            widths = [config.inputs, config.width] if config.depth == "a" else [config.inputs]
            for width in widths:
                directions = [_layer(config, width) for _ in range(config.directions)]
                self.layers.append(nn.ModuleList(directions))

    def forward(self, x_BTE: Tensor, lengths: Tensor) -> Tensor:
        """-> [B, T, D]; values at padded steps mean nothing."""
        for layer in self.layers:
            assert isinstance(layer, nn.ModuleList)
            ahead, *back = layer
            x_BTE = both_ways(ahead, back[0], x_BTE, lengths) if back else ahead(x_BTE)
        return x_BTE


class Library(nn.Module):
    """A layer that the library unrolls."""

    def __init__(self, layer: nn.LSTM | nn.GRU) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x_BTE: Tensor) -> Tensor:
        outputs: Tensor = self.layer(x_BTE)[0]
        return outputs


class Unrolled(nn.Module):
    """A layer of a cell of ours, whose state is what comes out."""

    def __init__(self, cell: DeepCell) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x_BTE: Tensor) -> Tensor:
        return unroll(self.cell, x_BTE)[0]


def make_encoder(config: EncoderConfig) -> nn.Module:
    """The shipped kind under the names that shipped weights have, any other as an `Encoder`."""
    if (config.cell, config.directions, config.depth) == ("lstm", 2, ""):
        return BidirectionalLSTM(config.inputs, config.hidden)
    return Encoder(config)


def _layer(config: EncoderConfig, inputs: int) -> nn.Module:
    """One direction of one layer: [B, T, inputs] -> [B, T, H]."""
    if config.depth in ("b", "c"):
        kind = LSTMCell if config.cell == "lstm" else ElmanCell
        return Unrolled(DeepCell(kind(inputs, config.hidden), skip=config.depth == "c"))
    if config.cell == "elman":
        return ElmanRNN(inputs, config.hidden, config.hidden)
    if config.cell == "gru":
        return Library(nn.GRU(inputs, config.hidden, batch_first=True))
    lstm = nn.LSTM(inputs, config.hidden, batch_first=True)
    initialise(lstm, config.hidden)
    return Library(lstm)
