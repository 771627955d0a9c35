"""The prototypical recurrent network and its gradient by hand: back-propagation through time.

Unrolled over a sequence (Goodfellow, Bengio, Courville 2016, eq. 10.8-10.11):

    a^t = W h^{t-1} + U x^t + b,   h^t = tanh(a^t),   o^t = V h^t + c

`BackPropagationThroughTime.backward` is the equations that lead from the gradients of the outputs
back to those of the parameters, and nothing else; autograd sees the whole network as one function.

Axes: B rows, T steps, E input width, H hidden width, O output width.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.nn.functional import linear

from model.cells import ElmanCell, elman
from model.recurrent import scan


class BackPropagationThroughTime(torch.autograd.Function):
    """x [B, T, E], W [H, H], U [H, E], b [H], V [O, H], c [O] -> o [B, T, O]."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, x: Tensor, W: Tensor, U: Tensor, b: Tensor, V: Tensor, c: Tensor
    ) -> Tensor:
        states = scan(
            lambda x_t, state: (elman(x_t, state[0], W, U, b),), x, (x.new_zeros(len(x), len(W)),)
        )
        h_BTH = torch.stack([h for (h,) in states], dim=1)
        ctx.save_for_backward(x, h_BTH, W, U, V)
        return linear(h_BTH, V, c)

    @staticmethod
    def backward(ctx: FunctionCtx, grad_o: Tensor) -> tuple[Tensor, ...]:
        x, h, W, U, V = ctx.saved_tensors  # type: ignore[attr-defined]
        slope = 1 - h * h  # f'(h^t), of a tanh whose value is h^t
        from_output = grad_o @ V  # V^T grad_{o^t} L, for every t
        grad_a = torch.empty_like(h)  # f'(h^t) grad_{h^t} L
        # grad_{h^tau} L = V^T grad_{o^tau} L                                          (10.19)
        grad_h = from_output[:, -1]
        grad_a[:, -1] = slope[:, -1] * grad_h
        # grad_{h^t} L = W^T f'(h^{t+1}) grad_{h^{t+1}} L + V^T grad_{o^t} L           (10.21)
        for t in range(h.shape[1] - 2, -1, -1):
            grad_h = grad_a[:, t + 1] @ W + from_output[:, t]
            grad_a[:, t] = slope[:, t] * grad_h
        grad_c = grad_o.sum((0, 1))  # (10.22)
        grad_b = grad_a.sum((0, 1))  # (10.23)
        grad_V = torch.einsum("bto,bth->oh", grad_o, h)  # (10.24)
        grad_W = torch.einsum("bth,btg->hg", grad_a[:, 1:], h[:, :-1])  # (10.26), h^0 = 0
        grad_U = torch.einsum("bth,bte->he", grad_a, x)  # (10.28)
        # And for what lies below: x^t reaches the loss by a^t alone.
        return grad_a @ U, grad_W, grad_U, grad_b, grad_V, grad_c


class ElmanRNN(nn.Module):
    """Sequence to sequence: an output at every step. For sequence to single output take the one at
    a row's own last step (model.recurrent.at): the gradients of all others are then zeros, and the
    equations hold as they are. Padding comes last, so it reaches no result."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.cell = ElmanCell(inputs, hidden)
        self.V = nn.Parameter(nn.init.xavier_uniform_(torch.empty(outputs, hidden)))
        self.c = nn.Parameter(torch.zeros(outputs))

    def forward(self, x_BTE: Tensor) -> Tensor:
        """float [B, T, E], T at least 1 -> [B, T, O]."""
        cell = self.cell
        # The equations are carried out in the precision of the parameters.
        with torch.autocast(x_BTE.device.type, enabled=False):
            o_BTO: Tensor = BackPropagationThroughTime.apply(  # type: ignore[no-untyped-call]
                x_BTE.to(cell.W.dtype), cell.W, cell.U, cell.b, self.V, self.c
            )
        return o_BTO
