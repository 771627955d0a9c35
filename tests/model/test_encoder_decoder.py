"""Input and output of different lengths, and padding that reaches nothing."""

import pytest
import torch

from model.encoder_decoder import END, EncoderDecoder


@pytest.fixture
def network() -> EncoderDecoder:
    torch.manual_seed(11)
    return EncoderDecoder(symbols=6, embedding=5, hidden=7, pointer=8)


def test_padding_does_not_reach_the_scores(network: EncoderDecoder) -> None:
    ids, targets = torch.tensor([[0, 3, 1, 4]]), torch.tensor([[3, 1, 0]])
    padded = torch.tensor([[0, 3, 1, 4, 5, 5]])
    alone = network(ids, torch.tensor([4]), targets)
    beside = network(padded, torch.tensor([4]), targets)
    torch.testing.assert_close(beside[:, :, :4], alone)
    assert (beside[:, :, 4:] == -torch.inf).all()


def test_fed_its_own_outputs_it_goes_on_as_it_runs(network: EncoderDecoder) -> None:
    ids = torch.tensor([[0, 3, 1, 4], [0, 2, 2, 0]])
    lengths = torch.tensor([4, 3])
    pointed = network.run(ids, lengths, most=5)
    assert pointed.shape == (2, 5)
    scores = network(ids, lengths, pointed)
    for row, chosen in zip(scores.argmax(2).tolist(), pointed.tolist(), strict=True):
        steps = chosen.index(END) + 1 if END in chosen else len(chosen)
        assert row[:steps] == chosen[:steps]


def test_after_the_end_nothing_comes(network: EncoderDecoder) -> None:
    pointed = network.run(torch.randint(1, 6, (20, 6)), torch.full((20,), 6), most=30)
    for row in pointed.tolist():
        if END in row:
            assert set(row[row.index(END) :]) == {END}


def test_it_learns_to_leave_out_every_second_symbol(network: EncoderDecoder) -> None:
    """An output half as long as the input."""
    torch.manual_seed(12)
    ids = torch.cat([torch.zeros(64, 1, dtype=torch.int64), torch.randint(1, 6, (64, 4))], dim=1)
    lengths, targets = torch.full((64,), 5), torch.tensor([[1, 3, 0]]).repeat(64, 1)
    optimiser = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(60):
        scores = network(ids, lengths, targets)
        loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), targets.flatten())
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    fresh = torch.cat([torch.zeros(9, 1, dtype=torch.int64), torch.randint(1, 6, (9, 4))], dim=1)
    assert network.run(fresh, torch.full((9,), 5), most=4).tolist() == [[1, 3, 0, 0]] * 9
