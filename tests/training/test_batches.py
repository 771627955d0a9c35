"""Batches lose nothing, stay within their bounds, and read as serving reads."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.classifier import Classifier, ClassifierConfig, collate
from model.mime import Message
from model.tokenizer import Tokenizer
from training.batches import BatchBuilder, Noise, buckets
from training.tokens import TokenTable
from training.vocabulary import index_lexicon

MakeTable = Callable[..., TokenTable]

TEXTS = ["cheap pills", "meeting at nine, not unheard of", "x", "pills " * 30, "nine unheard words"]
WORDS = ["<subject>", "<body>", "cheap", "pills", "meeting", "at", "nine"]


@settings(max_examples=200)
@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=80),
    st.integers(1, 1000),
    st.integers(1, 20),
    st.none() | st.integers(0, 9),
)
def test_batches_lose_nothing_and_respect_both_bounds(
    lengths: list[int], tokens: int, rows: int, seed: int | None
) -> None:
    random = None if seed is None else np.random.default_rng(seed)
    sizes = np.array(lengths)
    batches = buckets(sizes, tokens, rows, random)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert 1 <= len(batch) <= rows
        assert len(batch) == 1 or sizes[batch].max() * len(batch) <= tokens


def test_a_batch_holds_messages_of_nearly_equal_length() -> None:
    lengths = np.random.default_rng(0).integers(1, 500, 2000)
    batches = buckets(lengths, 8000, 1000, np.random.default_rng(0))
    padded = sum(int(lengths[batch].max()) * len(batch) for batch in batches)
    assert padded < 1.25 * lengths.sum()


def test_the_order_is_drawn_anew_and_the_same_for_a_seed() -> None:
    lengths = np.random.default_rng(0).integers(1, 500, 500)
    one, same, other = (
        [batch.tolist() for batch in buckets(lengths, 4000, 64, np.random.default_rng(seed))]
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer(WORDS, buckets=40, most_tokens=12, most_wide=16)


@pytest.fixture
def builder(make_table: MakeTable, tokenizer: Tokenizer) -> BatchBuilder:
    table = make_table(*((text, False, "c", "s") for text in TEXTS))
    lexicon = index_lexicon(table, WORDS, 40)
    return BatchBuilder(table, lexicon, tokenizer.most_tokens, tokenizer.most_wide)


def test_a_training_batch_gives_the_logits_of_a_serving_batch(
    builder: BatchBuilder, tokenizer: Tokenizer
) -> None:
    torch.manual_seed(0)
    sizes = ClassifierConfig(len(tokenizer), 40, features=30, embedding=8, hidden=8, attention=4)
    network = Classifier(sizes).eval()
    rows = np.array([4, 0, 3, 1, 2])
    encoded = [tokenizer.encode(Message("", TEXTS[row])) for row in rows]
    with torch.inference_mode():
        trained, served = network(builder.build(rows)), network(collate(encoded, len(tokenizer)))
    torch.testing.assert_close(trained, served, atol=1e-6, rtol=0)


def test_lengths_are_bounded(builder: BatchBuilder) -> None:
    rows = np.array([3, 2])
    assert builder.lengths(rows).tolist() == [12, 3]
    batch = builder.build(rows)
    assert batch.ids.shape == (2, 12)
    assert batch.hashes.shape == (2, 16)
    assert batch.lengths.tolist() == [12, 3]


def test_without_noise_every_batch_is_the_same(builder: BatchBuilder) -> None:
    rows = np.arange(5)
    assert torch.equal(builder.build(rows).ids, builder.build(rows).ids)


def test_subword_noise_reads_known_words_by_their_grams(builder: BatchBuilder) -> None:
    batch = builder.build(np.array([0]), Noise(subword=1, blank=0), np.random.default_rng(0))
    assert (batch.ids >= len(WORDS) + 1).all()
    assert len(batch.offsets) == 4  # two marks and two words
    assert (batch.hashes != 0).all()


def test_blank_noise_takes_words_away_and_keeps_their_places(builder: BatchBuilder) -> None:
    batch = builder.build(np.array([0, 2]), Noise(subword=0, blank=1), np.random.default_rng(0))
    assert batch.lengths.tolist() == [4, 3]
    assert not batch.ids.any()
    assert batch.hashes.any(), "the wide path has a dropout of its own"
    assert len(batch.offsets) == 0


def test_noise_hits_the_share_of_words_that_was_asked_for(make_table: MakeTable) -> None:
    table = make_table(("cheap " * 900, False, "c", "s"), most_tokens=900)
    builder = BatchBuilder(table, index_lexicon(table, WORDS, 40), 900, 900)
    batch = builder.build(np.array([0]), Noise(subword=0.2, blank=0.3), np.random.default_rng(0))
    assert (batch.ids == 0).float().mean().item() == pytest.approx(0.3, abs=0.05)
    assert (batch.ids > len(WORDS)).float().mean().item() == pytest.approx(0.2 * 0.7, abs=0.05)
