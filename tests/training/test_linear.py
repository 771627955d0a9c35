"""The wide path is fitted as a linear model is, and says of training messages what it would say of
others."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from model.classifier import Batch, Classifier, ClassifierConfig
from model.tokenizer import word_hash
from training.linear import (
    Examples,
    WideConfig,
    fit_wide,
    held_out_logits,
    read_examples,
    scale_recurrence,
    widen,
)
from training.tokens import TokenTable

CONFIG = WideConfig(min_messages=2, folds=4)
MakeTable = Callable[..., TokenTable]


@pytest.fixture
def table(make_table: MakeTable) -> TokenTable:
    """Spam says `cheap pills`, ham `cheap meeting` and `pills meeting`; each has a word of its own
    pair of messages."""
    return make_table(
        *(
            (f"{text} word{number // 4}", text == "cheap pills", "c", "s")
            for number, text in enumerate(
                ["cheap pills", "cheap meeting", "cheap pills", "pills meeting"] * 10
            )
        )
    )


def hashes_of(table: TokenTable) -> np.ndarray:
    return np.array([word_hash(str(word)) for word in table.lexicon], dtype=np.int64)


@pytest.fixture
def examples(table: TokenTable) -> Examples:
    rows = np.arange(len(table))
    weights = np.ones(len(rows), np.float32)
    return read_examples(table, rows, hashes_of(table), weights, CONFIG)


def test_it_says_what_the_regression_says(table: TokenTable, examples: Examples) -> None:
    wide = fit_wide(examples, CONFIG)
    said = [
        float(wide(torch.from_numpy(hashes_of(table)[table.row(row)].astype(np.int64))[None])[0])
        for row in range(len(table))
    ]
    weight = wide.weight.detach().numpy() / examples.scale
    expected = examples.scaled @ weight + float(wide.bias)
    np.testing.assert_allclose(said, expected, atol=1e-4)
    assert ((np.array(said) > 0) == table.is_spam).all()


def test_rare_features_are_left_out(table: TokenTable) -> None:
    rows, weights = np.arange(len(table)), np.ones(len(table), np.float32)
    many = read_examples(table, rows, hashes_of(table), weights, CONFIG)
    few = read_examples(table, rows, hashes_of(table), weights, WideConfig(min_messages=30))
    assert len(few.keys) < len(many.keys)
    assert (np.diff(many.keys) > 0).all()


def test_no_pair_reaches_from_one_message_into_the_next(make_table: MakeTable) -> None:
    table = make_table(*((text, False, "c", "s") for text in ["one two", "three four"] * 4))
    rows, weights = np.arange(8), np.ones(8, np.float32)
    together = read_examples(table, rows, hashes_of(table), weights, CONFIG)
    apart = [
        read_examples(table, rows[row::2], hashes_of(table), weights[row::2], CONFIG).keys
        for row in range(2)
    ]
    np.testing.assert_array_equal(together.keys, np.unique(np.concatenate(apart)))


def test_a_held_out_message_is_not_known_by_heart(examples: Examples) -> None:
    """With labels that have no reason, the held-out logits are no better than chance."""
    random = np.random.default_rng(0)
    random_labels = random.random(len(examples.labels)) < 0.5
    guessing = Examples(
        examples.scaled, examples.scale, examples.keys, random_labels, examples.weights
    )
    clusters = np.arange(len(random_labels)) // 4
    config = WideConfig(min_messages=2, folds=4, regularisation=1e4, rarity=1.0)
    held_out = held_out_logits(guessing, clusters, config, seed=1)
    right = ((held_out > 0) == random_labels).mean()
    assert held_out.dtype == np.float32
    assert right < 0.75
    real = held_out_logits(examples, clusters, CONFIG, seed=1)
    assert ((real > 0) == examples.labels).all()


def test_a_widened_network_adds_what_the_wide_path_says(examples: Examples) -> None:
    torch.manual_seed(1)
    network = Classifier(ClassifierConfig(vocabulary=9, buckets=8, hidden=4)).eval()
    wide = fit_wide(examples, CONFIG)
    ids = torch.tensor([[1, 2, 3]])
    empty = torch.empty(0, dtype=torch.int64)
    hashes = torch.tensor([[word_hash("cheap"), word_hash("pills"), 0]])
    batch = Batch(ids, torch.tensor([3]), hashes, empty, empty)
    torch.testing.assert_close(widen(network, wide)(batch), network(batch) + wide(hashes))


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
