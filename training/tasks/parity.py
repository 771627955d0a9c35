"""Running parity: is the number of ones so far odd? The last answer and the new bit decide, so a
network whose outputs are fed back needs no other memory: here it has no hidden connection at all.
Trained on short sequences with the true outputs fed, it runs on long ones with its own."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from model.cells import ElmanCell
from model.feedback import Fed, FeedbackRNN
from training.tasks.result import Result, fit

TRAINED, RUN, HIDDEN = 10, 500, 8


def run(seed: int, steps: int) -> list[Result]:
    torch.manual_seed(seed)
    network = FeedbackRNN(ElmanCell(1 + 2, HIDDEN, connected=False), 2, Fed.CLASS)
    fit(network, steps, 0.02, lambda _: _loss(network))
    bits, odd = draw(RUN, 200)
    with torch.no_grad():
        fed = _right(network(bits), odd)
        # The same network, fed nothing: what the bit of the moment says alone.
        alone = _right(network(bits, torch.zeros(*odd.shape, 2)), odd)
    task = f"parity over {RUN} bits"
    return [Result(task, "outputs fed back", "% of sequences", fed, 100, alone, "not fed")]


def draw(steps: int, rows: int) -> tuple[Tensor, Tensor]:
    """Bits float [B, T, 1] and the parity so far, int64 [B, T]."""
    bits = torch.randint(0, 2, (rows, steps))
    return bits[..., None].float(), bits.cumsum(1) % 2


def _loss(network: FeedbackRNN) -> Tensor:
    bits, odd = draw(TRAINED, 64)
    outputs = network(bits, one_hot(odd, 2).float())
    return cross_entropy(outputs.flatten(0, 1), odd.flatten())


def _right(outputs: Tensor, odd: Tensor) -> float:
    """Per cent of the sequences with every answer right."""
    return 100 * float((outputs.argmax(2) == odd).all(1).float().mean())
