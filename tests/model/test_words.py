"""Words without places are those of the lexer, however the text is cut into chunks."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model import words
from model.lexer import tokens
from model.words import WordReader

# What tokens that reach over a space are made of, and what may look like them.
_PIECES = st.sampled_from(
    list(" \n\t\x1c\u2028@!-_*/:1<>a\u00e9\u017f\u0130\u212a")
) | st.sampled_from(
    [
        "  ",
        "http",
        "://",
        "www",
        ".",
        ". ",
        ".com",
        "info ",
        "@ ",
        "! ",
        "_ ",
        " 22",
        "b ",
        "I ",
        "v i a g r a",
        "foo",
        "word",
        "q-w",
        "x.y",
        "\u65e5\u672c",
    ]
)
_TEXTS = st.lists(_PIECES, max_size=16).map("".join) | st.text(max_size=60)


def _lexed(text: str) -> list[str]:
    return [word for word, _, _ in tokens(text)]


@given(_TEXTS)
@example("write to joe @ mail . example . org now")
@example("http : / / a . com / b c")
@example("> >\n> ! !\n\n- - -")
@example("this is a b c d test")
def test_the_words_are_those_of_the_lexer(text: str) -> None:
    reader = WordReader()
    assert reader.read(text) == _lexed(text)
    assert reader.read(text) == _lexed(text)  # now from what it remembers


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_MOST_CHUNKS", 3)
    reader = WordReader()
    texts = ["one two, three!", "four five six", "x" * 500, "one two, seven"]
    for text in [*texts, *texts]:
        assert reader.read(text) == _lexed(text)
        assert len(reader._chunks) <= 3
