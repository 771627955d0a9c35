"""Messages to ids, with offsets that point at the words."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.mime import Message
from model.tokenizer import Tokenizer, grams, message_words, word_hash

WORDS = ["<subject>", "<body>", "cheap", "watches", "<url>"]


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer(WORDS, buckets=1000, most_tokens=10, most_wide=30)


def test_subject_and_body_are_marked(tokenizer: Tokenizer) -> None:
    message = Message("Hi", "You")
    found = [(token.text, token.field) for token in tokenizer.encode(message).tokens]
    assert found == [
        ("<subject>", "subject"),
        ("hi", "subject"),
        ("<body>", "body"),
        ("you", "body"),
    ]
    assert list(message_words(message)) == [text for text, _ in found]


def test_offsets_point_at_the_words_through_every_disguise(tokenizer: Tokenizer) -> None:
    message = Message("V\u200b1\u200bagrа", "caf&eacute; &amp; more")
    found = {
        token.text: getattr(message, token.field)[token.start : token.end]
        for token in tokenizer.encode(message).tokens
    }
    assert found["viagra"] == "V\u200b1\u200bagrа"
    assert found["more"] == "more"
    assert found["&"] == "&amp;"


def test_known_words_have_their_ids_and_unknown_ones_their_grams(tokenizer: Tokenizer) -> None:
    encoded = tokenizer.encode(Message("Cheap watchez", "cheap watchez replica"))
    size = len(WORDS) + 1
    assert len(tokenizer) == size
    assert encoded.ids == (1, 3, size, 2, 3, size, size + 1)
    assert encoded.unknown == (grams("watchez", 1000), grams("replica", 1000))
    assert encoded.tokens_total == len(encoded) == 7


def test_what_is_cut_off_is_counted(tokenizer: Tokenizer) -> None:
    encoded = tokenizer.encode(Message("", "cheap " * 100))
    assert len(encoded) == len(encoded.ids) == 10
    assert len(encoded.hashes) == len(encoded.tokens) == 30
    assert encoded.tokens_total == 102


def test_the_wide_path_reads_at_least_what_the_recurrence_reads() -> None:
    encoded = Tokenizer(WORDS, buckets=10, most_tokens=10, most_wide=0).encode(
        Message("", "no " * 99)
    )
    assert len(encoded.ids) == len(encoded.hashes) == 10


def test_a_hash_says_which_word_it_is_and_is_never_none(tokenizer: Tokenizer) -> None:
    encoded = tokenizer.encode(Message("", "cheap unheard cheap"))
    assert encoded.hashes[2] == encoded.hashes[4] == word_hash("cheap")
    assert len(set(encoded.hashes)) == 4
    assert all(0 < number < 2**32 for number in encoded.hashes)


def test_an_unknown_word_beyond_the_cut_costs_nothing(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode(Message("", "cheap " * 20 + "unheard")).unknown == ()


def test_similar_words_share_grams_and_different_ones_do_not() -> None:
    one, other = set(grams("refinancing", 10**6)), set(grams("refinanncing", 10**6))
    assert len(one & other) > len(one) / 2
    assert not one & set(grams("book", 10**6))


def test_grams_are_within_the_buckets_whatever_the_word() -> None:
    for word in ("", "a", "ab", "x" * 1000, "日", "\ud800"):
        found = grams(word, 7)
        assert found
        assert all(0 <= bucket < 7 for bucket in found)


def test_grams_of_a_long_word_are_bounded() -> None:
    assert grams("x" * 24 + "y" * 1000, 1000) == grams("x" * 24 + "z", 1000)


def test_a_tokenizer_comes_back_from_json(tokenizer: Tokenizer) -> None:
    words = [*WORDS, "größe", "日", '"\\']
    one = Tokenizer(words, 1000, 10, 30)
    other = Tokenizer.from_json(one.to_json())
    message = Message("größe", '日 cheap " unknown')
    assert other.words == tuple(words)
    assert other.encode(message) == one.encode(message)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"words": []}', "nonsense"])
def test_what_is_no_tokenizer_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        Tokenizer.from_json(text)


def test_json_holds_the_words_in_order(tokenizer: Tokenizer) -> None:
    assert json.loads(tokenizer.to_json())["words"] == WORDS


_PIECES = [
    "V1agra",
    "&amp;",
    "http://a.com",
    "а",
    "\u200b",
    "=\n",
    "\0",
    "\ud800",
    "日",
    " ",
    "x y z w",
    "e\u0301",
]
_ANY_TEXT = st.lists(st.one_of(st.sampled_from(_PIECES), st.characters()), max_size=25).map("".join)


@settings(max_examples=300)
@given(_ANY_TEXT, _ANY_TEXT)
def test_offsets_point_into_any_message_in_order(subject: str, body: str) -> None:
    message = Message(subject, body)
    encoded = Tokenizer(WORDS, 1000, 20, 40).encode(message)
    assert encoded.tokens_total >= len(encoded.tokens) == len(encoded.hashes) >= len(encoded)
    last = {"subject": 0, "body": 0}
    for token in encoded.tokens:
        text = getattr(message, token.field)
        assert 0 <= token.start <= token.end <= len(text)
        assert token.start >= last[token.field]
        last[token.field] = token.start
    for number in encoded.ids:
        assert 1 <= number < len(WORDS) + 1 + len(encoded.unknown)
