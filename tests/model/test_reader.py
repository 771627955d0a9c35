"""What serves on a CPU says what the network says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from model.checkpoint import Checkpoint
from model.classifier import Classifier, ClassifierConfig, collate
from model.predictor import ClassifierPredictor
from model.reader import Reader
from model.tokenizer import Encoded

SIZE = 9


def message(length: int, seed: int) -> Encoded:
    """Of random words, some of them outside the vocabulary."""
    rng = np.random.default_rng(seed)
    unknown = tuple(
        tuple(rng.integers(0, 16, rng.integers(1, 5)).tolist()) for _ in range(length // 3)
    )
    ids = tuple(rng.integers(1, SIZE + len(unknown), length).tolist())
    hashes = tuple(rng.integers(1, 2**32, length + 3).tolist())
    return Encoded(ids, hashes, unknown, length)


def network(features: int) -> Classifier:
    torch.manual_seed(2)
    sizes = ClassifierConfig(SIZE, buckets=16, features=features, embedding=6, hidden=5)
    made = Classifier(sizes).eval().requires_grad_(False)
    if made.wide is not None:
        made.wide.weight.data.normal_()
    return made


@pytest.mark.parametrize("features", [0, 7])
@pytest.mark.parametrize("lengths", [[1], [40], [5, 5], [3, 0, 17, 1], list(range(1, 23))])
def test_each_message_gets_the_logit_of_the_network(features: int, lengths: list[int]) -> None:
    exact = network(features)
    messages = [message(length, seed) for seed, length in enumerate(lengths)]
    with torch.inference_mode():
        expected = exact(collate(messages, SIZE)).numpy()
    assert Reader(exact, half=False).logits(messages) == pytest.approx(expected, abs=1e-5)
    assert Reader(exact, half=True).logits(messages) == pytest.approx(expected, abs=0.05)


def test_the_network_stays_as_it_is() -> None:
    exact = network(0)
    before = {name: tensor.clone() for name, tensor in exact.state_dict().items()}
    Reader(exact, half=True).logits([message(9, 1)])
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
