"""One reader per published corpus format -> Example. Readers take the official archives as they
are downloaded, a folder of them, or the unpacked folder; users bring `.eml` folders, mbox or CSV.

Formats: `enron` (Metsis et al., CEAS 2006), `spamassassin` (public corpus), `ling` (Androutsopoulos
et al. 2000), `sms` (Almeida et al. 2011), `nazario` (phishing CSV or mbox), `eml` (a tree of mails
or mbox files with `ham` and `spam` in its paths), `csv` (columns label and text, or label, subject
and body).
"""

import csv
import io
import mailbox
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from model.mime import Message, decode, from_fields, from_text, parse
from training.archives import ArchiveError, members
from training.templates import messages

_SPAM_LABELS = {"spam", "1", "true", "yes", "phishing"}
_HAM_LABELS = {"ham", "0", "false", "no", "legitimate", "not spam"}


class CorpusError(ValueError):
    """A corpus cannot be read; the message says which file and why."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled message. `source` is the mailbox, list or file within the corpus."""

    message: Message
    is_spam: bool
    corpus: str
    source: str


_TEMPLATE_COPIES = 4
Reader = Callable[[str, Path], Iterator[Example]]


def read(name: str, form: str, path: Path) -> Iterator[Example]:
    """Read corpus `name` in format `form` from `path`.

    Raises CorpusError for an unknown format or a missing path, and while it is read for a broken
    archive, a file that breaks the format, or when there is no message in it.
    """
    if form not in READERS:
        raise CorpusError(f"corpus {name}: unknown format {form!r}; one of {', '.join(READERS)}")
    if not path.exists():
        raise CorpusError(f"corpus {name}: {path} does not exist")
    return _checked(name, form, path)


def _checked(name: str, form: str, path: Path) -> Iterator[Example]:
    found = False
    try:
        for example in READERS[form](name, path):
            found = True
            yield example
    except (ArchiveError, csv.Error, OSError) as error:
        raise CorpusError(f"corpus {name}: {error}") from error
    if not found:
        raise CorpusError(f"corpus {name}: {path} holds no message in the format {form!r}")


def _enron(corpus: str, path: Path) -> Iterator[Example]:
    """`enronN/{ham,spam}/*.txt`: a Subject line, then the body, Latin-1."""
    for name, content in members(path):
        parts = PurePosixPath(name).parts
        if name.endswith(".txt") and ("ham" in parts or "spam" in parts):
            text = content.decode("latin-1")
            yield Example(from_text(text), "spam" in parts, corpus, parts[0])


def _spamassassin(corpus: str, path: Path) -> Iterator[Example]:
    """`{easy_ham,hard_ham,spam,…}/NNNNN.digest`: raw mail; `cmds` is a leftover, not a mail."""
    for name, content in members(path):
        file = PurePosixPath(name)
        folder = file.parent.name
        if file.name != "cmds" and ("ham" in folder or "spam" in folder):
            yield Example(parse(content), "spam" in folder, corpus, folder)


def _ling(corpus: str, path: Path) -> Iterator[Example]:
    """`lingspam_public/bare/partN/*.txt`; the other three versions repeat it and are skipped."""
    for name, content in members(path):
        file = PurePosixPath(name)
        if file.suffix == ".txt" and "bare" in file.parts:
            message = from_text(content.decode("latin-1"))
            yield Example(message, file.name.startswith("spmsg"), corpus, "ling")


def _sms(corpus: str, path: Path) -> Iterator[Example]:
    """`SMSSpamCollection`: a line `label<TAB>text` a message."""
    for name, content in members(path):
        if PurePosixPath(name).name != "SMSSpamCollection":
            continue
        # Not splitlines(): a text may hold what Unicode takes for the end of a line.
        for number, line in enumerate(decode(content).split("\n"), 1):
            label, tab, text = line.removesuffix("\r").partition("\t")
            if not label and not tab:
                continue
            if not tab:
                raise CorpusError(f"corpus {corpus}: {name}, line {number}: no tab")
            yield Example(from_fields("", text), _is_spam(label, name, number), corpus, "sms")


def _nazario(corpus: str, path: Path) -> Iterator[Example]:
    """The phishing corpus, all spam: the published mbox files, or the CSV of extracted text."""
    for name, content in members(path):
        file = PurePosixPath(name)
        if file.suffix == ".csv":
            for row in _rows(content):
                message = from_fields(row.get("subject") or "", row.get("body") or "")
                yield Example(message, True, corpus, "nazario")
        elif file.suffix == ".mbox" or "phishing" in file.name:
            for message in _mbox(content):
                yield Example(message, True, corpus, file.stem)


def _eml(corpus: str, path: Path) -> Iterator[Example]:
    """A tree of mails, or of mbox files, with `ham` or `spam` among the folders; the folders below
    are the source. Hidden files are skipped."""
    for name, content in members(path):
        folders = [part.lower() for part in PurePosixPath(name).parts[:-1]]
        label = next((part for part in folders if part in ("ham", "spam")), None)
        if label is None or PurePosixPath(name).name.startswith("."):
            continue
        below = folders[folders.index(label) + 1 :]
        mails = _mbox(content) if name.endswith(".mbox") else [parse(content)]
        for mail in mails:
            yield Example(mail, label == "spam", corpus, f"{label}/{'/'.join(below)}")


def _templates(corpus: str, path: Path) -> Iterator[Example]:
    """Templates of our own with blanks, filled in (training.templates): `ham` and `spam` below."""
    for label in ("ham", "spam"):
        for stem, message in messages(path / label, copies=_TEMPLATE_COPIES, seed=1):
            yield Example(message, label == "spam", corpus, f"{label}/{stem}")


def _csv(corpus: str, path: Path) -> Iterator[Example]:
    """Rows with a column `label` and either `text` or `subject` and `body`."""
    for name, content in members(path):
        for number, row in enumerate(_rows(content), 2):
            if "label" not in row:
                raise CorpusError(f"corpus {corpus}: {name}: no column 'label'")
            if not row.keys() & {"text", "message", "subject", "body"}:
                raise CorpusError(f"corpus {corpus}: {name}: no column 'text', nor 'body'")
            text = row.get("text") or row.get("message")
            message = (
                from_text(text)
                if text is not None
                else from_fields(row.get("subject") or "", row.get("body") or "")
            )
            yield Example(message, _is_spam(row["label"], name, number), corpus, name)


def _is_spam(label: str | None, name: str, number: int) -> bool:
    label = (label or "").strip().lower()
    if label not in _SPAM_LABELS | _HAM_LABELS:
        raise CorpusError(f"{name}, line {number}: label {label!r} is neither spam nor ham")
    return label in _SPAM_LABELS


def _rows(content: bytes) -> Iterator[dict[str, str | None]]:
    """Rows by lower-case column name; a row that is too short has None in its last columns."""
    csv.field_size_limit(sys.maxsize)  # a body may be longer than the module's 128 kB
    for row in csv.DictReader(io.StringIO(decode(content, "utf-8-sig"), newline="")):
        yield {str(key).strip().lower(): value for key, value in row.items() if key}


def _mbox(content: bytes) -> Iterator[Message]:
    with tempfile.NamedTemporaryFile(suffix=".mbox") as file:
        file.write(content)
        file.flush()
        with closing(mailbox.mbox(file.name, create=False)) as box:
            for key in box.iterkeys():
                yield parse(box.get_bytes(key))


READERS: dict[str, Reader] = {
    "enron": _enron,
    "spamassassin": _spamassassin,
    "ling": _ling,
    "sms": _sms,
    "nazario": _nazario,
    "eml": _eml,
    "csv": _csv,
    "templates": _templates,
}
