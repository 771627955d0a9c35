"""The mail that everybody is measured on: as many of each corpus, as bytes, at a fixed seed."""

import random
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from itertools import islice
from pathlib import Path

from model.mime import Message
from training.archives import members
from training.config import CorpusConfig
from training.corpora import read

# Those whose files are whole mails; of the others only subject and text are published.
_WHOLE = {"spamassassin", "eml"}
_MOST_BYTES = 200_000


def draw(corpora: list[CorpusConfig], folder: Path, count: int, seed: int = 1) -> list[bytes]:
    """`count` mails in a random order, as equally many of each corpus as possible."""
    each = -(-count // len(corpora))
    rng = random.Random(seed)
    mails: list[bytes] = []
    for corpus in corpora:
        pool = [mail for mail in _mails(corpus, folder / corpus.path) if len(mail) <= _MOST_BYTES]
        mails += rng.sample(pool, each)
    rng.shuffle(mails)
    return list(islice(mails, count))


def _mails(corpus: CorpusConfig, path: Path) -> Iterator[bytes]:
    if corpus.format in _WHOLE:
        for name, content in members(path):
            if b"\n\n" in content.replace(b"\r\n", b"\n") and not name.endswith("cmds"):
                yield content
        return
    for example in read(corpus.name, corpus.format, path):
        yield compose(example.message)


def compose(message: Message) -> bytes:
    """A mail of a subject and a text, with the headers that every mail has."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "sender@mail.example"
    mail["To"] = "reader@mail.example"
    mail["Date"] = "Mon, 23 Nov 2026 10:00:00 +0000"
    mail["Message-ID"] = "<1@mail.example>"
    mail["Subject"] = " ".join(message.subject.split())
    mail.set_content(message.body.encode("utf-8", "replace").decode())
    return mail.as_bytes()
