"""What a sender who wants to break the reader can write: it is read, bounded, and never raises."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.mime import Limits, Message, from_fields, from_text, parse
from tests.model.sources import mail, multipart, text_part


def test_ten_thousand_nested_multiparts_keep_the_outer_text() -> None:
    head = "".join(
        f'--b{n}\nContent-Type: multipart/mixed; boundary="b{n + 1}"\n\n' for n in range(10_000)
    )
    tail = "--b10000\n\ndeep\n" + "".join(f"--b{n}--\n" for n in range(10_000, -1, -1))
    outer = b"--b0\n\nsurface\n"
    raw = mail(
        outer + head.encode() + tail.encode(),
        "Subject: s",
        "Content-Type: multipart/mixed; boundary=b0",
    )
    message = parse(raw)
    assert message.subject == "s"
    assert message.body.split()[0] == "surface"
    assert "deep" not in message.body


def test_ten_thousand_nested_messages_are_read_down_to_the_limit() -> None:
    raw = b"".join(b"Subject: s%d\nContent-Type: message/rfc822\n\n" % n for n in range(10_000))
    message = parse(raw, Limits(max_depth=20))
    assert message.subject == "s0"
    assert message.body.split("\n\n") == [f"s{n}" for n in range(1, 22)]


def test_ten_thousand_siblings_are_read_up_to_the_limit() -> None:
    raw = multipart("mixed", *(text_part(f"part{n}") for n in range(10_000)))
    words = parse(raw, Limits(max_parts=200)).body.split()
    assert words == [f"part{n}" for n in range(199)]  # the whole counts as one


def test_text_beyond_the_limit_is_cut() -> None:
    message = parse(b"Subject: " + b"s" * 100 + b"\n\n" + b"b" * 100, Limits(max_text=10))
    assert message == Message("s" * 10, "b" * 10)
    assert from_fields("s" * 100, "b" * 100, Limits(max_text=10)) == message


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: s\n\n" + b"word " * 10_000_000,
        b"Content-Type: text/html\n\n" + b"<p>word</p>" * 4_500_000,
        b"Subject: s\nContent-Transfer-Encoding: base64\n\n" + b"aGVsbG8g" * 6_000_000,
        b"a: b\n" * 10_000_000,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nhello\n" * 4_500_000,
    ],
    ids=["plain", "html", "base64", "headers", "parts"],
)
def test_fifty_megabytes_finish(raw: bytes) -> None:
    assert len(parse(raw).body) <= Limits().max_text


N = 400_000
HEADERS = {
    "semicolons": b"Content-Type: text/plain" + b";" * N,
    "quote": b'Content-Type: multipart/mixed; boundary="' + b'";' * (N // 2),
    "escaped quotes": b'Content-Type: text/html; charset="' + b'\\"' * (N // 2),
    "continuations": b"Content-Type: multipart/mixed; " + b"a*0=b;" * (N // 6),
    "long number": b"Content-Type: multipart/mixed; boundary*" + b"1" * 5000 + b"=x",
    "NUL charset": b"Content-Type: multipart/mixed; boundary*=a\x00b'en'x",
    "codec that refuses": b"Content-Type: multipart/mixed; boundary*=undefined'en'x%ff",
    "lone surrogate": b"Content-Type: multipart/mixed; boundary*=utf-7'en'+2AA-",
    "spaces": b"Subject: a" + b" " * N + b"b",
    "folds": b"Subject: a" + b"\n " * (N // 2) + b"b",
    "open words": b"Subject: " + b"=?a?q?" * (N // 6),
    "words": b"Subject: " + b"=?utf-8?q?a?= " * (N // 14),
    "base64 words": b"Subject: " + b"=?utf-8?b?" * (N // 10),
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_hostile_headers_cost_no_time_and_no_error(header: bytes) -> None:
    """Each would run for minutes, or raise, if a header were parsed without a bound."""
    assert "hello" in parse(header + b"\n\nhello").body


# Bytes that look like mail, so that the search spends its time beyond the first line.
_LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                b"",
                b"\r",
                b"--b",
                b"--b--",
                b"--c",
                b" folded",
                b"=?utf-8?b?4pw?=",
                b"=FF=",
                b"%%%%",
                b"Subject: =?utf-8?q?a?= =?x?b?@?=",
                b"Subject: \xff\xfe",
                b"From x",
                b"<p>x<style>a{",
                b"Content-Type: multipart/mixed; boundary=b",
                b'Content-Type: multipart/alternative; boundary="c',
                b"Content-Type: message/rfc822",
                b"Content-Type: text/html; charset*=utf-7''x",
                b"Content-Type: text/plain; charset*0=utf;charset*1*=%ff",
                b"Content-Type: ;;;=",
                b"Content-Transfer-Encoding: base64",
                b"Content-Transfer-Encoding: quoted-printable",
                b"Content-Disposition: attachment",
            ]
        ),
        st.binary(max_size=20),
    ),
    max_size=30,
)


@settings(max_examples=150)
@given(st.one_of(st.binary(max_size=400), _LINES.map(b"\n".join)))
def test_parse_never_raises(raw: bytes) -> None:
    message = parse(raw, Limits(max_text=100))
    assert len(message.subject) <= 100
    assert len(message.body) <= 100


# Lone surrogates included: JSON can carry them.
_ANY_TEXT = st.text(st.characters(), max_size=200)


@settings(max_examples=150)
@given(st.one_of(_ANY_TEXT, _LINES.map(lambda lines: b"\n".join(lines).decode("latin-1"))))
def test_from_text_and_from_fields_never_raise(text: str) -> None:
    assert isinstance(from_text(text).body, str)
    assert isinstance(from_fields(text, text).body, str)
