"""The cells are the equations: equal to the library's, to each other at their limits, by hand."""

import math

import pytest
import torch
from torch import Tensor, nn

from model.cells import (
    ConvLSTMCell,
    DeepCell,
    ElmanCell,
    LSTMCell,
    library_weights,
    load_library,
)
from model.recurrent import unroll

TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-12}


def both(dtype: torch.dtype) -> tuple[LSTMCell, nn.LSTM]:
    torch.manual_seed(3)
    library = nn.LSTM(5, 7, batch_first=True, dtype=dtype)
    cell = LSTMCell(5, 7).to(dtype)
    load_library(cell, library.state_dict())
    return cell, library


def test_an_elman_step_by_hand() -> None:
    cell = ElmanCell(1, 1)
    for parameter, value in ((cell.W, 0.5), (cell.U, 2.0), (cell.b, -0.25)):
        parameter.data.fill_(value)
    (h,) = cell(torch.tensor([[0.3]]), (torch.tensor([[0.8]]),))
    assert h.item() == pytest.approx(math.tanh(0.5 * 0.8 + 2.0 * 0.3 - 0.25))


def test_an_elman_cell_that_is_not_connected_forgets() -> None:
    cell = ElmanCell(2, 3, connected=False)
    x = torch.randn(1, 2)
    assert torch.equal(cell(x, (torch.ones(1, 3),))[0], cell(x, cell.initial(x))[0])
    assert not cell.W.requires_grad


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_lstm_is_the_librarys(dtype: torch.dtype) -> None:
    cell, library = both(dtype)
    x = torch.randn(3, 11, 5, dtype=dtype)
    ours, (h, c) = unroll(cell, x)
    theirs, (their_h, their_c) = library(x)
    for mine, other in ((ours, theirs), (h, their_h[0]), (c, their_c[0])):
        torch.testing.assert_close(mine, other, atol=TOLERANCE[dtype], rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_so_are_its_gradients(dtype: torch.dtype) -> None:
    cell, library = both(dtype)
    inputs = torch.randn(3, 11, 5, dtype=dtype)
    ours, theirs = inputs.clone().requires_grad_(), inputs.clone().requires_grad_()
    pull = torch.randn(3, 11, 7, dtype=dtype) / 100
    (unroll(cell, ours)[0] * pull).sum().backward()  # type: ignore[no-untyped-call]
    (library(theirs)[0] * pull).sum().backward()
    grads = dict(library.named_parameters())
    pairs: list[tuple[Tensor | None, Tensor | None]] = [
        (ours.grad, theirs.grad),
        (cell.W.grad, grads["weight_hh_l0"].grad),
        (cell.U.grad, grads["weight_ih_l0"].grad),
        (cell.b.grad, grads["bias_ih_l0"].grad),
    ]
    for mine, other in pairs:
        torch.testing.assert_close(mine, other, atol=TOLERANCE[dtype], rtol=0)


def test_weights_go_to_the_library_and_back() -> None:
    torch.manual_seed(0)
    cell, library, again = LSTMCell(4, 6), nn.LSTM(4, 6, batch_first=True), LSTMCell(4, 6)
    library.load_state_dict(library_weights(cell))
    x = torch.randn(2, 5, 4)
    torch.testing.assert_close(library(x)[0], unroll(cell, x)[0], atol=1e-6, rtol=0)
    load_library(again, library.state_dict())
    assert torch.equal(unroll(again, x)[0], unroll(cell, x)[0])


@pytest.mark.parametrize(("inputs", "hidden"), [(1, 1), (5, 7), (128, 64)])
def test_the_lstms_parameters_are_as_many_as_the_formula_says(inputs: int, hidden: int) -> None:
    counted = sum(p.numel() for p in LSTMCell(inputs, hidden).parameters())
    assert counted == LSTMCell.parameter_count(inputs, hidden)
    assert counted == 4 * hidden * (inputs + hidden + 1)


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_on_one_pixel_a_convolutional_lstm_is_the_lstm(kernel: int) -> None:
    torch.manual_seed(1)
    conv, cell = ConvLSTMCell(4, 6, kernel).double(), LSTMCell(4, 6).double()
    middle = kernel // 2  # the others see the padding alone
    cell.W.data.copy_(conv.W[:, :, middle, middle])
    cell.U.data.copy_(conv.U[:, :, middle, middle])
    cell.b.data.copy_(conv.b)
    x = torch.randn(2, 5, 4, dtype=torch.float64)
    images, _ = unroll(conv, x[..., None, None])
    torch.testing.assert_close(images[..., 0, 0], unroll(cell, x)[0], atol=1e-12, rtol=0)


def test_a_convolutional_lstm_moves_with_its_image() -> None:
    torch.manual_seed(2)
    cell = ConvLSTMCell(1, 3, 3)
    x = torch.zeros(1, 3, 1, 9, 9)
    x[:, :, :, 2:4, 2:4] = torch.rand(1, 3, 1, 2, 2)
    moved = x.roll((2, 1), dims=(3, 4))
    inner = unroll(cell, x)[0][..., 1:6, 1:7]
    torch.testing.assert_close(unroll(cell, moved)[0][..., 3:8, 2:8], inner)


def test_an_even_kernel_is_refused() -> None:
    with pytest.raises(ValueError, match="even"):
        ConvLSTMCell(1, 2, 4)


def test_a_deep_cell_has_a_layer_between_its_states_and_perhaps_a_way_past_it() -> None:
    torch.manual_seed(4)
    inner = ElmanCell(3, 4)
    plain, skipping = DeepCell(inner, skip=False), DeepCell(inner, skip=True)
    skipping.between = plain.between
    x, state = torch.randn(2, 3), (torch.randn(2, 4),)
    (h,) = inner(x, state)
    deeper = torch.tanh(plain.between(h))
    assert torch.equal(plain(x, state)[0], deeper)
    assert torch.equal(skipping(x, state)[0], h + deeper)
