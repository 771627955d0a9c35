"""What serves on a CPU says what the network says."""

from ctypes import CDLL
from dataclasses import replace

import numpy as np
import pytest
import torch

from model.checkpoint import Checkpoint
from model.classifier import Classifier, ClassifierConfig, collate
from model.native import library
from model.predictor import ClassifierPredictor
from model.reader import Reader
from model.tokenizer import Encoded

SIZE = 9


@pytest.fixture(name="compiled", scope="session")
def compiled_library() -> CDLL:
    found = library()
    assert found is not None, "model/native is not compiled: python model/native/build.py"
    return found


def message(length: int, seed: int) -> Encoded:
    """Of random words, some of them outside the vocabulary."""
    rng = np.random.default_rng(seed)
    unknown = tuple(
        tuple(rng.integers(0, 16, rng.integers(1, 5)).tolist()) for _ in range(length // 3)
    )
    ids = tuple(rng.integers(1, SIZE + len(unknown), length).tolist())
    hashes = tuple(rng.integers(1, 2**32, length + 3).tolist())
    return Encoded(ids, hashes, unknown, length)


def network(features: int, embedding: int = 6, hidden: int = 5, attention: int = 64) -> Classifier:
    torch.manual_seed(2)
    sizes = ClassifierConfig(SIZE, 16, features, embedding, hidden, attention)
    made = Classifier(sizes).eval().requires_grad_(False)
    if made.wide is not None:
        made.wide.weight.data.normal_()
    return made


@pytest.mark.parametrize("features", [0, 7])
@pytest.mark.parametrize("lengths", [[1], [40], [5, 5], [3, 0, 17, 1], list(range(1, 23))])
def test_each_message_gets_the_logit_of_the_network(
    compiled: CDLL, features: int, lengths: list[int]
) -> None:
    exact = network(features)
    messages = [message(length, seed) for seed, length in enumerate(lengths)]
    with torch.inference_mode():
        expected = exact(collate(messages, SIZE)).numpy()
    assert Reader(exact, compiled).logits(messages) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("hidden", [1, 16, 17, 64])
@pytest.mark.parametrize(("embedding", "attention"), [(1, 1), (33, 65), (64, 128)])
def test_it_does_so_whatever_the_widths_are(
    compiled: CDLL, hidden: int, embedding: int, attention: int
) -> None:
    exact = network(3, embedding, hidden, attention)
    messages = [message(length, length) for length in (31, 7, 30, 0, 29, 28)]
    with torch.inference_mode():
        expected = exact(collate(messages, SIZE)).numpy()
    assert Reader(exact, compiled).logits(messages) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("lanes", [4, 8, 16])
def test_it_does_so_in_vectors_of_any_length(compiled: CDLL, lanes: int) -> None:
    if lanes > compiled.hamlet_lanes():
        pytest.skip(f"the processor has no vectors of {lanes} floats")
    exact = network(3, 33, 17, 65)
    messages = [message(length, length) for length in (31, 7, 30, 0, 29, 28)]
    with torch.inference_mode():
        expected = exact(collate(messages, SIZE)).numpy()
    assert Reader(exact, compiled, lanes).logits(messages) == pytest.approx(expected, abs=1e-3)


def test_a_message_reads_the_same_in_any_company(compiled: CDLL) -> None:
    reader = Reader(network(0), compiled)
    messages = [message(length, length) for length in (5, 60, 2, 60, 33, 8, 0)]
    together = reader.logits(messages)
    assert together == pytest.approx([reader.logits([one])[0] for one in messages], abs=1e-6)


@pytest.mark.parametrize(
    "bad",
    [
        Encoded((1, SIZE), (1,), (), 2),  # an unknown word of which nothing is said
        Encoded((-1,), (1,), (), 1),
        Encoded((SIZE,), (1,), ((16,),), 1),
    ],
)
def test_ids_that_are_not_the_networks_are_refused(compiled: CDLL, bad: Encoded) -> None:
    with pytest.raises(ValueError, match="an id"):
        Reader(network(0), compiled).logits([message(3, 1), bad])


def test_without_the_library_the_network_serves_in_torch(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = [checkpoint.tokenizer.encode_words(["cheap", "pills"] * n) for n in (1, 4)]
    as_compiled = ClassifierPredictor(checkpoint, "cpu").predict(encoded)
    monkeypatch.setattr("model.native.library", lambda: None)
    in_torch = ClassifierPredictor(checkpoint, "cpu").predict(encoded)
    assert as_compiled == pytest.approx(in_torch, abs=1e-3)


def test_the_network_stays_as_it_is(compiled: CDLL) -> None:
    exact = network(0)
    before = {name: tensor.clone() for name, tensor in exact.state_dict().items()}
    Reader(exact, compiled).logits([message(9, 1)])
    assert all(torch.equal(before[name], now) for name, now in exact.state_dict().items())


def test_an_encoder_that_it_does_not_know_serves_as_well(checkpoint: Checkpoint) -> None:
    config = replace(checkpoint.network.config, cell="gru", features=0)
    torch.manual_seed(3)
    other = replace(checkpoint, network=Classifier(config).eval())
    predictor = ClassifierPredictor(other, "cpu")
    encoded = [checkpoint.tokenizer.encode_words(["cheap", "pills"] * n) for n in (1, 4)]
    with torch.inference_mode():
        logits = other.network(collate(encoded, config.vocabulary)).double()
    scaled = logits / other.calibration.temperature + other.calibration.bias
    assert predictor.predict(encoded) == pytest.approx(torch.sigmoid(scaled).tolist(), abs=1e-6)
