"""Who is measured on which mails: always the same, and nobody on what it has learnt."""

from pathlib import Path

import pytest

from tests.benchmarks.messages import collect, draw
from training.config import CorpusConfig

CORPORA = [CorpusConfig("mails", "eml", "mails"), CorpusConfig("texts", "csv", "texts.csv")]


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    for kind in ("ham", "spam"):
        folder = tmp_path / "mails" / kind / "somebody"
        folder.mkdir(parents=True)
        for number in range(20):
            (folder / f"{number}.eml").write_bytes(b"Subject: %d\n\n%a" % (number, kind))
    rows = [f"{kind},{kind} text {n}" for n in range(20) for kind in ("ham", "spam")]
    (tmp_path / "texts.csv").write_text("\n".join(["label,text", *rows]))
    return tmp_path


def test_the_same_mails_are_drawn_every_time_as_many_of_each_corpus(corpora: Path) -> None:
    mails = draw(CORPORA, corpora, 20)
    assert mails == draw(CORPORA, corpora, 20) == collect(CORPORA, corpora, 20, 10).drawn
    assert len(set(mails)) == 20
    assert sum(b"Message-ID" in mail for mail in mails) == 10


def test_what_is_learnt_is_none_of_what_is_drawn_and_of_the_kind_it_is_said_to_be(
    corpora: Path,
) -> None:
    mails = collect(CORPORA, corpora, 20, 10)
    assert len(mails.ham) == len(mails.spam) == 10
    assert all(b"ham" in mail and b"spam" not in mail for mail in mails.ham)
    assert all(b"spam" in mail and b"ham" not in mail for mail in mails.spam)
    assert not set(mails.drawn) & {*mails.ham, *mails.spam}


def test_what_is_there_is_all_that_can_be_learnt(corpora: Path) -> None:
    mails = collect(CORPORA, corpora, 20, 1000)
    assert len(mails.drawn) + len(mails.ham) + len(mails.spam) == 80
