"""Poolings, worked out by hand; padding never counts."""

import torch

from model.attention import AdditiveAttention, masked_max, masked_mean

X = torch.tensor([[[1.0, -5.0], [3.0, -7.0], [100.0, 100.0]], [[2.0, 2.0], [9.0, 9.0], [9.0, 9.0]]])
MASK = torch.tensor([[True, True, False], [True, False, False]])
NOTHING = torch.zeros(2, 3, dtype=torch.bool)


def test_mean_of_the_steps_that_are_there() -> None:
    assert masked_mean(X, MASK).tolist() == [[2.0, -6.0], [2.0, 2.0]]


def test_maximum_of_the_steps_that_are_there() -> None:
    assert masked_max(X, MASK).tolist() == [[3.0, -5.0], [2.0, 2.0]]


def test_a_row_without_steps_pools_to_zeros() -> None:
    assert masked_mean(X, NOTHING).tolist() == [[0.0, 0.0]] * 2
    assert masked_max(X, NOTHING).tolist() == [[0.0, 0.0]] * 2


def test_attention_by_hand() -> None:
    attention = AdditiveAttention(2, 1)
    with torch.no_grad():
        attention.project.weight.copy_(torch.tensor([[1.0, 0.0]]))
        attention.project.bias.zero_()
        attention.query.weight.fill_(2.0)
    scores = 2 * torch.tanh(torch.tensor([1.0, 3.0]))
    first, second = torch.softmax(scores, 0).tolist()
    expected = torch.tensor([[first + 3 * second, -5 * first - 7 * second], [2.0, 2.0]])
    torch.testing.assert_close(attention(X, MASK), expected)


def test_attention_does_not_see_what_is_masked() -> None:
    torch.manual_seed(0)
    attention = AdditiveAttention(2, 4)
    other = torch.where(MASK[:, :, None], X, torch.tensor(-1e6))
    torch.testing.assert_close(attention(X, MASK), attention(other, MASK))
