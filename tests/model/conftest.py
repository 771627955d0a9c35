"""A small network with a small vocabulary, its weights random at a fixed seed."""

import pytest
import torch
from hypothesis import HealthCheck, settings

from model.checkpoint import Calibration, Checkpoint, round_to_stored
from model.classifier import Classifier, ClassifierConfig
from model.tokenizer import Tokenizer, word_hash
from model.wide import feature_keys

# A busy machine is no reason to fail.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture
def tokenizer() -> Tokenizer:
    words = ["<subject>", "<body>", "meeting", "at", "nine", "cheap", "pills"]
    return Tokenizer(words, buckets=50, most_tokens=24, most_wide=32)


@pytest.fixture(params=[False, True], ids=["deep", "wide and deep"])
def network(request: pytest.FixtureRequest, tokenizer: Tokenizer) -> Classifier:
    """In eval mode, every parameter different from zero; the wide path knows the vocabulary and the
    pairs of neighbours in it."""
    torch.manual_seed(0)
    pairs = feature_keys(torch.tensor([[word_hash(word) for word in tokenizer.words]]))
    keys = torch.tensor(sorted(set(pairs[0].tolist())))
    features = len(keys) if request.param else 0
    config = ClassifierConfig(
        len(tokenizer), tokenizer.buckets, features=features, embedding=6, hidden=5, attention=4
    )
    network = Classifier(config)
    if network.wide is not None:
        network.wide.keys.copy_(keys)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
        network.words.weight[0] = 0
    round_to_stored(network)
    return network.eval()


@pytest.fixture
def checkpoint(network: Classifier, tokenizer: Tokenizer) -> Checkpoint:
    curve = ((0.99, 0.0), (0.9, 0.001), (0.7, 0.005), (0.4, 0.05))
    return Checkpoint(
        network, tokenizer, Calibration(1.5, -0.25, 0.7, curve), "1.2.3+abc", {"seed": 0}
    )
