"""The bidirectional LSTM equals the library's, row by row, whatever the padding."""

import pytest
import torch
from torch import nn

from model.recurrent import BidirectionalLSTM, reverse_within, step_mask


def test_step_mask_by_hand() -> None:
    mask = step_mask(torch.tensor([2, 0, 3]), 3)
    assert mask.tolist() == [[True, True, False], [False] * 3, [True] * 3]


def test_each_row_is_reversed_within_its_own_length() -> None:
    x = torch.tensor([[1, 2, 3, 0], [4, 5, 6, 7], [8, 0, 0, 0]])[:, :, None].float()
    reversed_x = reverse_within(x, torch.tensor([3, 4, 1]))
    assert reversed_x[:, :, 0].tolist() == [[3, 2, 1, 0], [7, 6, 5, 4], [8, 0, 0, 0]]


def test_reversing_twice_changes_nothing() -> None:
    x, lengths = torch.randn(4, 9, 3), torch.tensor([9, 1, 5, 2])
    assert torch.equal(reverse_within(reverse_within(x, lengths), lengths), x)


@pytest.fixture
def ours() -> BidirectionalLSTM:
    torch.manual_seed(0)
    return BidirectionalLSTM(5, 7)


@pytest.fixture
def library(ours: BidirectionalLSTM) -> nn.LSTM:
    """torch's own bidirectional LSTM with the same weights."""
    lstm = nn.LSTM(5, 7, batch_first=True, bidirectional=True)
    weights = dict(ours.forward_lstm.named_parameters())
    weights |= {f"{n}_reverse": p for n, p in ours.backward_lstm.named_parameters()}
    lstm.load_state_dict(weights)
    return lstm


def test_it_equals_the_librarys(ours: BidirectionalLSTM, library: nn.LSTM) -> None:
    x = torch.randn(3, 11, 5)
    theirs, _ = library(x)
    torch.testing.assert_close(ours(x, torch.tensor([11, 11, 11])), theirs)


def test_it_equals_the_librarys_on_packed_rows_of_mixed_lengths(
    ours: BidirectionalLSTM, library: nn.LSTM
) -> None:
    x, lengths = torch.randn(4, 11, 5), torch.tensor([11, 1, 4, 7])
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    theirs, _ = nn.utils.rnn.pad_packed_sequence(library(packed)[0], batch_first=True)
    mask = step_mask(lengths, 11)[:, :, None]
    torch.testing.assert_close(ours(x, lengths) * mask, theirs * mask)


def test_padding_does_not_reach_the_states(ours: BidirectionalLSTM) -> None:
    x, lengths = torch.randn(1, 4, 5), torch.tensor([4])
    padded = torch.cat([x, torch.full((1, 6, 5), 1e3)], 1)
    torch.testing.assert_close(ours(padded, lengths)[:, :4], ours(x, lengths))


def test_forget_gates_are_open_and_transitions_orthogonal_at_first(ours: BidirectionalLSTM) -> None:
    for lstm in (ours.forward_lstm, ours.backward_lstm):
        weights = dict(lstm.named_parameters())
        assert weights["bias_ih_l0"][7:14].tolist() == [1.0] * 7
        assert weights["bias_hh_l0"].abs().sum() == 0
        for gate in weights["weight_hh_l0"].detach().chunk(4):
            torch.testing.assert_close(gate @ gate.T, torch.eye(7), atol=1e-5, rtol=0)
