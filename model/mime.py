"""Raw mail to the two strings a classifier reads: the subject and the visible body.

Headers are parsed by the standard library; the *structure* is ours, because the library descends
without a bound and a hostile mail of ten thousand nested parts would exhaust the stack (see
docs/decisions/0002-mime.md). Nothing here raises on any input: what cannot be decoded is decoded
as well as it can be, what lies beyond a limit is not read. RFC 5322, 2045, 2046, 2047.
"""

import binascii
import codecs
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message as Headers
from email.parser import BytesHeaderParser

from model.html import looks_like_html, visible_text

# Headers end at a blank line or, in broken mail, at the first line that cannot be one.
_HEADERS = re.compile(rb"(?:[!-9;-~]{1,200}:[^\n]*(?:\n|\Z)(?:[ \t]+[^\n]*(?:\n|\Z))*)+")
_NEWLINE = re.compile(rb"\A\r?\n")
_MBOX_LINE = re.compile(rb"\A(?:>?From [^\n]*\n)+")
_SOURCE = re.compile(r"\A(?:>?From .*\n)?(?:[A-Za-z][\w-]*:.*\n(?:[ \t]+\S.*\n)*)+(?:\s*\n|\Z)")
_MAIL_HEADER = re.compile(r"^(?:from|received|mime-version|date|return-path|message-id):", re.I | re.M)
_SUBJECT_LINE = re.compile(r"\A\s*subject:[ \t]*(.*)(?:\n|\Z)", re.I)
_FOLD = re.compile(r"\s*[\r\n]+\s*")
# Codecs that are no character sets, or that take quadratic time on long input.
_NOT_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a mail is read. `max_text` counts characters of subject and of body, each."""

    max_depth: int = 20
    max_parts: int = 200
    max_text: int = 400_000


@dataclass(frozen=True, slots=True)
class Message:
    """What a person would see of a message: decoded text, HTML already rendered to text."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class _Part:
    """One leaf of the MIME tree that may hold text."""

    headers: Headers
    payload: bytes

    @property
    def is_html(self) -> bool:
        return self.headers.get_content_type() == "text/html"

    @property
    def is_attachment(self) -> bool:
        disposition = str(self.headers.get("Content-Disposition", ""))
        return disposition.lower().lstrip().startswith("attachment")


DEFAULT_LIMITS = Limits()


def parse(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> Message:
    """Read a mail as it travels (RFC 5322). Never raises."""
    raw = _MBOX_LINE.sub(b"", raw[: 64 * limits.max_text])
    headers, body = _split(raw)
    budget = [limits.max_parts]
    texts = [t for t in _texts(headers, body, limits, 0, budget) if t.strip()]
    subject = _decode_header(str(headers.get("Subject", "")))
    return Message(subject[: limits.max_text], "\n\n".join(texts)[: limits.max_text])


def from_text(text: str, limits: Limits = DEFAULT_LIMITS) -> Message:
    """Read what a person pastes: plain text, a `Subject:` line and a body, a mail's source, HTML.

    Never raises. Lone surrogates, which JSON can carry, are kept as they are.
    """
    head = text[:20_000].replace("\r\n", "\n")
    if _SOURCE.match(head) and _MAIL_HEADER.search(head.partition("\n\n")[0]):
        return parse(text.encode("utf-8", "surrogatepass"), limits)
    subject = _SUBJECT_LINE.match(text)
    if subject:
        return from_fields(subject[1].strip(), text[subject.end() :], limits)
    return from_fields("", text, limits)


def from_fields(subject: str, body: str, limits: Limits = DEFAULT_LIMITS) -> Message:
    """Take subject and body as given; a body that is HTML is rendered to text. Never raises."""
    body = body[: 8 * limits.max_text]
    if looks_like_html(body):
        body = visible_text(body)
    return Message(subject[: limits.max_text], body[: limits.max_text])


def _split(raw: bytes) -> tuple[Headers, bytes]:
    """Headers and body; a message without a blank line or without headers is all body."""
    head = _HEADERS.match(raw)
    if head is None:
        return Headers(), raw
    headers = BytesHeaderParser().parsebytes(head[0] + b"\n")
    return headers, _NEWLINE.sub(b"", raw[head.end() :])


def _texts(
    headers: Headers, body: bytes, limits: Limits, depth: int, budget: list[int]
) -> Iterator[str]:
    """The texts of one entity, in order; `budget` is the number of parts still to be read."""
    budget[0] -= 1
    if budget[0] < 0 or depth > limits.max_depth:
        return
    kind = headers.get_content_type()
    boundary = headers.get_boundary()
    if kind.startswith("multipart/") and boundary:
        children = [_split(part) for part in _split_multipart(body, boundary, budget[0])]
        if kind == "multipart/alternative":
            yield from _richest(children, limits, depth, budget)
        else:
            for child_headers, child_body in children:
                yield from _texts(child_headers, child_body, limits, depth + 1, budget)
    elif kind == "message/rfc822":
        inner_headers, inner_body = _split(_decode_transfer(headers, body))
        yield _decode_header(str(inner_headers.get("Subject", "")))
        yield from _texts(inner_headers, inner_body, limits, depth + 1, budget)
    elif kind.startswith(("text/", "multipart/")):
        yield _leaf(_Part(headers, body), limits)


def _richest(
    children: list[tuple[Headers, bytes]], limits: Limits, depth: int, budget: list[int]
) -> Iterator[str]:
    """The last alternative that holds text: the one a mail reader shows (RFC 2046, 5.1.4)."""
    for headers, body in reversed(children):
        texts = list(_texts(headers, body, limits, depth + 1, budget))
        if any(text.strip() for text in texts):
            yield from texts
            return


def _leaf(part: _Part, limits: Limits) -> str:
    if part.is_attachment:
        return ""
    text = _decode_charset(_decode_transfer(part.headers, part.payload), part.headers)
    text = text[: 8 * limits.max_text]
    if part.is_html or looks_like_html(text):
        return visible_text(text)
    return text[: limits.max_text]


def _split_multipart(body: bytes, boundary: str, most: int) -> list[bytes]:
    """The parts between the boundary lines; a missing closing line is forgiven."""
    mark = re.escape(boundary.encode("utf-8", "surrogateescape"))
    pieces = re.split(rb"(?:\A|\r?\n)--" + mark + rb"(?:--)?[ \t]*(?=\r?\n|\Z)", body, maxsplit=most + 1)
    parts = [piece.removeprefix(b"\r").removeprefix(b"\n") for piece in pieces[1:]]
    return [part for part in parts if part.strip()] or pieces[:1]


def _decode_transfer(headers: Headers, payload: bytes) -> bytes:
    encoding = str(headers.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding == "quoted-printable":
        return quopri.decodestring(payload)
    if encoding == "base64":
        return _decode_base64(payload)
    return payload


def _decode_base64(payload: bytes) -> bytes:
    """Decode what is decodable: strangers in the alphabet are skipped, a cut tail is dropped."""
    clean = re.sub(rb"[^A-Za-z0-9+/]", b"", payload)
    clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
    try:
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
    except binascii.Error:
        return b""


def _decode_charset(payload: bytes, headers: Headers) -> str:
    charset = headers.get_param("charset")
    name = charset if isinstance(charset, str) else ""
    return decode(payload, name)


def decode(payload: bytes, charset: str = "") -> str:
    """Bytes to text: the declared charset, else UTF-8, else Windows-1252. Never raises."""
    for name in (charset, "utf-8"):
        try:
            codec = codecs.lookup(name.strip("\"' ")).name
            if codec not in _NOT_CHARSETS:
                return payload.decode(codec)
        except (LookupError, ValueError):
            continue
    return payload.decode("cp1252", "replace")


def _decode_header(value: str) -> str:
    """Encoded words (RFC 2047) to text; raw 8-bit bytes, which the parser escapes, are decoded."""
    value = _FOLD.sub(" ", value)
    if "=?" not in value:
        return decode(value.encode("utf-8", "surrogateescape")) if not value.isascii() else value
    try:
        chunks = decode_header(value)
    except (HeaderParseError, ValueError, LookupError):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(
        chunk if isinstance(chunk, str) else decode(chunk, charset or "") for chunk, charset in chunks
    ).strip()
