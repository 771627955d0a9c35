"""The recursive network: by hand, on a chain, and batched."""

import pytest
import torch

from model.cells import ElmanCell
from model.recurrent import unroll
from model.tree import NO_CHILD, TreeRNN, levels


@pytest.fixture
def tree() -> TreeRNN:
    torch.manual_seed(6)
    return TreeRNN(3, 5).double()


def test_on_a_chain_it_is_the_chain(tree: TreeRNN) -> None:
    cell = ElmanCell(3, 5).double()
    for mine, theirs in ((cell.W, tree.left), (cell.U, tree.U), (cell.b, tree.b)):
        mine.data.copy_(theirs)
    x = torch.randn(8, 3, dtype=torch.float64)
    chain = torch.tensor([[node - 1, NO_CHILD] for node in range(8)])
    torch.testing.assert_close(tree(x, chain), unroll(cell, x[None])[0][0], atol=1e-12, rtol=0)


def test_a_small_tree_by_its_equation(tree: TreeRNN) -> None:
    x = torch.randn(3, 3, dtype=torch.float64)
    h = tree(x, torch.tensor([[-1, -1], [-1, -1], [0, 1]]))
    fed = x @ tree.U.T + tree.b
    left, right = torch.tanh(fed[0]), torch.tanh(fed[1])
    torch.testing.assert_close(h[0], left)
    torch.testing.assert_close(h[2], torch.tanh(fed[2] + tree.left @ left + tree.right @ right))


def test_trees_side_by_side_do_not_see_each_other(tree: TreeRNN) -> None:
    x = torch.randn(6, 3, dtype=torch.float64)
    one = torch.tensor([[-1, -1], [-1, -1], [1, 0]])
    two = torch.cat([one, torch.where(one >= 0, one + 3, one)])
    torch.testing.assert_close(tree(x, two)[3:], tree(x[3:], one))


def test_gradients_reach_every_weight(tree: TreeRNN) -> None:
    x = torch.randn(3, 3, dtype=torch.float64)
    tree(x, torch.tensor([[-1, -1], [-1, -1], [0, 1]]))[2].sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in tree.parameters())


def test_levels_go_from_the_leaves_to_the_root() -> None:
    children = torch.tensor([[-1, -1], [-1, -1], [0, -1], [2, 1]])
    assert [level.tolist() for level in levels(children)] == [[0, 1], [2], [3]]


@pytest.mark.parametrize("child", [1, 2, -2])
def test_a_child_that_does_not_come_first_is_refused(child: int) -> None:
    with pytest.raises(ValueError, match="node 1"):
        levels(torch.tensor([[-1, -1], [child, -1]]))
