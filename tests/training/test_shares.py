"""The recurrence's share of the logit."""

import numpy as np
import torch

from model.classifier import Batch, Classifier, ClassifierConfig
from training.shares import fit_share, scale_recurrence


def test_a_path_that_knows_nothing_gets_next_to_no_share() -> None:
    random = np.random.default_rng(1)
    labels = random.random(2000) < 0.5
    wide = np.where(labels, 2.0, -2.0) + random.normal(0, 2, 2000)
    assert fit_share(random.normal(0, 2, 2000), wide, labels) < 0.1


def test_two_equally_good_paths_count_the_same() -> None:
    random = np.random.default_rng(1)
    labels = random.random(4000) < 0.5
    deep, wide = (np.where(labels, 2.0, -2.0) + random.normal(0, 2, 4000) for _ in range(2))
    assert 0.85 < fit_share(deep, wide, labels) <= 1


def test_scaling_touches_the_recurrence_alone() -> None:
    torch.manual_seed(1)
    network = Classifier(ClassifierConfig(vocabulary=9, buckets=8, features=64, hidden=4)).eval()
    assert network.wide is not None
    torch.nn.init.normal_(network.wide.weight)
    ids = torch.tensor([[1, 2, 3]])
    empty = torch.empty(0, dtype=torch.int64)
    batch = Batch(ids, torch.tensor([3]), ids + 40, empty, empty)
    deep, wide = network.paths(batch)
    scale_recurrence(network, 0.25)
    scaled, unchanged = network.paths(batch)
    torch.testing.assert_close(scaled, 0.25 * deep)
    torch.testing.assert_close(unchanged, wide)
