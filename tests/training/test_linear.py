"""The wide path is fitted as a linear model is."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from model.tokenizer import word_hash
from training.linear import Examples, WideConfig, fit_wide, read_examples
from training.tokens import TokenTable

CONFIG = WideConfig(min_messages=2)
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
        wide(torch.from_numpy(hashes_of(table)[table.row(row)].astype(np.int64))[None]).item()
        for row in range(len(table))
    ]
    weight = wide.weight.detach().numpy() / examples.scale
    expected = examples.scaled @ weight + wide.bias.item()
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
