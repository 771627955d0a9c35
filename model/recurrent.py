"""Unrolling over time, in both directions, over padded batches.

A batch is padded, not packed: on a CPU one matrix product a step over the whole batch is several
times faster than the ragged products of a packed sequence (docs/log.md). Padding cannot reach a
result, because the backward direction reads each row reversed *within its own length*, so that in
both directions the padding comes last.

Axes: B rows, T steps, E input width, H hidden width.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from model.cells import Cell, State


def step_mask(lengths: Tensor, steps: int) -> Tensor:
    """bool [B, T]: which steps of each row are no padding. `lengths` is int64 [B]."""
    return torch.arange(steps, device=lengths.device)[None, :] < lengths[:, None]


def reverse_within(x_BTE: Tensor, lengths: Tensor) -> Tensor:
    """Each row's first `lengths[b]` steps reversed, its padding left where it is; [B, T, E]."""
    return _taken(x_BTE, _reversal(lengths, x_BTE.shape[1]))


def _reversal(lengths: Tensor, steps: int) -> Tensor:
    """Where each step of each row comes from when rows are reversed, in a batch laid flat;
    [B * T]."""
    step_T = torch.arange(steps, device=lengths.device)
    last_B1 = lengths[:, None] - 1
    index_BT = torch.where(step_T <= last_B1, last_B1 - step_T, step_T)
    first_B1 = torch.arange(0, len(lengths) * steps, steps, device=lengths.device)[:, None]
    return (index_BT + first_B1).flatten()


def _taken(x_BTE: Tensor, index: Tensor) -> Tensor:
    # One flat index_select: several times faster than a gather along T, forward and backward.
    return x_BTE.flatten(0, 1).index_select(0, index).view_as(x_BTE)


def scan(step: Callable[[Tensor, State], State], x: Tensor, state: State) -> list[State]:
    """The state after each step over [B, T, ...], from `state`."""
    states = []
    for x_t in x.unbind(1):
        state = step(x_t, state)
        states.append(state)
    return states


def unroll(
    cell: Cell, x: Tensor, lengths: Tensor | None = None, state: State | None = None
) -> tuple[Tensor, State]:
    """Run a cell over [B, T, ...], from `state` or from zeros; without `lengths` over all steps.

    Both output modes: h at every step, [B, T, H, ...], which means nothing at padded steps; and
    the state at each row's own last step, whose first tensor is the summary of the sequence.
    """
    state = cell.initial(x[:, 0]) if state is None else state
    states = scan(cell, x, state)
    h = torch.stack([after[0] for after in states], dim=1)
    if lengths is None:
        return h, states[-1]
    # A row without a step stays at what it began with.
    every = (torch.stack(parts, dim=1) for parts in zip(state, *states, strict=True))
    return h, tuple(at(part, lengths) for part in every)


def unroll_fed(
    step: Callable[[int, Tensor, State], tuple[Tensor, State]],
    feed: Callable[[int, Tensor], Tensor],
    previous: Tensor,
    state: State,
    steps: int,
) -> Tensor:
    """Run what is fed its previous output; -> its outputs, [B, T, ...].

    `step` gets the number of the step, what is fed (`previous` at first) and the state, and gives
    an output and a state. `feed` makes of an output what the next step is fed: something of that
    output, or in training the truth in its place (teacher forcing).
    """
    outputs = []
    for t in range(steps):
        output, state = step(t, previous, state)
        outputs.append(output)
        previous = feed(t, output)
    return torch.stack(outputs, dim=1)


def at(x_BTE: Tensor, step_B: Tensor) -> Tensor:
    """Each row at a step of its own, [B, E]; `step_B` int64. A row's last is at its length - 1."""
    return x_BTE[torch.arange(len(x_BTE), device=x_BTE.device), step_B]


def both_ways(
    ahead: Callable[[Tensor], Tensor], back: Callable[[Tensor], Tensor], x: Tensor, lengths: Tensor
) -> Tensor:
    """One reading forward (h) and one backward (g), side by side; Schuster & Paliwal 1997.

    Both take [B, T, E] and give [B, T, H], in order; -> [B, T, 2H]; values at padded steps mean
    nothing."""
    reversal = _reversal(lengths, x.shape[1])
    h_BTH = ahead(x)
    g_BTH = back(_taken(x, reversal))
    return torch.cat([h_BTH, _taken(g_BTH, reversal)], dim=2)


class BidirectionalLSTM(nn.Module):
    """Two of the library's LSTMs, each unrolled by one call: what serves."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.forward_lstm = nn.LSTM(inputs, hidden, batch_first=True)
        self.backward_lstm = nn.LSTM(inputs, hidden, batch_first=True)
        for lstm in (self.forward_lstm, self.backward_lstm):
            initialise(lstm, hidden)

    def forward(self, x_BTE: Tensor, lengths: Tensor) -> Tensor:
        """float [B, T, E] and int64 [B] -> [B, T, 2H]; values at padded steps mean nothing."""
        return both_ways(
            lambda x: self.forward_lstm(x)[0], lambda x: self.backward_lstm(x)[0], x_BTE, lengths
        )


def initialise(lstm: nn.LSTM, hidden: int) -> None:
    """Orthogonal transitions (Saxe et al. 2014) and forget gates open at first (Gers et al.
    2000, Jozefowicz et al. 2015): both keep the gradient alive over a long mail."""
    for name, parameter in lstm.named_parameters():
        if "weight_hh" in name:
            for gate in parameter.data.view(4, hidden, hidden):
                nn.init.orthogonal_(gate)
        elif "weight_ih" in name:
            nn.init.xavier_uniform_(parameter)
        else:
            nn.init.zeros_(parameter)
            if "bias_ih" in name:
                parameter.data[hidden : 2 * hidden] = 1.0
