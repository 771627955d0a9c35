"""What a caller relies on when a mail is read: the subject and the text that a person would see."""

import base64
import quopri

import pytest

from model.mime import Message, decode, from_fields, from_text, parse
from tests.model.sources import mail, multipart, text_part


def test_plain_mail_gives_subject_and_body() -> None:
    raw = mail(b"See you at nine.\n", "From: a@example.com", "Subject: Tomorrow")
    assert parse(raw) == Message("Tomorrow", "See you at nine.\n")


def test_crlf_line_ends_are_read() -> None:
    assert parse(b"Subject: Hi\r\nFrom: a@b.c\r\n\r\nbody\r\n") == Message("Hi", "body\r\n")


def test_mixed_parts_are_read_in_order_and_attachments_are_not() -> None:
    attachment = b"Content-Type: text/plain\nContent-Disposition: attachment; filename=a\n\nsecret"
    image = b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\naGVsbG8="
    body = parse(multipart("mixed", text_part("one"), attachment, image, text_part("two"))).body
    assert body == "one\n\ntwo"


def test_alternative_is_read_as_a_mail_reader_shows_it() -> None:
    plain, html = text_part("plain words"), text_part("<p>rich <b>words</b></p>", "html")
    assert parse(multipart("alternative", plain, html)).body == "rich words"


def test_alternative_falls_back_when_the_richest_part_shows_nothing() -> None:
    html = text_part('<p style="display:none">hidden</p>', "html")
    assert parse(multipart("alternative", text_part("plain words"), html)).body == "plain words"


def test_alternative_within_mixed_within_related() -> None:
    inner = multipart("alternative", text_part("plain"), text_part("<p>rich</p>", "html"))
    outer = multipart("mixed", inner, text_part("footer"), boundary="outer")
    assert parse(outer).body == "rich\n\nfooter"


def test_forwarded_message_gives_its_subject_and_text() -> None:
    inner = b"Content-Type: message/rfc822\n\n" + mail(b"inner text", "Subject: inner subject")
    message = parse(multipart("mixed", text_part("see below"), inner))
    assert message.subject == "s"
    assert message.body == "see below\n\ninner subject\n\ninner text"


def test_html_without_a_declared_type_is_rendered() -> None:
    assert parse(mail(b"<html><body><p>Hello</p></body></html>", "Subject: s")).body == "Hello"


@pytest.mark.parametrize(
    ("charset", "payload", "expected"),
    [
        ("utf-8", "Grüße".encode(), "Grüße"),
        ("iso-8859-1", "Grüße".encode("latin-1"), "Grüße"),
        ("koi8-r", "Привет".encode("koi8-r"), "Привет"),
        ("gb2312", "你好".encode("gb2312"), "你好"),
        ('"UTF-8"', "Grüße".encode(), "Grüße"),
        ("x-no-such-charset", "Grüße".encode(), "Grüße"),
        ("us-ascii", "Grüße".encode(), "Grüße"),
        ("us-ascii", "Grüße".encode("cp1252"), "Grüße"),
        ("utf-8", "“curly”".encode("cp1252"), "“curly”"),
        ("unicode_escape", b"a\\u0041", "a\\u0041"),
        ("idna", "Grüße".encode(), "Grüße"),
        ("undefined", "Grüße".encode(), "Grüße"),
        ("base64", b"aGVsbG8=", "aGVsbG8="),
        ("a" * 5000, b"hello", "hello"),
    ],
)
def test_charsets(charset: str, payload: bytes, expected: str) -> None:
    assert parse(mail(payload, f"Content-Type: text/plain; charset={charset}")).body == expected


def test_bytes_of_no_charset_at_all_become_some_text() -> None:
    assert decode(b"ok \x81\xff").startswith("ok ")


def test_quoted_printable_and_base64() -> None:
    text = "Grüße = 100 %\n"
    quoted = quopri.encodestring(text.encode())
    based = base64.encodebytes(text.encode())
    for payload, name in ((quoted, "Quoted-Printable"), (based, " BASE64 ")):
        raw = mail(
            payload, "Content-Type: text/plain; charset=utf-8", f"Content-Transfer-Encoding: {name}"
        )
        assert parse(raw).body == text


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"aGVsbG8gd29ybGQ", "hello world"),  # no padding
        (b"aGVs\n bG8g*d29y!bGQ=", "hello world"),  # strangers in the alphabet
        (b"aGVsbG8gd29ybGQh9", "hello world!"),  # one character too many
        (b"!!!!", ""),
        (b"", ""),
    ],
)
def test_broken_base64_gives_what_is_decodable(payload: bytes, expected: str) -> None:
    assert parse(mail(payload, "Content-Transfer-Encoding: base64")).body == expected


@pytest.mark.parametrize("payload", [b"a=", b"a=\n", b"a=ZZb", b"=E", b"100 % = all"])
def test_broken_quoted_printable_loses_no_letters(payload: bytes) -> None:
    body = parse(mail(payload, "Content-Transfer-Encoding: quoted-printable")).body
    assert body.startswith(payload[:1].decode().rstrip("="))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("=?utf-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?iso-8859-1?Q?Gr=FC=DFe_an_alle?=", "Grüße an alle"),
        ("=?utf-8*de?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),  # RFC 2231 language
        ("Re: =?utf-8?q?caf=C3=A9?= at nine", "Re: café at nine"),
        ("=?utf-8?B?4pw=?= =?utf-8?B?hSBkb25l?=", "✅ done"),  # one character in two words
        ("=?utf-8?q?one_?=\n =?utf-8?q?two?=", "one two"),
        ("=?utf-8?q?one?= =?koi8-r?b?8NLJ18XU?=", "oneПривет"),
        ("=?x-unknown?q?a_b?=", "a b"),
        ("=?utf-8?b?R3LDvMOfZQ?=", "Grüße"),  # no padding
        ("=?utf-8?q?who?_me??=", "who? me?"),  # a bare question mark, as many senders write
        ("=?utf-8?q?broken", "=?utf-8?q?broken"),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("a folded\n\tsubject\n  of three lines", "a folded subject of three lines"),
    ],
)
def test_encoded_subjects(header: str, expected: str) -> None:
    assert parse(mail(b"x", f"Subject: {header}")).subject == expected


@pytest.mark.parametrize("charset", ["utf-8", "cp1252"])
def test_raw_8_bit_subjects_are_decoded(charset: str) -> None:
    assert parse("Subject: Grüße aus Köln\n\nx".encode(charset)).subject == "Grüße aus Köln"


def test_raw_8_bit_beside_an_encoded_word() -> None:
    assert parse("Subject: Grüße =?utf-8?q?an_J=C3=B6rg?=\n\nx".encode()).subject == "Grüße an Jörg"


def test_a_subject_alone_is_a_message() -> None:
    assert parse(b"Subject: Running late\n\n") == Message("Running late", "")
    assert parse(b"Subject: Running late") == Message("Running late", "")


def test_nothing_is_a_message() -> None:
    assert parse(b"") == Message("", "")
    assert from_text("") == Message("", "")


def test_a_multipart_without_boundary_is_read_as_text() -> None:
    assert parse(mail(b"--x\n\nhello", "Content-Type: multipart/mixed")).body == "--x\n\nhello"


def test_a_multipart_whose_boundary_never_comes_is_read_as_text() -> None:
    raw = mail(b"just words", 'Content-Type: multipart/mixed; boundary="never"')
    assert parse(raw).body == "just words"


def test_a_missing_closing_boundary_is_forgiven() -> None:
    raw = multipart("mixed", text_part("one"), text_part("two")).removesuffix(b"--b0--\n")
    assert parse(raw).body.split() == ["one", "two"]


def test_a_boundary_that_begins_another_boundary() -> None:
    inner = multipart("mixed", text_part("inner"), boundary="b00")
    assert parse(multipart("mixed", inner, text_part("outer"))).body.split() == ["inner", "outer"]


def test_a_boundary_stands_at_the_beginning_of_a_line_and_alone() -> None:
    text = b"a --b0\n--b0 and more\n--b0-\nz"
    raw = multipart("mixed", mail(text, "Content-Type: text/plain"), text_part("next"))
    assert parse(raw).body == "a --b0\n--b0 and more\n--b0-\nz\n\nnext"


@pytest.mark.parametrize("false", [b"\n--b0x", b"--b0", b"\n--b0 \tx"])
def test_false_boundaries_without_end_hide_no_text(false: bytes) -> None:
    raw = mail(b"words first" + false * 20_000, 'Content-Type: multipart/mixed; boundary="b0"')
    assert parse(raw).body.startswith("words first")


def test_headers_without_a_blank_line_end_at_the_first_line_that_is_none() -> None:
    assert parse(b"Subject: s\nFrom: a@b.c\nthis is text") == Message("s", "this is text")


def test_text_without_headers_is_all_body() -> None:
    assert parse(b"no headers here\nat all") == Message("", "no headers here\nat all")


def test_the_from_line_of_an_mbox_is_skipped() -> None:
    raw = b"From a@example.com Mon Jan  1 00:00:00 2024\nSubject: s\n\nbody"
    assert parse(raw) == Message("s", "body")


def test_pasted_plain_text_is_the_body() -> None:
    assert from_text("Lunch at one?") == Message("", "Lunch at one?")
    assert from_text("Note: bring bread\nand salt") == Message("", "Note: bring bread\nand salt")


def test_a_pasted_subject_line_is_the_subject() -> None:
    assert from_text("Subject: Lunch\nAt one?") == Message("Lunch", "At one?")
    assert from_text("subject:lunch") == Message("lunch", "")


def test_a_pasted_source_is_parsed() -> None:
    source = "From: a@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHallo Jörg"
    assert from_text(source) == Message("Grüße", "Hallo Jörg")


def test_a_pasted_source_with_a_lone_surrogate_keeps_its_other_letters() -> None:
    assert from_text("From: a@b.c\nSubject: s\n\nJörg \ud800").body == "Jörg ?"


def test_pasted_html_is_rendered() -> None:
    assert from_text("<div>Hello <b>Ruth</b></div>") == Message("", "Hello Ruth")
    assert from_fields("s", "<html><body>Hello</body></html>") == Message("s", "Hello")


def test_angle_brackets_alone_are_no_html() -> None:
    text = "if a < b and c > d, write <ruth@example.com>"
    assert from_text(text).body == text
