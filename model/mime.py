"""Raw mail to the two strings a classifier reads: the subject and the visible body.

Headers are parsed by the standard library; the *structure* is ours, because the library descends
without a bound and a hostile mail of ten thousand nested parts would exhaust the stack (see
docs/decisions/0002-mime.md). Nothing here raises on any input: what cannot be decoded is decoded
as well as it can be, what lies beyond a limit is not read. RFC 5322, 2045, 2046, 2047.
"""

import binascii
import codecs
import itertools
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message as Headers
from email.parser import BytesHeaderParser
from email.utils import collapse_rfc2231_value
from operator import itemgetter

from model.html import Rendered, looks_like_html, render

# Headers end at a blank line or, in broken mail, at the first line that cannot be one.
_HEADERS = re.compile(rb"(?:[!-9;-~]{1,200}:[^\n]*(?:\n|\Z)(?:[ \t]+[^\n]*(?:\n|\Z))*)+")
# Those of them that say something to a classifier; the library takes its time with each.
_READ_HEADERS = re.compile(
    rb"^(?:subject|content-(?:type|disposition|transfer-encoding)):"
    rb"[^\n]*(?:\n|\Z)(?:[ \t]+[^\n]*(?:\n|\Z))*",
    re.I | re.M,
)
_NEWLINE = re.compile(rb"\A\r?\n")
_REST_OF_BOUNDARY = re.compile(rb"(?:--)?[ \t]*(?=\r?\n|\Z)")
_MBOX_LINE = re.compile(rb"\A(?:>?From [^\n]*\n)+")
_SOURCE = re.compile(r"\A(?:>?From .*\n)?(?:[A-Za-z][\w-]*:.*\n(?:[ \t]+\S.*\n)*)+(?:\s*\n|\Z)")
_MAIL_HEADER = re.compile(
    r"^(?:from|received|mime-version|date|return-path|message-id):", re.I | re.M
)
_SUBJECT_LINE = re.compile(r"\A\s*subject:[ \t]*(.*)(?:\n|\Z)", re.I)
_FOLD = re.compile(r"[\r\n]+")
_ENCODED_WORD = re.compile(r"=\?([\w.:-]{1,40})(?:\*[\w-]{0,40})?\?([bq])\?(.{0,2000}?)\?=", re.I)
_BETWEEN_WORDS = re.compile(r"\?=[ \t]+(?==\?)")
# Bytes of the headers of one entity, and of a structured one: the library parses those in
# quadratic time.
_MAX_HEADERS, _MAX_STRUCTURED = 256_000, 4_000
# Lines that begin as a boundary does and are none, as of an outer multipart within an inner one.
_MAX_BOUNDARIES = 10_000
_STRUCTURED = ("Content-Type", "Content-Disposition", "Content-Transfer-Encoding")
# Codecs that are no character sets, or that take quadratic time on long input.
_NOT_CHARSETS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a mail is read. `max_text` counts characters of subject and of body, each."""

    max_depth: int = 20
    max_parts: int = 200
    max_text: int = 400_000


@dataclass(frozen=True, slots=True)
class Message:
    """What a person would see of a message: decoded text, HTML already rendered to text. `hidden`:
    how many characters of it styles hide, which are not in the body."""

    subject: str
    body: str
    hidden: int = 0


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
    found = list(_texts(headers, body, limits, 0, budget))
    text = "\n\n".join(part.text for part in found if part.text.strip())
    subject = _subject(headers)[: limits.max_text]
    return Message(subject, text[: limits.max_text], sum(part.hidden for part in found))


def looks_like_mail(raw: bytes) -> bool:
    """Whether bytes begin as the source of a mail does, rather than as any other text."""
    return _is_source(raw[:20_000].decode("latin-1"))


def from_text(text: str, limits: Limits = DEFAULT_LIMITS) -> Message:
    """Read what a person pastes: plain text, a `Subject:` line and a body, a mail's source, HTML.

    Never raises. Lone surrogates, which JSON can carry, are kept, or become `?` in a mail's source.
    """
    if _is_source(text[:20_000]):
        return parse(text.encode("utf-8", "replace"), limits)
    subject = _SUBJECT_LINE.match(text)
    if subject:
        return from_fields(subject[1].strip(), text[subject.end() :], limits)
    return from_fields("", text, limits)


def from_fields(subject: str, body: str, limits: Limits = DEFAULT_LIMITS) -> Message:
    """Take subject and body as given; a body that is HTML is rendered to text. Never raises."""
    body = body[: 8 * limits.max_text]
    shown = render(body) if looks_like_html(body) else Rendered(body, 0)
    return Message(subject[: limits.max_text], shown.text[: limits.max_text], shown.hidden)


def _is_source(head: str) -> bool:
    head = head.replace("\r\n", "\n")
    return bool(_SOURCE.match(head) and _MAIL_HEADER.search(head.partition("\n\n")[0]))


def _split(raw: bytes) -> tuple[Headers, bytes]:
    """Headers and body; a message without a blank line or without headers is all body."""
    head = _HEADERS.match(raw, 0, _MAX_HEADERS)
    if head is None:
        return Headers(), raw
    read = b"".join(_READ_HEADERS.findall(head[0]))
    headers = BytesHeaderParser().parsebytes(read + b"\n")
    for name in _STRUCTURED:
        value = str(headers.get(name, ""))
        if len(value) > _MAX_STRUCTURED:
            headers.replace_header(name, value[:_MAX_STRUCTURED])
    return headers, _NEWLINE.sub(b"", raw[head.end() :])


def _texts(
    headers: Headers, body: bytes, limits: Limits, depth: int, budget: list[int]
) -> Iterator[Rendered]:
    """The texts of one entity, in order; `budget` is the number of parts still to be read."""
    budget[0] -= 1
    if budget[0] < 0 or depth > limits.max_depth:
        return
    kind = headers.get_content_type()
    boundary = _parameter(headers, "boundary").rstrip()
    if kind.startswith("multipart/") and boundary:
        children = [_split(part) for part in _split_multipart(body, boundary, budget[0])]
        if kind == "multipart/alternative":
            yield from _richest(children, limits, depth, budget)
        else:
            for child_headers, child_body in children:
                yield from _texts(child_headers, child_body, limits, depth + 1, budget)
    elif kind == "message/rfc822":
        inner_headers, inner_body = _split(_decode_transfer(headers, body))
        yield Rendered(_subject(inner_headers), 0)
        yield from _texts(inner_headers, inner_body, limits, depth + 1, budget)
    elif kind.startswith(("text/", "multipart/")):
        yield _leaf(_Part(headers, body), limits)


def _richest(
    children: list[tuple[Headers, bytes]], limits: Limits, depth: int, budget: list[int]
) -> Iterator[Rendered]:
    """The last alternative that holds text: the one a mail reader shows (RFC 2046, 5.1.4)."""
    for headers, body in reversed(children):
        texts = list(_texts(headers, body, limits, depth + 1, budget))
        if any(part.text.strip() for part in texts):
            yield from texts
            return


def _leaf(part: _Part, limits: Limits) -> Rendered:
    if part.is_attachment:
        return Rendered("", 0)
    text = _decode_charset(_decode_transfer(part.headers, part.payload), part.headers)
    text = text[: 8 * limits.max_text]
    if part.is_html or looks_like_html(text):
        return render(text)
    return Rendered(text[: limits.max_text], 0)


def _split_multipart(body: bytes, boundary: str, most: int) -> list[bytes]:
    """The parts between the boundary lines; a missing closing line is forgiven."""
    # No pattern with the boundary in it: each would be compiled for one mail. The first line, too,
    # is to begin behind the end of one.
    body, line = b"\n" + body, b"\n--" + boundary.encode("utf-8", "surrogateescape")
    pieces: list[bytes] = []
    done, found = 0, body.find(line)
    for _ in range(_MAX_BOUNDARIES):
        if found < 0 or len(pieces) > most:
            break
        if rest := _REST_OF_BOUNDARY.match(body, found + len(line)):
            pieces.append(body[done:found].removesuffix(b"\r"))
            done = rest.end()
        found = body.find(line, max(found + 1, done))
    pieces.append(body[done:])
    parts = [piece.removeprefix(b"\r").removeprefix(b"\n") for piece in pieces[1:]]
    return [part for part in parts if part.strip()] or [pieces[0].removeprefix(b"\n")]


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
    return decode(payload, _parameter(headers, "charset"))


def _parameter(headers: Headers, name: str) -> str:
    """A parameter of Content-Type (RFC 2231 included); empty when there is none or it is broken."""
    try:
        value = collapse_rfc2231_value(headers.get_param(name, "") or "")
        value.encode("utf-8", "surrogateescape")
    except (ValueError, LookupError):
        return ""
    return value


def decode(payload: bytes, charset: str = "") -> str:
    """Bytes to text: the declared charset, else UTF-8, else Windows-1252. Never raises."""
    for name in (charset, "utf-8"):
        try:
            codec = codecs.lookup(name.strip("\"' ")[:40]).name
            if codec not in _NOT_CHARSETS:
                return payload.decode(codec)
        except (LookupError, ValueError):
            continue
    return payload.decode("cp1252", "replace")


def _subject(headers: Headers) -> str:
    """The subject, unfolded and decoded. Taken raw: `get` blots raw 8-bit bytes out."""
    raw = next((value for name, value in headers.raw_items() if name.lower() == "subject"), "")
    value = " ".join(line.strip() for line in _FOLD.split(str(raw)))
    value = decode(value.encode("utf-8", "surrogateescape"))
    return _decode_words(value).strip() if "=?" in value else value


def _decode_words(value: str) -> str:
    """Encoded words (RFC 2047) to text. Neighbours of one charset are joined before decoding, as
    many senders split within a character; what is no encoded word stays as it is."""
    pieces: list[tuple[str, bytes]] = []
    value, done = _BETWEEN_WORDS.sub("?=", value), 0
    for match in _ENCODED_WORD.finditer(value):
        if match.start() > done:
            pieces.append(("", value[done : match.start()].encode("utf-8", "replace")))
        data = match[3].encode("utf-8", "replace")
        is_base64 = match[2] in "bB"
        data = _decode_base64(data) if is_base64 else binascii.a2b_qp(data, header=True)
        pieces.append((match[1].lower(), data))
        done = match.end()
    pieces.append(("", value[done:].encode("utf-8", "replace")))
    return "".join(
        decode(b"".join(data for _, data in run), charset)
        for charset, run in itertools.groupby(pieces, key=itemgetter(0))
    )
