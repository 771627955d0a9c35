"""Every encoder that a word names: shapes, padding, both directions, and the shipped one's twin."""

from pathlib import Path
from typing import get_args

import pytest
import torch
from torch import nn

from model import checkpoint
from model.cells import LSTMCell, load_library
from model.classifier import Batch, Classifier, ClassifierConfig
from model.encoders import CellName, Depth, Encoder, EncoderConfig, make_encoder
from model.recurrent import BidirectionalLSTM, both_ways, unroll

SHIPPED = Path(checkpoint.__file__).parent / "weights" / "classifier"
DEPTHS: dict[CellName, tuple[Depth, ...]] = {
    "elman": ("", "a", "b", "c"),
    "lstm": ("", "a", "b", "c"),
    "gru": ("", "a"),
}
KINDS = [
    EncoderConfig(5, 4, cell, directions, depth)
    for cell, depths in DEPTHS.items()
    for directions in (1, 2)
    for depth in depths
]


@pytest.mark.parametrize("config", [*KINDS, EncoderConfig(5, 4, "none")], ids=repr)
def test_padding_reaches_no_result(config: EncoderConfig) -> None:
    torch.manual_seed(13)
    encoder = make_encoder(config)
    x, lengths = torch.randn(2, 6, 5), torch.tensor([6, 3])
    outputs = encoder(x, lengths)
    assert outputs.shape == (2, 6, config.width)
    torch.testing.assert_close(encoder(x[1:, :3], torch.tensor([3]))[0], outputs[1, :3])


@pytest.mark.parametrize("config", KINDS, ids=repr)
def test_one_way_knows_the_past_alone_and_two_ways_know_both(config: EncoderConfig) -> None:
    torch.manual_seed(14)
    encoder = make_encoder(config)
    x, lengths = torch.randn(1, 6, 5), torch.tensor([6])
    other = x.clone()
    other[0, 3] += 1
    differs = (encoder(x, lengths) != encoder(other, lengths)).any(2)[0].tolist()
    assert differs[3:] == [True] * 3
    assert differs[:3] == [config.directions == 2] * 3


@pytest.mark.parametrize("config", KINDS, ids=repr)
def test_gradients_reach_every_weight(config: EncoderConfig) -> None:
    torch.manual_seed(15)
    encoder = make_encoder(config)
    encoder(torch.randn(2, 6, 5), torch.tensor([6, 4])).square().sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ({"cell": "lsmt"}, "lsmt"),
        ({"depth": "d"}, "'d'"),
        ({"cell": "gru", "depth": "b"}, "gru"),
        ({"directions": 3}, "3 directions"),
    ],
)
def test_an_unknown_word_is_named(words: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        EncoderConfig(5, 4, **words)  # type: ignore[arg-type]


@pytest.mark.parametrize("cell", get_args(CellName))
def test_each_can_be_the_classifiers_encoder(cell: CellName) -> None:
    sizes = ClassifierConfig(30, 10, embedding=8, hidden=6, attention=5, cell=cell, directions=1)
    none = torch.zeros(0, dtype=torch.int64)
    ids, lengths = torch.tensor([[1, 2, 3], [4, 0, 0]]), torch.tensor([3, 1])
    batch = Batch(ids, lengths, hashes=torch.zeros_like(ids), grams=none, offsets=none)
    assert Classifier(sizes).eval()(batch).shape == (2,)


def test_the_shipped_weights_run_by_the_equations() -> None:
    """A checkpoint that the library trained runs with our cells, to float32's last digits."""
    encoder = checkpoint.load(SHIPPED).network.encoder
    assert isinstance(encoder, BidirectionalLSTM)
    inputs, hidden = encoder.forward_lstm.input_size, encoder.forward_lstm.hidden_size
    ahead, back = LSTMCell(inputs, hidden), LSTMCell(inputs, hidden)
    load_library(ahead, encoder.forward_lstm.state_dict())
    load_library(back, encoder.backward_lstm.state_dict())
    x, lengths = torch.randn(2, 30, inputs), torch.tensor([30, 11])
    ours = both_ways(lambda x: unroll(ahead, x)[0], lambda x: unroll(back, x)[0], x, lengths)
    with torch.no_grad():
        theirs = encoder(x, lengths)
    for row, length in enumerate(lengths):
        torch.testing.assert_close(ours[row, :length], theirs[row, :length], atol=2e-6, rtol=0)


def test_the_words_do_not_rename_the_shipped_weights() -> None:
    assert isinstance(make_encoder(EncoderConfig(5, 4)), BidirectionalLSTM)
    assert isinstance(make_encoder(EncoderConfig(5, 4, depth="a")), Encoder)
    stacked = make_encoder(EncoderConfig(5, 4, depth="a"))
    assert sum(isinstance(part, nn.LSTM) for part in stacked.modules()) == 4
