"""Each voice's share of the logit."""

import numpy as np
import pytest
import torch

from model.classifier import Batch, Classifier, ClassifierConfig
from model.wide import WidePath, feature_keys
from training.loop import Floats
from training.metrics import Bools
from training.shares import fit_shares, weigh, widen


@pytest.fixture
def labels() -> Bools:
    labels: Bools = np.random.default_rng(1).random(4000) < 0.5
    return labels


def voice(labels: Bools, seed: int) -> Floats:
    noise: Floats = np.random.default_rng(seed).normal(0, 2, len(labels))
    return np.where(labels, 2.0, -2.0) + noise


def test_who_knows_nothing_gets_next_to_no_share(labels: Bools) -> None:
    nonsense = np.random.default_rng(2).normal(0, 2, len(labels))
    told, nothing = fit_shares([voice(labels, 3), nonsense], labels)
    assert 0 <= nothing < told / 10


def test_who_is_always_wrong_is_not_heard(labels: Bools) -> None:
    told, wrong = fit_shares([voice(labels, 3), -voice(labels, 4)], labels)
    assert told > 0
    assert wrong == 0


def test_equally_good_ones_count_the_same(labels: Bools) -> None:
    shares = fit_shares([voice(labels, seed) for seed in (3, 4, 5)], labels)
    assert shares.min() > 0.85 * shares.max() > 0


def test_a_weighed_network_says_the_weighed_sum() -> None:
    torch.manual_seed(1)
    ids = torch.tensor([[1, 2, 3]])
    empty = torch.empty(0, dtype=torch.int64)
    batch = Batch(ids, torch.tensor([3]), ids + 40, empty, empty)
    keys = feature_keys(batch.hashes)[0].sort().values
    fitted = WidePath(len(keys)).eval()
    fitted.keys.copy_(keys)
    torch.nn.init.normal_(fitted.weight)
    fitted.bias.data.fill_(0.3)
    narrow = Classifier(ClassifierConfig(vocabulary=9, buckets=8, hidden=4)).eval()
    network = widen(narrow, fitted.keys, dropout=0.5).eval()
    assert network.wide is not None
    deep, wide = network.paths(batch)
    torch.testing.assert_close(deep, narrow(batch))
    assert not wide.any()
    torch.nn.init.normal_(network.wide.weight)
    network.wide.bias.data.fill_(-0.2)
    _, wide = network.paths(batch)
    weigh(network, fitted, np.array([0.25, 0.5, 2.0]))
    expected = 0.25 * deep + 0.5 * wide + 2 * fitted(batch.hashes)
    torch.testing.assert_close(network(batch), expected)
