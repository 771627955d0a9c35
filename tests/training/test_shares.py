"""Each voice's share of the logit."""

import torch

from model.classifier import Batch, Classifier, ClassifierConfig
from model.wide import WidePath, feature_keys
from training.shares import weigh, widen


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
    weigh(network, fitted, recurrence=0.5, joint=0.25)
    expected = 0.5 * deep + 0.25 * wide + 0.75 * fitted(batch.hashes)
    torch.testing.assert_close(network(batch), expected)
