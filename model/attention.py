"""Ways to say a sequence in one vector, and a way to point into one; padding left out.

Axes: B rows, T steps, D state width.
"""

import torch
from torch import Tensor, nn


def masked_mean(x_BTD: Tensor, mask_BT: Tensor) -> Tensor:
    """Mean over the unmasked steps, of finite values; [B, D]. A row without steps yields zeros."""
    total = torch.bmm(mask_BT[:, None].to(x_BTD.dtype), x_BTD).squeeze(1)
    return total / mask_BT.sum(1, keepdim=True).clamp(min=1)


def masked_max(x_BTD: Tensor, mask_BT: Tensor) -> Tensor:
    """Maximum over the unmasked steps; [B, D]. A row without steps yields zeros."""
    filled = x_BTD.masked_fill(~mask_BT[:, :, None], torch.finfo(x_BTD.dtype).min)
    return filled.amax(1) * mask_BT.any(1, keepdim=True)


class AdditiveAttention(nn.Module):
    """Weights from a small network with one hidden layer (Bahdanau et al. 2015, eq. 6), the query
    being a learnt vector (Yang et al. 2016, eq. 5-7)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, hidden)
        self.query = nn.Linear(hidden, 1, bias=False)

    def forward(self, x_BTD: Tensor, mask_BT: Tensor) -> Tensor:
        """The weighted mean of the unmasked steps; [B, D]."""
        scores_BT = self.query(torch.tanh(self.project(x_BTD))).squeeze(2).float()
        scores_BT = scores_BT.masked_fill(~mask_BT, torch.finfo(scores_BT.dtype).min)
        weights_BT = scores_BT.softmax(1).to(x_BTD.dtype)
        return torch.bmm(weights_BT[:, None], x_BTD).squeeze(1)


class PointerAttention(nn.Module):
    """Scores that are the output themselves: u_j = v^T tanh(W1 e_j + W2 d) (Vinyals et al. 2015,
    eq. 3), here with a query of its own for each number pointed at. In two halves, so that pointing
    again with more known does not begin anew."""

    def __init__(self, state: int, query: int, hidden: int) -> None:
        super().__init__()
        self.state = nn.Linear(state, hidden)
        self.query = nn.Linear(query, hidden, bias=False)
        self.output = nn.Linear(hidden, 1, bias=False)

    def prepare(self, state: Tensor, query: Tensor) -> Tensor:
        """What goes into the tanh: [..., state] and [..., query] -> [..., hidden]."""
        prepared: Tensor = self.state(state) + self.query(query)
        return prepared

    def score(self, prepared: Tensor) -> Tensor:
        """[..., hidden] -> unnormalised scores [...]."""
        scores: Tensor = self.output(torch.tanh(prepared)).squeeze(-1)
        return scores
