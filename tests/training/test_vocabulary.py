"""Words that several corpora share, from the training part only."""

from collections.abc import Callable

import numpy as np

from model.tokenizer import Tokenizer, grams, word_hash
from training.tokens import TokenTable
from training.vocabulary import VocabularyConfig, choose_words, index_lexicon

MakeTable = Callable[..., TokenTable]

CONFIG = VocabularyConfig(words=100, buckets=50, min_messages=2, min_corpora=2)
MARKS = ["<body>", "<subject>"]


def test_words_of_one_corpus_or_one_message_are_not_admitted(make_table: MakeTable) -> None:
    table = make_table(
        ("cheap vince vince vince", True, "a", "s"),
        ("cheap vince", True, "a", "s"),
        ("cheap once", False, "b", "s"),
    )
    rows = np.arange(3)
    assert sorted(choose_words(table, rows, rows, CONFIG)) == sorted([*MARKS, "cheap"])


def test_only_the_training_part_is_read(make_table: MakeTable) -> None:
    table = make_table(
        *[("cheap", True, "a", "s"), ("cheap", True, "b", "s")],
        *[("secret", False, "a", "s"), ("secret", False, "b", "s")],
    )
    assert "secret" not in choose_words(table, np.array([0, 1]), np.arange(4), CONFIG)


def test_a_campaign_counts_once(make_table: MakeTable) -> None:
    table = make_table(
        *[("cheap", True, "a", "s")] * 9, ("pills", True, "a", "s"), ("pills", True, "b", "s")
    )
    groups = np.array([0] * 9 + [1, 2])
    config = VocabularyConfig(words=100, min_messages=2, min_corpora=1)
    assert "cheap" not in choose_words(table, np.arange(11), groups, config)
    assert "pills" in choose_words(table, np.arange(11), groups, config)


def test_the_most_frequent_come_first_and_no_more_than_asked_for(make_table: MakeTable) -> None:
    texts = ["b a c", "b a", "b z"]
    table = make_table(*((text, True, corpus, "s") for text in texts for corpus in "xy"))
    rows = np.arange(6)
    assert choose_words(table, rows, rows, CONFIG) == ["<body>", "<subject>", "b", "a", "c", "z"]
    few = VocabularyConfig(words=3, min_messages=2, min_corpora=2)
    assert choose_words(table, rows, rows, few) == ["<body>", "<subject>", "b"]


def test_a_single_corpus_still_gives_words(make_table: MakeTable) -> None:
    table = make_table(("cheap", True, "a", "s"), ("cheap", True, "a", "s"))
    assert "cheap" in choose_words(table, np.arange(2), np.arange(2), CONFIG)


def test_the_index_says_of_each_word_what_the_tokenizer_says(make_table: MakeTable) -> None:
    table = make_table(("cheap pills unheard \ud800", True, "a", "s"))
    tokenizer = Tokenizer([*MARKS, "cheap", "pills"], 50, 10, 10)
    index = index_lexicon(table, list(tokenizer.words), 50)
    assert index.size == len(tokenizer)
    for number, word in enumerate(map(str, table.lexicon)):
        assert index.ids[number] == (tokenizer.id(word) or 0)
        assert index.hashes[number] == word_hash(word)
        run = index.grams[index.starts[number] : index.starts[number + 1]]
        assert tuple(run.tolist()) == grams(word, 50)
