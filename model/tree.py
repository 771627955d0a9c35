"""A recursive network: the same weights up a tree, where a recurrent one has them along a chain.

Goodfellow, Bengio, Courville 2016, section 10.6; Pollack 1990; Socher et al. 2011. A node is fed
the states of its two children and an input of its own:

    h = tanh(W_left h_left + W_right h_right + U x + b),   h = 0 where a child is missing

On a tree in which every node has a left child alone, this is the Elman network of the chain.

Axes: N nodes of all trees together, E input width, H hidden width.
"""

import torch
from torch import Tensor, nn

NO_CHILD = -1


class TreeRNN(nn.Module):
    """Binary trees, many at once, level by level from the leaves."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.left = nn.Parameter(nn.init.orthogonal_(torch.empty(hidden, hidden)))
        self.right = nn.Parameter(nn.init.orthogonal_(torch.empty(hidden, hidden)))
        self.U = nn.Parameter(nn.init.xavier_uniform_(torch.empty(hidden, inputs)))
        self.b = nn.Parameter(torch.zeros(hidden))

    def forward(self, x_NE: Tensor, children_N2: Tensor) -> Tensor:
        """float [N, E]; int64 [N, 2], the numbers of a node's left and right child, both smaller
        than its own, or NO_CHILD -> the state of every node, [N, H]."""
        fed_NH = x_NE @ self.U.T + self.b
        # Row N is the child that is missing.
        h_NH = torch.cat([torch.zeros_like(fed_NH), fed_NH.new_zeros(1, self.hidden)])
        for rows in levels(children_N2):
            left, right = children_N2[rows].unbind(1)
            a = fed_NH[rows] + h_NH[left] @ self.left.T + h_NH[right] @ self.right.T
            h_NH = h_NH.index_copy(0, rows, torch.tanh(a))
        return h_NH[:-1]


def levels(children_N2: Tensor) -> list[Tensor]:
    """The nodes by their height, leaves first, so that a level's children are all in earlier ones;
    int64 each. Raises ValueError for a child that does not come before its node."""
    height: list[int] = []
    for node, children in enumerate(children_N2.tolist()):
        if any(not NO_CHILD <= child < node for child in children):
            raise ValueError(f"node {node} has a child that does not come before it: {children}")
        height.append(1 + max(height[child] if child >= 0 else -1 for child in children))
    by_height = torch.tensor(height)
    return [torch.nonzero(by_height == level).squeeze(1) for level in range(max(height) + 1)]
