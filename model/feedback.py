"""The previous output drives the next step: sequence to sequence, and context to sequence.

In training the true outputs are fed back (teacher forcing; Williams & Zipser 1989; Goodfellow,
Bengio, Courville 2016, section 10.2.1), running it feeds its own. With a cell that has no hidden
connection the fed output is all that it knows of the past (their figure 10.4).

Axes: B rows, T steps, E input width, O output width, C context width.
"""

from enum import Enum

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from model.cells import Cell, State
from model.recurrent import unroll_fed


class Fed(Enum):
    """What of an output is fed back: its values, or which of them is the greatest (one-hot)."""

    VALUES = "values"
    CLASS = "class"


class FeedbackRNN(nn.Module):
    """Any cell of inputs E + O: at every step it sees x^t beside y^{t-1}, zeros at first."""

    def __init__(self, cell: Cell, outputs: int, fed: Fed) -> None:
        super().__init__()
        self.cell = cell
        self.output = nn.Linear(cell.hidden, outputs)
        self.fed = fed

    def forward(
        self, x_BTE: Tensor, y_BTO: Tensor | None = None, state: State | None = None
    ) -> Tensor:
        """float [B, T, E] -> outputs [B, T, O]. With the true `y_BTO`, as they would be fed, these
        are fed; without, its own. The cell begins with `state`, or with zeros."""

        def step(t: int, previous: Tensor, state: State) -> tuple[Tensor, State]:
            state = self.cell(torch.cat([x_BTE[:, t], previous], dim=1), state)
            return self.output(state[0]), state

        def feed(t: int, o_BO: Tensor) -> Tensor:
            return self._feed(o_BO) if y_BTO is None else y_BTO[:, t]

        nothing = x_BTE.new_zeros(len(x_BTE), self.output.out_features)
        state = self.cell.initial(x_BTE[:, 0]) if state is None else state
        return unroll_fed(step, feed, nothing, state, x_BTE.shape[1])

    def _feed(self, o_BO: Tensor) -> Tensor:
        if self.fed is Fed.VALUES:
            return o_BO
        return one_hot(o_BO.argmax(1), o_BO.shape[1]).to(o_BO.dtype)


class Coupling(Enum):
    """Which steps of a decoder see the context."""

    FIRST = "first"
    EVERY = "every"


class ContextDecoder(nn.Module):
    """One context to a sequence (figures 10.9 and 10.10): each output is fed to the next step, and
    the context to the first step alone or to every one. The cell's inputs are C + O."""

    def __init__(self, cell: Cell, outputs: int, coupling: Coupling, fed: Fed = Fed.VALUES) -> None:
        super().__init__()
        self.unrolled = FeedbackRNN(cell, outputs, fed)
        self.coupling = coupling

    def forward(self, context_BC: Tensor, steps: int, y_BTO: Tensor | None = None) -> Tensor:
        """float [B, C] -> outputs [B, T, O]; the true `y_BTO` are fed if given."""
        x_BTC = context_BC[:, None].repeat(1, steps, 1)
        if self.coupling is Coupling.FIRST:
            x_BTC[:, 1:] = 0
        outputs: Tensor = self.unrolled(x_BTC, y_BTO)
        return outputs
