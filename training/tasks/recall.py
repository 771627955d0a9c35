"""Delayed recall: the first symbol of a sequence, asked for at its end, other symbols between.

To learn it, the gradient has to reach the first step (Hochreiter 1991, Bengio et al. 1994). An
Elman network's is multiplied by W^T and the slope of a tanh at every step and fades; an LSTM's runs
back along its leaky state.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from model.elman import ElmanRNN
from model.encoders import Library
from model.recurrent import initialise
from training.tasks.result import Result, fit

SYMBOLS, HIDDEN, ROWS = 8, 32, 64
DELAYS = (5, 20, 60)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Recall:
    """`accuracy` of each network by delay; `gradients`, the mean norm of the gradient of the last
    step's loss at each step of a sequence of the longest delay, before training."""

    accuracy: dict[str, dict[int, float]]
    gradients: dict[str, Floats]


class Recaller(nn.Module):
    """A recurrent layer that says at its last step which symbol came first."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer
        self.output = nn.Linear(HIDDEN, SYMBOLS)

    def forward(self, x_BTE: Tensor) -> Tensor:
        logits: Tensor = self.output(self.layer(x_BTE)[:, -1])
        return logits


def run(seed: int, steps: int) -> tuple[list[Result], Recall]:
    accuracy: dict[str, dict[int, float]] = {"Elman": {}, "LSTM": {}}
    gradients = {}
    for name in accuracy:
        for delay in DELAYS:
            torch.manual_seed(seed)
            network = make(name)
            if delay == DELAYS[-1]:
                gradients[name] = gradient_norms(network, delay)
            fit(network, steps, 5e-3, lambda _, n=network, d=delay: _loss(n, d))  # type: ignore[misc]
            accuracy[name][delay] = measure(network, delay)
    found = Recall(accuracy, gradients)
    long = DELAYS[-1]
    right = {name: 100 * by_delay[long] for name, by_delay in accuracy.items()}
    kept = {name: float(norms[0] / norms[-1]) for name, norms in gradients.items()}
    recalled, gradient = f"recall after {long} steps", f"gradient left after {long} steps"
    return [
        Result(recalled, "LSTM", "% right", right["LSTM"], 99, right["Elman"], "Elman"),
        Result(gradient, "LSTM", "share", kept["LSTM"], 10 * kept["Elman"], kept["Elman"], "Elman"),
    ], found


def make(name: str) -> Recaller:
    if name == "Elman":
        return Recaller(ElmanRNN(SYMBOLS, HIDDEN, HIDDEN))
    lstm = nn.LSTM(SYMBOLS, HIDDEN, batch_first=True)
    initialise(lstm, HIDDEN)
    return Recaller(Library(lstm))


def draw(delay: int, rows: int) -> tuple[Tensor, Tensor]:
    """One-hot float [B, 1 + delay, SYMBOLS] and the first symbols, int64 [B]."""
    ids = torch.randint(0, SYMBOLS, (rows, 1 + delay))
    return one_hot(ids, SYMBOLS).float(), ids[:, 0]


def gradient_norms(network: Recaller, delay: int) -> Floats:
    x, first = draw(delay, 256)
    x.requires_grad_()
    cross_entropy(network(x), first).backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    norms: Floats = x.grad.norm(dim=2).mean(0).double().numpy()
    return norms


@torch.no_grad()
def measure(network: Recaller, delay: int) -> float:
    x, first = draw(delay, 2000)
    return float((network(x).argmax(1) == first).float().mean())


def _loss(network: Recaller, delay: int) -> Tensor:
    x, first = draw(delay, ROWS)
    return cross_entropy(network(x), first)
