"""The value of an arithmetic expression, by a recursive network along its tree.

Values are taken modulo 5, so that no rough idea of size will do. The baseline sees which symbols
occur and how often, but not where: a linear model of their counts.
"""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from model.tree import NO_CHILD, TreeRNN
from training.tasks.result import Result, fit

MODULUS, OPERATORS, LEAVES, ROWS = 5, "+-*", 6, 64
SYMBOLS = MODULUS + len(OPERATORS)


@dataclass(frozen=True)
class Forest:
    """N nodes of B trees, children first: `symbols` int64 [N], `children` int64 [N, 2], `values`
    int64 [N] of every subtree, `roots` int64 [B]."""

    symbols: Tensor
    children: Tensor
    values: Tensor
    roots: Tensor


class Calculator(nn.Module):
    """The value of every subtree: logits [N, MODULUS]."""

    def __init__(self, hidden: int = 96) -> None:
        super().__init__()
        self.tree = TreeRNN(SYMBOLS, hidden)
        self.output = nn.Linear(hidden, MODULUS)

    def forward(self, forest: Forest) -> Tensor:
        states = self.tree(one_hot(forest.symbols, SYMBOLS).float(), forest.children)
        logits: Tensor = self.output(states)
        return logits


def run(seed: int, steps: int) -> list[Result]:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Calculator()
    fit(network, steps, 3e-3, lambda _: _loss(network, draw(rng, ROWS)))
    fresh = draw(rng, 2000)
    with torch.no_grad():
        said = network(fresh)[fresh.roots].argmax(1)
    right = 100 * float((said == fresh.values[fresh.roots]).float().mean())
    name = f"value of an expression, 2 to {LEAVES} numbers"
    return [Result(name, "TreeRNN", "% right", right, 95, _counted(rng), "symbols counted")]


def draw(rng: np.random.Generator, trees: int) -> Forest:
    symbols: list[int] = []
    children: list[tuple[int, int]] = []
    values: list[int] = []

    def grow(leaves: int) -> int:
        """Append a tree of so many numbers; its root's number."""
        if leaves == 1:
            symbol = int(rng.integers(MODULUS))
            pair, value = (NO_CHILD, NO_CHILD), symbol
        else:
            left = int(rng.integers(1, leaves))
            pair = grow(left), grow(leaves - left)
            operator = int(rng.integers(len(OPERATORS)))
            symbol, value = (
                MODULUS + operator,
                apply(OPERATORS[operator], *(values[i] for i in pair)),
            )
        symbols.append(symbol)
        children.append(pair)
        values.append(value)
        return len(symbols) - 1

    roots = [grow(int(rng.integers(2, LEAVES + 1))) for _ in range(trees)]
    return Forest(*(torch.tensor(part) for part in (symbols, children, values, roots)))


def apply(operator: str, left: int, right: int) -> int:
    result = {"+": left + right, "-": left - right, "*": left * right}[operator]
    return result % MODULUS


def _loss(network: Calculator, forest: Forest) -> Tensor:
    """Every subtree is an expression too."""
    return cross_entropy(network(forest), forest.values)


def _counted(rng: np.random.Generator) -> float:
    def counts(forest: Forest) -> tuple[np.ndarray, np.ndarray]:
        owner = np.searchsorted(forest.roots.numpy(), np.arange(len(forest.symbols)))
        seen = np.zeros((len(forest.roots), SYMBOLS))
        np.add.at(seen, (owner, forest.symbols.numpy()), 1)
        return seen, forest.values[forest.roots].numpy()

    model = LogisticRegression(max_iter=2000).fit(*counts(draw(rng, 5000)))
    return 100 * float(model.score(*counts(draw(rng, 2000))))
