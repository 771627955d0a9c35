"""The table holds what serving would read, and its cache knows when it is stale."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from model.mime import Message
from model.tokenizer import message_words
from training.corpora import CorpusError
from training.tokens import CorpusFile, TokenTable, load


@pytest.fixture
def corpus(tmp_path: Path) -> CorpusFile:
    for name in ("ham/a/1.eml", "ham/a/2.eml", "spam/b/3.eml"):
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / name).write_text(f"Subject: number {name[-5]}\n\nhello {name}\n")
    return CorpusFile("mine", "eml", tmp_path / "mine")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "build" / "cache"


MakeTable = Callable[..., TokenTable]


def words(table: TokenTable) -> Iterator[str]:
    return (table.text(row) for row in range(len(table)))


def test_the_table_holds_the_tokens_that_serving_reads(make_table: MakeTable) -> None:
    texts = ["Cheap V1agra at http://a.com!!", "Привет, мир 2024", "日本 \ud800 x"]
    table = make_table(*((text, False, "c", "s") for text in texts))
    for row, text in enumerate(texts):
        served = list(message_words(Message("", text)))
        assert [str(word) for word in table.lexicon[table.row(row)]] == served


def test_labels_and_order_are_kept_and_empty_messages_dropped(make_table: MakeTable) -> None:
    rows = [("one", True, "a", "x"), ("", True, "a", "x"), ("\u200b", False, "a", "x")]
    rows += [(f"word{n}", n % 3 == 0, f"c{n % 2}", f"s{n}") for n in range(200)]
    table = make_table(*rows)
    assert len(table) == 201
    assert table.is_spam.tolist() == [True, *(n % 3 == 0 for n in range(200))]
    assert table.corpus.tolist() == ["a", *(f"c{n % 2}" for n in range(200))]
    assert table.source.tolist() == ["x", *(f"s{n}" for n in range(200))]


def test_long_messages_are_cut(make_table: MakeTable) -> None:
    table = make_table(("to be " * 100, False, "c", "s"), ("x", False, "c", "s"), most_tokens=7)
    assert np.diff(table.starts).tolist() == [7, 3]


def test_a_table_comes_back_from_the_cache(corpus: CorpusFile, cache: Path) -> None:
    first = load([corpus], 50, cache)
    (file,) = cache.iterdir()
    written = file.stat().st_mtime_ns
    second = load([corpus], 50, cache)
    assert file.stat().st_mtime_ns == written
    assert list(words(first)) == list(words(second))
    assert first.source.tolist() == second.source.tolist() == ["ham/a", "ham/a", "spam/b"]


def test_a_changed_file_or_bound_is_read_again(corpus: CorpusFile, cache: Path) -> None:
    before = list(words(load([corpus], 50, cache)))
    (corpus.path / "ham/a/1.eml").write_text("Subject: other\n\nwords altogether\n")
    after = list(words(load([corpus], 50, cache)))
    assert after != before
    assert after[0] == "<subject> other <body> words altogether"
    assert [len(text.split()) for text in words(load([corpus], 3, cache))] == [3, 3, 3]


def test_an_interrupted_write_leaves_no_table(
    corpus: CorpusFile, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(path: Path, **arrays: object) -> None:
        Path(path).write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", power_cut)
        with pytest.raises(KeyboardInterrupt):
            load([corpus], 50, cache)
    assert len(load([corpus], 50, cache)) == 3


def test_a_corpus_that_cannot_be_read_is_named(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(CorpusError, match="nowhere"):
        load([CorpusFile("c", "eml", tmp_path / "nowhere")], 50, cache)
    assert not cache.exists()
