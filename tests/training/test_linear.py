"""The wide path is fitted as a linear model is."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch

from model.tokenizer import word_hash
from training.linear import (
    Examples,
    WideConfig,
    blend,
    fit_wide,
    read_examples,
    with_parts,
)
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


def test_parts_have_the_label_and_the_features_of_their_message(make_table: MakeTable) -> None:
    words = ["".join(letters) for letters in itertools.product("abcdef", repeat=3)]
    texts = [" ".join(words[:90]), " ".join(words[90:180])]
    table = make_table(*((texts[n % 2], bool(n % 2), "c", "s") for n in range(8)))
    rows, weights = np.arange(8), np.ones(8, np.float32)
    whole = read_examples(table, rows, hashes_of(table), weights, CONFIG)
    random = np.random.default_rng(0)
    both = with_parts(whole, table, rows, hashes_of(table), CONFIG, random)
    assert (both.scaled[:8] != whole.scaled).nnz == 0
    parts = both.scaled[8:]
    assert parts.shape[0] >= 16
    assert both.weights[8:].tolist() == [0.5] * parts.shape[0]
    for part, is_spam in zip(parts, both.labels[8:], strict=True):
        assert 0 < part.nnz < whole.scaled[0].nnz
        assert set(part.indices) <= set(whole.scaled[int(is_spam)].indices)


def test_a_blend_lies_between_the_two(examples: Examples) -> None:
    one, other = fit_wide(examples, CONFIG), fit_wide(examples, WideConfig(regularisation=0.1))
    expected = 0.75 * one.weight.detach() + 0.25 * other.weight.detach()
    torch.testing.assert_close(blend(one, other, 0.25).weight.detach(), expected)


def test_short_messages_have_no_parts(table: TokenTable, examples: Examples) -> None:
    rows, random = np.arange(len(table)), np.random.default_rng(0)
    both = with_parts(examples, table, rows, hashes_of(table), CONFIG, random)
    assert (both.scaled != examples.scaled).nnz == 0
