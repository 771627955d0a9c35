"""Every message of every corpus as token numbers, tokenised once and kept in a cache file.

Tokens are numbered in one lexicon of all distinct strings, larger than any vocabulary: a training
run maps lexicon numbers to the ids of its own vocabulary, so folds share this work. What is kept is
bounded per message; the text itself is not written to the cache.
"""

import hashlib
import itertools
import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from model.mime import Message
from model.tokenizer import message_words
from training.corpora import CorpusError, Example, read

Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


# What decides how a message is read, in `model`.
_READERS = ("mime.py", "html.py", "style.py", "text.py", "lexer.py")


@dataclass(frozen=True)
class TokenTable:
    """N messages. `tokens[starts[i]:starts[i + 1]]` are message i's lexicon numbers."""

    lexicon: npt.NDArray[np.str_]  # [L] distinct token strings
    tokens: Ints  # [sum of lengths]
    starts: npt.NDArray[np.int64]  # [N + 1]
    is_spam: Bools  # [N]
    corpus: npt.NDArray[np.str_]  # [N]
    source: npt.NDArray[np.str_]  # [N]

    def __len__(self) -> int:
        return len(self.is_spam)

    def row(self, index: int) -> Ints:
        return self.tokens[self.starts[index] : self.starts[index + 1]]

    def text(self, index: int) -> str:
        """The tokens joined by spaces: what the baselines read, so all see the same text."""
        return " ".join(self.lexicon[self.row(index)])


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """A corpus to read: its name, its format (training.corpora) and where it lies."""

    name: str
    form: str
    path: Path


def load(corpora: Sequence[CorpusFile], most_tokens: int, cache: Path) -> TokenTable:
    """Tokenise the corpora, or take the cached table of the same files, code and bound."""
    for corpus in corpora:
        if not corpus.path.exists():
            raise CorpusError(f"corpus {corpus.name}: {corpus.path} does not exist")
    target = cache / f"tokens-{_fingerprint(corpora, most_tokens)}.npz"
    if target.exists():
        with np.load(target) as stored:
            return TokenTable(**stored)
    examples = itertools.chain.from_iterable(read(c.name, c.form, c.path) for c in corpora)
    table = tokenise(examples, most_tokens)
    cache.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial.npz")
    np.savez(partial, **{name: getattr(table, name) for name in table.__dataclass_fields__})
    partial.replace(target)
    return table


def tokenise(examples: Iterable[Example], most_tokens: int) -> TokenTable:
    """Tokenise with all cores; the order of the examples is kept, empty messages are dropped."""
    lexicon: dict[str, int] = {}
    rows: list[Ints] = []
    labels: list[tuple[bool, str, str]] = []
    with multiprocessing.Pool() as pool:
        for words, label in tqdm(
            pool.imap(_words, _bounded(examples, most_tokens), 64), "tokenise", mininterval=5
        ):
            if words:
                rows.append(
                    np.array([lexicon.setdefault(w, len(lexicon)) for w in words], dtype=np.int32)
                )
                labels.append(label)
    return TokenTable(
        lexicon=np.array(list(lexicon)),
        tokens=np.concatenate(rows),
        starts=np.cumsum([0, *map(len, rows)]),
        is_spam=np.array([label[0] for label in labels]),
        corpus=np.array([label[1] for label in labels]),
        source=np.array([label[2] for label in labels]),
    )


def _bounded(examples: Iterable[Example], most: int) -> Iterator[tuple[Example, int]]:
    return ((example, most) for example in examples)


def _words(task: tuple[Example, int]) -> tuple[list[str], tuple[bool, str, str]]:
    example, most = task
    words = _message_words(example.message, most)
    return words, (example.is_spam, example.corpus, example.source)


def _message_words(message: Message, most: int) -> list[str]:
    found = list(itertools.islice(message_words(message), most))
    return found if len(found) > 2 else []  # more than the two segment marks


def _fingerprint(corpora: Sequence[CorpusFile], most_tokens: int) -> str:
    """Files by path, size and time; the code that reads them by content."""
    digest = hashlib.blake2b(str(most_tokens).encode(), digest_size=8)
    for corpus in corpora:
        digest.update(f"{corpus.name} {corpus.form}".encode())
        files = sorted(corpus.path.rglob("*")) if corpus.path.is_dir() else [corpus.path]
        for file in files:
            status = file.stat()
            digest.update(f"{file} {status.st_size} {status.st_mtime_ns}".encode())
    package = Path(__file__).parent
    code = [package.parent / "model" / n for n in _READERS]
    for file in [*code, package / "corpora.py", package / "archives.py"]:
        digest.update(file.read_bytes())
    return digest.hexdigest()
