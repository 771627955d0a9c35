"""Outputs that drive the next step: the true ones in training, its own when running."""

import pytest
import torch
from torch import Tensor

from model.cells import ElmanCell, LSTMCell
from model.feedback import ContextDecoder, Coupling, Fed, FeedbackRNN


def own(rnn: FeedbackRNN, x: Tensor) -> Tensor:
    outputs = rnn(x)
    assert isinstance(outputs, Tensor)
    return outputs


@pytest.fixture(params=["values", "class"])
def rnn(request: pytest.FixtureRequest) -> FeedbackRNN:
    torch.manual_seed(7)
    return FeedbackRNN(ElmanCell(2 + 3, 4), outputs=3, fed=Fed(request.param))


def test_fed_what_it_would_say_it_says_the_same(rnn: FeedbackRNN) -> None:
    x = torch.randn(2, 6, 2)
    outputs = own(rnn, x)
    fed = outputs
    if rnn.fed is Fed.CLASS:
        fed = torch.nn.functional.one_hot(outputs.argmax(2), 3).float()
    torch.testing.assert_close(rnn(x, fed), outputs)


def test_what_is_fed_reaches_the_next_step_and_none_before(rnn: FeedbackRNN) -> None:
    x, y = torch.randn(1, 5, 2), torch.zeros(1, 5, 3)
    other = y.clone()
    other[:, 2, 1] = 1
    differs = (rnn(x, y) != rnn(x, other)).any(2)[0]
    assert differs.tolist() == [False, False, False, True, True]


def test_without_the_hidden_connection_only_the_last_output_is_known() -> None:
    torch.manual_seed(8)
    rnn = FeedbackRNN(ElmanCell(2 + 3, 4, connected=False), outputs=3, fed=Fed.VALUES)
    x, y = torch.randn(1, 5, 2), torch.randn(1, 5, 3)
    other = y.clone()
    other[:, 2] += 1
    differs = (rnn(x, y) != rnn(x, other)).any(2)[0]
    assert differs.tolist() == [False, False, False, True, False]


def test_a_context_is_seen_at_the_first_step_alone_or_at_every_one() -> None:
    torch.manual_seed(9)
    cell = ElmanCell(2 + 1, 4, connected=False)
    once = ContextDecoder(cell, 1, Coupling.FIRST)
    always = ContextDecoder(cell, 1, Coupling.EVERY)
    a, b, y = torch.zeros(1, 2), torch.ones(1, 2), torch.zeros(1, 4, 1)
    assert (once(a, 4, y) != once(b, 4, y))[0, :, 0].tolist() == [True, False, False, False]
    assert (always(a, 4, y) != always(b, 4, y))[0, :, 0].tolist() == [True] * 4


def test_an_lstm_decodes_a_context_too_and_remembers_it() -> None:
    torch.manual_seed(10)
    decoder = ContextDecoder(LSTMCell(2 + 1, 4), 1, Coupling.FIRST)
    assert decoder(torch.ones(3, 2), 7).shape == (3, 7, 1)
    y = torch.zeros(1, 4, 1)
    differs = decoder(torch.zeros(1, 2), 4, y) != decoder(torch.ones(1, 2), 4, y)
    assert differs[0, :, 0].tolist() == [True] * 4
