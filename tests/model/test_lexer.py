"""Words, and the kinds of what never comes twice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.lexer import tokens


def read(text: str) -> list[str]:
    return [word for word, _, _ in tokens(text)]


def test_words_are_lower_case_and_punctuation_stands_alone() -> None:
    assert read("Hello, World! It's here.") == [
        "hello",
        ",",
        "world",
        "!",
        "it",
        "'",
        "s",
        "here",
        ".",
    ]


def test_repeated_marks_say_that_they_repeat() -> None:
    assert read("Wow!!! ... -----") == ["wow", "!+", ".+", "-+"]
    assert read("Wow ! ! !") == ["wow", "!+"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", ["<n1>"]),
        ("2024", ["<n4>"]),
        ("1234567890123", ["<n9>"]),
        ("$1,000.00", ["$", "<n1>", ",", "<n3>", ".", "<n2>"]),
        ("5:30pm", ["<n1>", ":", "00pm"]),
        ("8pm", ["0pm"]),
        ("٣٤", ["<n2>"]),
    ],
)
def test_numbers_keep_their_length_only(text: str, expected: list[str]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://www.example.com/a/b?c=d&e=f#g", ["<url>", "<url:com>"]),
        ("HTTP://EXAMPLE.ORG", ["<url>", "<url:org>"]),
        ("http://example.com:8080/x", ["<url>", "<url:com>"]),
        ("www.example.de", ["<url>", "<url:de>"]),
        ("http://a.b.example.co.uk/x", ["<url>", "<url:uk>"]),
        ("http://192.0.2.1/login", ["<url>", "<url:ip>"]),
        ("http://localhost/x", ["<url>", "<url:other>"]),
        ("example.com", ["<url>", "<url:com>"]),
        ("shop.example.net/sale", ["<url>", "<url:net>"]),
    ],
)
def test_links_keep_their_top_level_domain_only(text: str, expected: list[str]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text", ["ruth.allard@example.net", "a+b@sub.example.co.uk", "ruth @ example . net"]
)
def test_an_address_is_an_address(text: str) -> None:
    assert read(text) == ["<email>"]


@pytest.mark.parametrize(
    ("normal", "spaced"),
    [
        ("it's", "it ' s"),
        ("http://www.example.com", "http : / / www . example . com"),
        ("see http://www.example.com/a now", "see http : / / www . example . com / a now"),
        ("ruth@example.net", "ruth @ example . net"),
        ("$5.00!!!", "$ 5 . 00 ! ! !"),
        ("(yes)", "( yes )"),
    ],
)
def test_corpora_that_space_their_punctuation_read_the_same(normal: str, spaced: str) -> None:
    assert read(normal) == read(spaced)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("V1agra", ["viagra"]),
        ("p455word", ["password"]),
        ("fr33", ["fr00"]),  # digits at the end count something
        ("win32", ["win00"]),
        ("sales2", ["sales0"]),
        ("x86", ["x00"]),
        ("4ever", ["0ever"]),
        ("mp3", ["mp0"]),
    ],
)
def test_digits_within_a_word_are_its_disguise(text: str, expected: list[str]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize("text", ["v i a g r a", "V.I.A.G.R.A", "v-i-a-g-r-a", "v*i*a*g*r*a"])
def test_a_word_spelled_out_is_a_word(text: str) -> None:
    assert read(text) == ["viagra"]


def test_initials_are_not_spelled_out() -> None:
    assert read("a b") == ["a", "b"]
    assert read("I a m") == ["i", "a", "m"]


def test_chinese_and_japanese_are_read_by_the_character_and_korean_by_the_word() -> None:
    assert read("免费优惠") == ["免", "费", "优", "惠"]
    assert read("カタ kana") == ["カ", "タ", "kana"]
    assert read("안녕하세요 여러분") == ["안녕하세요", "여러분"]


def test_other_scripts_are_words() -> None:
    assert read("Привет, мир") == ["привет", ",", "мир"]


def test_a_word_without_end_is_read_in_pieces() -> None:
    assert [len(word) for word in read("x" * 150)] == [64, 64, 22]


def test_offsets_are_those_of_the_text() -> None:
    text = "Buy V1agra at http://a.com now!!"
    assert [text[start:end] for _, start, end in tokens(text)] == [
        "Buy",
        "V1agra",
        "at",
        "http://a.com",
        "http://a.com",
        "now",
        "!!",
    ]


N = 400_000
UNITS = [
    "1",
    "a_",
    "a-",
    "1.",
    "ab.",
    "- ",
    "x x x xx ",
    "a@b",
    "http://",
    "http : / / a . ",
    "www.",
    "日",
    " ",
]


@pytest.mark.parametrize("unit", UNITS)
def test_long_runs_take_no_quadratic_time(unit: str) -> None:
    text = unit * (N // len(unit)) + "z1_"
    assert all(end <= len(text) for _, _, end in tokens(text))


_PIECES = [
    "http://",
    "www.",
    "a.com",
    "@",
    ".",
    " ",
    "1",
    "a",
    "V1",
    "!",
    "_",
    "日",
    "é",
    "\ud800",
    "v i a g",
    "-",
    "/",
    "?",
]
_ANY_TEXT = st.lists(st.one_of(st.sampled_from(_PIECES), st.characters()), max_size=40).map("".join)


@settings(max_examples=300)
@given(_ANY_TEXT)
def test_tokens_of_any_text_are_in_order_and_within_it(text: str) -> None:
    last = (0, 0)
    for word, start, end in tokens(text):
        assert word
        assert 0 <= start < end <= len(text)
        # A link gives two tokens of one place; all others follow one another.
        assert start >= last[1] or (start, end) == last
        last = start, end


@settings(max_examples=150)
@given(_ANY_TEXT)
def test_every_letter_and_digit_is_in_some_token(text: str) -> None:
    covered = [False] * len(text)
    for _, start, end in tokens(text):
        covered[start:end] = [True] * (end - start)
    assert all(covered[i] for i, c in enumerate(text) if not c.isspace())
