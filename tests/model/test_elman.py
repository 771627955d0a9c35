"""Back-propagation through time by hand is what autograd finds, to the last digits."""

import torch
from torch import Tensor

from model.elman import BackPropagationThroughTime, ElmanRNN
from model.recurrent import at, both_ways, unroll


def network() -> ElmanRNN:
    torch.manual_seed(5)
    rnn = ElmanRNN(4, 6, 3).double()
    for parameter in rnn.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return rnn


def by_autograd(rnn: ElmanRNN, x: Tensor) -> Tensor:
    """The same network, its gradient left to the library."""
    return unroll(rnn.cell, x)[0] @ rnn.V.T + rnn.c


def gradients(loss: Tensor, rnn: ElmanRNN, x: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad(loss, [x, *rnn.parameters()])


def test_gradcheck() -> None:
    rnn = network()
    x = torch.randn(2, 5, 4, dtype=torch.float64, requires_grad=True)
    cell = rnn.cell
    inputs = (x, cell.W, cell.U, cell.b, rnn.V, rnn.c)
    assert torch.autograd.gradcheck(BackPropagationThroughTime.apply, inputs)


def test_sequence_to_sequence_has_autograds_gradients() -> None:
    rnn = network()
    x = torch.randn(3, 9, 4, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(0, 3, (3, 9))
    losses = [
        torch.nn.functional.cross_entropy(o.flatten(0, 1), labels.flatten())
        for o in (rnn(x), by_autograd(rnn, x))
    ]
    for ours, theirs in zip(*(gradients(loss, rnn, x) for loss in losses), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-10, rtol=0)


def test_sequence_to_single_output_has_autograds_gradients_whatever_the_padding() -> None:
    rnn = network()
    x = torch.randn(3, 9, 4, dtype=torch.float64)
    lengths = torch.tensor([9, 1, 5])
    results = []
    for filler in (0.0, 1e3):
        padded = x.clone()
        for row, length in enumerate(lengths):
            padded[row, length:] = filler
        padded.requires_grad_()
        for outputs in (rnn(padded), by_autograd(rnn, padded)):
            results.append(gradients((at(outputs, lengths - 1) ** 2).sum(), rnn, padded))
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-10, rtol=0)


def test_the_first_gradient_is_the_lectures() -> None:
    """With softmax and cross-entropy, the gradient of the outputs is y_hat - y."""
    rnn = network()
    x, label = torch.randn(1, 1, 4, dtype=torch.float64), torch.tensor([2])
    o = rnn(x)
    o.retain_grad()
    torch.nn.functional.cross_entropy(o[0], label).backward()  # type: ignore[no-untyped-call]
    expected = o.detach()[0].softmax(1) - torch.nn.functional.one_hot(label, 3)
    assert o.grad is not None
    torch.testing.assert_close(o.grad[0], expected)


def test_both_ways_padding_does_not_reach_the_outputs() -> None:
    ahead, back = network(), network()
    x = torch.randn(2, 7, 4, dtype=torch.float64)
    long = torch.cat([x, torch.full((2, 3, 4), 1e3, dtype=torch.float64)], dim=1)
    lengths = torch.tensor([7, 4])
    short = both_ways(ahead, back, x, lengths)
    padded = both_ways(ahead, back, long, lengths)
    torch.testing.assert_close(padded[0, :7], short[0])
    torch.testing.assert_close(padded[1, :4], short[1, :4])
    alone = both_ways(ahead, back, x[1:, :4], torch.tensor([4]))
    torch.testing.assert_close(alone[0], short[1, :4])


def test_in_bfloat16_training_it_computes_in_the_precision_of_its_parameters() -> None:
    rnn = ElmanRNN(4, 6, 3)
    x = torch.randn(2, 5, 4)
    with torch.autocast("cpu", torch.bfloat16):
        o = rnn(x.bfloat16())
    assert o.dtype == torch.float32
    o.sum().backward()
    assert rnn.cell.W.grad is not None
