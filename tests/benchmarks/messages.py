"""The mail that everybody is measured on: as many of each corpus, as bytes, at a fixed seed; and
other mail of the same corpora, for those who must learn first."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from itertools import islice
from pathlib import Path, PurePosixPath

from model.mime import Message
from training.archives import members
from training.config import CorpusConfig
from training.corpora import read

# Those whose files are whole mails; of the others only subject and text are published.
_WHOLE = {"spamassassin", "eml"}
_MOST_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class Mails:
    """`drawn` to measure with, `ham` and `spam` to learn from, none of it among the drawn."""

    drawn: list[bytes]
    ham: list[bytes]
    spam: list[bytes]


def draw(corpora: list[CorpusConfig], folder: Path, count: int, seed: int = 1) -> list[bytes]:
    """`count` mails in a random order, as equally many of each corpus as possible."""
    return collect(corpora, folder, count, 0, seed).drawn


def collect(
    corpora: list[CorpusConfig], folder: Path, count: int, learnt: int, seed: int = 1
) -> Mails:
    """What `draw` draws, and of each kind up to `learnt` others, in a random order."""
    each, others = -(-count // len(corpora)), -(-learnt // len(corpora))
    rng, also = random.Random(seed), random.Random(seed)
    mails = Mails([], [], [])
    for corpus in corpora:
        found = _mails(corpus, folder / corpus.path)
        pool = [(mail, spam) for mail, spam in found if len(mail) <= _MOST_BYTES]
        drawn = [mail for mail, _ in rng.sample(pool, each)]
        mails.drawn.extend(drawn)
        also.shuffle(pool)
        known = set(drawn)
        for kind, into in ((False, mails.ham), (True, mails.spam)):
            rest = (mail for mail, spam in pool if spam is kind and mail not in known)
            into.extend(islice(rest, others))
    rng.shuffle(mails.drawn)
    for into in (mails.ham, mails.spam):
        also.shuffle(into)
    return Mails(mails.drawn[:count], mails.ham[:learnt], mails.spam[:learnt])


def _mails(corpus: CorpusConfig, path: Path) -> Iterator[tuple[bytes, bool | None]]:
    """Each mail and whether it is spam; None where its folder does not say so."""
    if corpus.format in _WHOLE:
        for name, content in members(path):
            if b"\n\n" in content.replace(b"\r\n", b"\n") and not name.endswith("cmds"):
                yield content, _is_spam(name)
        return
    for example in read(corpus.name, corpus.format, path):
        yield compose(example.message), example.is_spam


def _is_spam(name: str) -> bool | None:
    for folder in PurePosixPath(name.lower()).parts[:-1]:
        if folder == "ham" or folder.endswith("_ham") or "_ham_" in folder:
            return False
        if folder == "spam" or folder.startswith("spam_"):
            return True
    return None


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
