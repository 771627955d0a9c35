"""Messages out of files as they lie on a disk: mails, mbox, Maildir, text, folders of them."""

import mailbox
import mmap
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from email.errors import MessageError
from itertools import pairwise
from pathlib import Path

STDIN = "-"
# What begins a mail in an mbox (RFC 4155): an address and a time. The library's reader would take
# every line of a letter that begins with "From " for another mail.
_FROM = re.compile(
    rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) "
    rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d "
)


@dataclass(frozen=True, slots=True)
class Found:
    """One message: where it is, and its bytes, or why it could not be read."""

    name: str
    content: bytes
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one message; `error` says why it has no label."""

    file: str
    label: str | None
    spam_probability: float | None
    error: str | None = None


def find(paths: Iterable[str]) -> Iterator[Found]:
    """All messages of these paths, in order; `-` is standard input. What cannot be read is found
    with an error and stops nothing.

    A folder with `cur` and `new` is a Maildir, any other is looked through, hidden files left out,
    in the order of names. What begins with `From `, an address and a time is an mbox of any number
    of mails. Any other file is one message.
    """
    for path in paths:
        try:
            yield from _stdin() if path == STDIN else _path(Path(path))
        except (OSError, MessageError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            yield Found(path, b"", reason)


def _path(path: Path) -> Iterator[Found]:
    if not path.is_dir():
        yield from _file(path)
    elif (path / "cur").is_dir() and (path / "new").is_dir():
        yield from _maildir(path)
    else:
        inside = (p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        yield from find(str(p) for p in sorted(inside))


def _file(path: Path) -> Iterator[Found]:
    if not path.stat().st_size:
        yield Found(str(path), b"")
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield from _split(content, str(path))


def _stdin() -> Iterator[Found]:
    yield from _split(sys.stdin.buffer.read(), STDIN)


def _split(content: bytes | mmap.mmap, name: str) -> Iterator[Found]:
    """The mails of an mbox, or the one message that it is."""
    starts = [match.start() for match in _FROM.finditer(content)] if _FROM.match(content) else [0]
    for number, (start, end) in enumerate(pairwise([*starts, len(content)]), 1):
        yield Found(name if len(starts) == 1 else f"{name}:{number}", bytes(content[start:end]))


def _maildir(path: Path) -> Iterator[Found]:
    with closing(mailbox.Maildir(path, create=False)) as box:
        for key in sorted(box.keys()):
            yield Found(f"{path}:{key}", box.get_bytes(key))
