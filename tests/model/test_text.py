"""Letters that were disguised read as what they look like; honest scripts are left alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.text import normalise


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("plain ASCII, it's kept: 100 %!", "plain ASCII, it's kept: 100 %!"),
        ("ｆｒｅｅ　ｍｏｎｅｙ", "free money"),  # full width
        ("𝐅𝐫𝐞𝐞 𝓂𝑜𝓃𝑒𝓎", "Free money"),  # mathematical letters
        ("ﬁnance ①②", "finance 12"),
        ("cafe\u0301 and café", "café and café"),
        ("F\u0336r\u0336e\u0336e\u0336", "Free"),  # struck through
        ("v\u200bi\u200ca\u200dg\u2060r\ufeffa", "viagra"),
        ("vi\u00adagra", "viagra"),  # soft hyphen
        ("ab\u202ecd\u202c", "abcd"),  # direction marks
        ("a\x00b\x07c", "abc"),
        ("tab\tline\nreturn\r", "tab\tline\nreturn\r"),
        ("no\xa0break", "no break"),
        ("\ue000private", "private"),
    ],
)
def test_forms_and_invisible_characters(source: str, expected: str) -> None:
    assert normalise(source).text == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Vіаgrа", "Viagra"),  # Ukrainian i, Russian a
        ("рrеscriрtiоn", "prescription"),
        ("РayPаl", "PayPal"),
        ("cαsinο", "casino"),  # Greek
        ("V1аgra", "V1agra"),
        ("c\u200bаsinо", "casino"),
    ],
)
def test_a_word_of_mixed_scripts_becomes_latin(source: str, expected: str) -> None:
    assert normalise(source).text == expected


@pytest.mark.parametrize(
    "source",
    [
        "Привет, как дела? Рассрочка на квартиру",
        "Καλημέρα σας, ο λογαριασμός",
        "Это Google и iPhone для компании",
        "Größe, naïve, Łódź, smörgåsbord",
        "日本語のメール",
        "שלום עולם",
    ],
)
def test_honest_scripts_stay(source: str) -> None:
    assert normalise(source).text == source


def test_a_no_break_space_or_a_dash_does_not_join_two_honest_words() -> None:
    assert normalise("Привет\xa0Google, сайт—Google и «Google»").text == (
        "Привет Google, сайт—Google и «Google»"
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("fish &amp; chips", "fish & chips"),
        ("&lt;b&gt;", "<b>"),
        ("&#86;&#x69;agra", "Viagra"),
        ("&eacute;t&eacute;", "été"),
        ("&zwnj;&#8203;x&nbsp;y", "x y"),
        ("&unknown; & &; AT&T &amp", "&unknown; & &; AT&T &amp"),
        ("&#0;&#xD800;&#x10FFFF;z", "\ufffd\ufffdz"),
    ],
)
def test_entities_in_plain_text(source: str, expected: str) -> None:
    assert normalise(source).text == expected


def test_soft_line_breaks_that_nobody_decoded_join_the_word() -> None:
    assert (
        normalise("guaran=\nteed and ac=\r\ncount, a = b").text == "guaranteed and account, a = b"
    )


def test_spans_lead_back_to_the_source() -> None:
    source = "Buy V\u200bі\u200ba\u200bgra &amp; save"
    normal = normalise(source)
    assert normal.text == "Buy Viagra & save"
    start = normal.text.index("Viagra")
    begin, end = normal.source_span(start, start + 6)
    assert source[begin:end] == "V\u200bі\u200ba\u200bgra"
    start = normal.text.index("save")
    assert source[slice(*normal.source_span(start, start + 4))] == "save"
    start = normal.text.index("&")
    assert source[slice(*normal.source_span(start, start + 1))] == "&amp;"


def test_spans_around_what_vanished() -> None:
    normal = normalise("ab\x00\x00cd")
    assert normal.text == "abcd"
    assert normal.source_span(0, 2) == (0, 2)
    assert normal.source_span(2, 4) == (4, 6)
    assert normal.source_span(0, 4) == (0, 6)


N = 400_000


@pytest.mark.parametrize(
    "unit",
    ["a", "é", "a\u0301", "a\u200b", "аa", "a\xa0", "&a", "&#", "=\n", "\x00", "1é", "ﷺ"],
)
def test_long_runs_take_no_quadratic_time(unit: str) -> None:
    source = unit * (N // len(unit))
    assert len(normalise(source).text) <= 4 * N


# Any character, lone surrogates among them, with the interesting ones more often.
_ODD = st.sampled_from(list("aаαé&;#=\n\r\x00\u200b\u0301\xa0ﷺ\ud800㎏ǆ1 _")) | st.characters()
_ANY_TEXT = st.lists(st.one_of(_ODD, st.sampled_from(["&amp;", "&#x41;", "=\n"])), max_size=40).map(
    "".join
)


@settings(max_examples=300)
@given(_ANY_TEXT, st.data())
def test_any_span_points_into_the_source(source: str, data: st.DataObject) -> None:
    normal = normalise(source)
    start = data.draw(st.integers(0, len(normal.text)))
    end = data.draw(st.integers(start, len(normal.text)))
    if start == end:
        return
    begin, stop = normal.source_span(start, end)
    assert 0 <= begin <= stop <= len(source)


@settings(max_examples=100)
@given(_ANY_TEXT)
def test_normal_text_is_normal(source: str) -> None:
    once = normalise(source).text
    assert not set(once) & set("\x00\u200b\u202e")
