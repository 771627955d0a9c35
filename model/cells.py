"""The recurrent cells of the course, each written from its equations: one step in time.

A cell takes an input and the state before it and gives the state after it. A state is a tuple whose
first tensor is h, what others see; an LSTM's second is c, its leaky memory. A step of zeros starts
a sequence (`initial`). model.recurrent unrolls any of them over time. What serves is
`torch.nn.LSTM`: these are what it is checked against, and its weights run here and the other way
round (`load_library`, `library_weights`).

Numbers of equations are those of Goodfellow, Bengio, Courville, Deep Learning (2016), chapter 10.

Axes: B rows, E input width, H hidden width, G the four gates' 4H; Y, X of an image.
"""

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

State = tuple[Tensor, ...]
# torch.nn.LSTM's order of the blocks: input gate, forget gate, input, output gate.
GATES = 4


class Cell(Protocol):
    """What model.recurrent unrolls."""

    hidden: int

    def initial(self, x: Tensor) -> State:
        """The state before the first step, for inputs of the shape, dtype and device of `x`."""
        ...

    def __call__(self, x: Tensor, state: State) -> State: ...


class ElmanCell(nn.Module):
    """a^t = W h^{t-1} + U x^t + b (10.8), h^t = tanh(a^t) (10.9); Elman 1990. If not `connected`,
    W stays zero: the past is known only by what x tells of it."""

    def __init__(self, inputs: int, hidden: int, connected: bool = True) -> None:
        super().__init__()
        self.hidden = hidden
        self.W = nn.Parameter(nn.init.orthogonal_(torch.empty(hidden, hidden)))
        self.U = nn.Parameter(nn.init.xavier_uniform_(torch.empty(hidden, inputs)))
        self.b = nn.Parameter(torch.zeros(hidden))
        if not connected:
            self.W.requires_grad_(False).zero_()

    def initial(self, x: Tensor) -> State:
        return (x.new_zeros(len(x), self.hidden),)

    def forward(self, x_BE: Tensor, state: State) -> State:
        """float [B, E], ([B, H],) -> ([B, H],)."""
        return (elman(x_BE, state[0], self.W, self.U, self.b),)


def elman(x_BE: Tensor, h_BH: Tensor, W: Tensor, U: Tensor, b: Tensor) -> Tensor:
    """The step of an ElmanCell by the weights W [H, H], U [H, E] and b [H]; [B, H]."""
    return torch.tanh(linear(h_BH, W) + linear(x_BE, U, b))


class LSTMCell(nn.Module):
    """Four blocks, each with its own U, W and b, here one under the other in `U`, `W` and `b`:

    g = sigmoid(b^g + U^g x + W^g h)   how much of the input is let in (10.42)
    f = sigmoid(b^f + U^f x + W^f h)   how much of the state is kept (10.40)
    c = f c + g tanh(b + U x + W h)    the leaky state (10.41, with tanh for the input)
    o = sigmoid(b^o + U^o x + W^o h)   how much of it is shown (10.44)
    h = o tanh(c)                      (10.43)

    Hochreiter & Schmidhuber 1997, forget gate: Gers et al. 2000; forget gates are open at first.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        blocks = [nn.init.orthogonal_(torch.empty(hidden, hidden)) for _ in range(GATES)]
        self.W = nn.Parameter(torch.cat(blocks))  # [G, H]
        self.U = nn.Parameter(nn.init.xavier_uniform_(torch.empty(GATES * hidden, inputs)))
        self.b = nn.Parameter(torch.zeros(GATES * hidden))
        self.b.data[hidden : 2 * hidden] = 1.0

    def initial(self, x: Tensor) -> State:
        zeros = x.new_zeros(len(x), self.hidden)
        return (zeros, zeros)

    def forward(self, x_BE: Tensor, state: State) -> State:
        """float [B, E], ([B, H], [B, H]) -> ([B, H], [B, H])."""
        h_BH, c_BH = state
        return leak(linear(h_BH, self.W) + linear(x_BE, self.U, self.b), c_BH)

    @staticmethod
    def parameter_count(inputs: int, hidden: int) -> int:
        """Four blocks of U [H, E], W [H, H] and b [H]."""
        return GATES * (hidden * inputs + hidden * hidden + hidden)


class ConvLSTMCell(nn.Module):
    """An LSTM whose input, state and gates are images: each U and W is a bank of filters, so that a
    pixel's state is fed by its neighbours (Shi et al. 2015, eq. 3, without peepholes). With images
    of one pixel it is the LSTM. `kernel` is odd, so that an image keeps its size."""

    def __init__(self, channels: int, hidden: int, kernel: int) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"kernel {kernel} is even: the image would change its size")
        self.hidden = hidden
        bank = GATES * hidden, hidden, kernel, kernel
        self.W = nn.Parameter(nn.init.xavier_uniform_(torch.empty(*bank)))
        bank = GATES * hidden, channels, kernel, kernel
        self.U = nn.Parameter(nn.init.xavier_uniform_(torch.empty(*bank)))
        self.b = nn.Parameter(torch.zeros(GATES * hidden))
        self.b.data[hidden : 2 * hidden] = 1.0

    def initial(self, x: Tensor) -> State:
        zeros = x.new_zeros(len(x), self.hidden, *x.shape[2:])
        return (zeros, zeros)

    def forward(self, x_BEYX: Tensor, state: State) -> State:
        """float [B, E, Y, X], ([B, H, Y, X], [B, H, Y, X]) -> the same two."""
        h_BHYX, c_BHYX = state
        remembered = conv2d(h_BHYX, self.W, padding="same")
        fed = remembered + conv2d(x_BEYX, self.U, self.b, padding="same")
        return leak(fed, c_BHYX)


class DeepCell(nn.Module):
    """Any cell with a layer that is not recurrent between two of its states (b), which makes the
    way from step to step longer; with `skip` past it, the short way stays open too (c). Figure
    10.13; Pascanu et al. 2014."""

    def __init__(self, cell: "ElmanCell | LSTMCell", skip: bool) -> None:
        super().__init__()
        self.hidden = cell.hidden
        self.cell = cell
        self.skip = skip
        self.between = nn.Linear(cell.hidden, cell.hidden)

    def initial(self, x: Tensor) -> State:
        return self.cell.initial(x)

    def forward(self, x_BE: Tensor, state: State) -> State:
        """As the cell's own."""
        h_BH, *others = self.cell(x_BE, state)
        deeper_BH = torch.tanh(self.between(h_BH))
        return (h_BH + deeper_BH if self.skip else deeper_BH, *others)


def leak(fed: Tensor, c: Tensor) -> State:
    """What the four blocks were fed, [B, 4H, ...] in the order of GATES, and the leaky state
    [B, H, ...] -> the next h and c."""
    gate, forget, squashed, shown = fed.chunk(GATES, dim=1)
    c = torch.sigmoid(forget) * c + torch.sigmoid(gate) * torch.tanh(squashed)
    return torch.sigmoid(shown) * torch.tanh(c), c


def load_library(cell: LSTMCell, weights: Mapping[str, Tensor], suffix: str = "l0") -> None:
    """Take over the weights of one layer and direction of a `torch.nn.LSTM`'s state dict."""
    cell.W.data.copy_(weights[f"weight_hh_{suffix}"])
    cell.U.data.copy_(weights[f"weight_ih_{suffix}"])
    # The library has two biases that are only ever added.
    cell.b.data.copy_(weights[f"bias_ih_{suffix}"] + weights[f"bias_hh_{suffix}"])


def library_weights(cell: LSTMCell, suffix: str = "l0") -> dict[str, Tensor]:
    """The same weights as a `torch.nn.LSTM` names them."""
    return {
        f"weight_hh_{suffix}": cell.W.detach(),
        f"weight_ih_{suffix}": cell.U.detach(),
        f"bias_ih_{suffix}": cell.b.detach(),
        f"bias_hh_{suffix}": torch.zeros_like(cell.b),
    }
