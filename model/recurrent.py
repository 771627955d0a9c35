"""Unrolling over time, in both directions, over padded batches.

A batch is padded, not packed: on a CPU one matrix product a step over the whole batch is several
times faster than the ragged products of a packed sequence (docs/log.md). Padding cannot reach a
result, because the backward direction reads each row reversed *within its own length*, so that in
both directions the padding comes last.

Axes: B rows, T steps, E input width, H hidden width.
"""

import torch
from torch import Tensor, nn


def step_mask(lengths: Tensor, steps: int) -> Tensor:
    """bool [B, T]: which steps of each row are no padding. `lengths` is int64 [B]."""
    return torch.arange(steps, device=lengths.device)[None, :] < lengths[:, None]


def reverse_within(x_BTE: Tensor, lengths: Tensor) -> Tensor:
    """Each row's first `lengths[b]` steps reversed, its padding left where it is; [B, T, E]."""
    rows, steps = x_BTE.shape[:2]
    step_T = torch.arange(steps, device=x_BTE.device)[None, :]
    last_B = lengths[:, None] - 1
    index_BT = torch.where(step_T <= last_B, last_B - step_T, step_T)
    index_BT = index_BT + steps * torch.arange(rows, device=x_BTE.device)[:, None]
    # One flat index_select: several times faster than a gather along T, forward and backward.
    return x_BTE.flatten(0, 1).index_select(0, index_BT.flatten()).view_as(x_BTE)


class BidirectionalLSTM(nn.Module):
    """Two LSTMs (Hochreiter & Schmidhuber 1997), one reading forward and one backward.

    Schuster & Paliwal 1997. The states of both directions stand side by side in the output.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.forward_lstm = nn.LSTM(inputs, hidden, batch_first=True)
        self.backward_lstm = nn.LSTM(inputs, hidden, batch_first=True)
        for lstm in (self.forward_lstm, self.backward_lstm):
            initialise(lstm, hidden)

    def forward(self, x_BTE: Tensor, lengths: Tensor) -> Tensor:
        """float [B, T, E] and int64 [B] -> [B, T, 2H]; values at padded steps mean nothing."""
        h_BTH, _ = self.forward_lstm(x_BTE)
        g_BTH, _ = self.backward_lstm(reverse_within(x_BTE, lengths))
        return torch.cat([h_BTH, reverse_within(g_BTH, lengths)], dim=2)


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
