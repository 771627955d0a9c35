"""Message <-> ids with character offsets; the vocabulary; what to say of a word never seen.

A word of the vocabulary has an id of its own. Any other word is the mean of its hashed character
n-grams (Bojanowski et al. 2017, eq. 2, without the word's own vector), so `refinanncing` lies near
`refinancing` though nobody ever wrote it so before.
"""

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from model.lexer import BODY, SUBJECT, Token, tokens
from model.mime import Message
from model.text import Normalised, normalise

PADDING = 0
_SPECIAL = ("<pad>",)
_MAX_WORD = 24
_GRAM_SIZES = (3, 4, 5)


class MessageToken(NamedTuple):
    """A token of a message. Offsets point into `message.subject` or `message.body`."""

    text: str
    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Part:
    """The subject or the body: its mark, its name, its text and where that came from."""

    mark: str
    field: str
    normal: Normalised

    def place(self, token: Token) -> MessageToken:
        text, start, end = token
        return MessageToken(text, self.field, *self.normal.source_span(start, end))


def _parts(message: Message) -> Iterator[_Part]:
    yield _Part(SUBJECT, "subject", normalise(message.subject))
    yield _Part(BODY, "body", normalise(message.body))


def message_words(message: Message) -> Iterator[str]:
    """All tokens of a message: a mark, the subject's, a mark, the body's. Never raises."""
    for part in _parts(message):
        yield part.mark
        for text, _, _ in tokens(part.normal.text):
            yield text


def word_hash(word: str) -> int:
    """32 bits that say which word it is, never 0."""
    return zlib.crc32(word.encode("utf-8", "surrogatepass")) or 1


def grams(word: str, buckets: int) -> tuple[int, ...]:
    """The hash buckets, each in 0..buckets-1, of a word's character n-grams, `<` and `>` added."""
    padded = f"<{word[:_MAX_WORD]}>"
    found = {padded[i : i + n] for n in _GRAM_SIZES for i in range(len(padded) - n + 1)} or {padded}
    return tuple(sorted({word_hash(g) % buckets for g in found}))


@dataclass(frozen=True, slots=True)
class Encoded:
    """A message as the network reads it.

    `ids` hold vocabulary ids in 1..V-1, or V + k for the k-th entry of `unknown`, the n-gram
    buckets of a word outside the vocabulary: what the recurrence reads. `hashes` (word_hash) are
    what the wide path reads, further than the ids, as it costs next to nothing. `len()` is the
    number of ids, what a batch is padded to; `tokens_total` counts the words that were not read
    too.
    """

    ids: tuple[int, ...]
    hashes: tuple[int, ...]
    unknown: tuple[tuple[int, ...], ...]
    tokens_total: int
    _read: tuple[tuple[_Part, tuple[Token, ...]], ...] = ()
    _unknown_ids: int = 0

    @property
    def tokens(self) -> list[MessageToken]:
        """Each of the words of `hashes` and where it stands, the marks at the beginning of their
        field. Worked out when it is asked for: few do."""
        return [
            token
            for part, read in self._read
            for token in (
                MessageToken(part.mark, part.field, 0, 0),
                *(part.place(token) for token in read),
            )
        ][: len(self.hashes)]

    @property
    def tokens_used(self) -> int:
        """How many tokens are read, by one path at least."""
        return len(self.hashes)

    @property
    def tokens_unknown(self) -> int:
        """How many of the `len()` words that the recurrence reads the vocabulary lacks."""
        return self._unknown_ids

    def __len__(self) -> int:
        return len(self.ids)


class Tokenizer:
    """Vocabulary of `words` (id = position + 1; 0 is padding) and `buckets` n-gram buckets.

    The recurrence reads the first `most_tokens` tokens, the wide path the first `most_wide`.
    """

    def __init__(
        self, words: Sequence[str], buckets: int, most_tokens: int, most_wide: int
    ) -> None:
        self.words = tuple(words)
        self.buckets = buckets
        self.most_tokens = most_tokens
        self.most_wide = max(most_wide, most_tokens)
        self._ids = {word: number for number, word in enumerate(self.words, len(_SPECIAL))}
        self._hash = lru_cache(maxsize=65_536)(word_hash)
        self._grams = lru_cache(maxsize=65_536)(lambda word: grams(word, buckets))

    def __len__(self) -> int:
        """V, the number of rows of the word embedding, padding included."""
        return len(self.words) + len(_SPECIAL)

    def id(self, word: str) -> int | None:
        return self._ids.get(word)

    def encode(self, message: Message) -> Encoded:
        """Read the beginning of a message and count the rest. Never raises."""
        texts: list[str] = []
        read: list[tuple[_Part, tuple[Token, ...]]] = []
        total = 0
        for part in _parts(message):
            found = tokens(part.normal.text)
            texts.append(part.mark)
            here = tuple(islice(found, max(0, self.most_wide - len(texts))))
            texts.extend(text for text, _, _ in here)
            read.append((part, here))
            total += 1 + len(here) + sum(1 for _ in found)
        return replace(self.encode_words(texts), tokens_total=total, _read=tuple(read))

    def encode_words(self, words: Sequence[str]) -> Encoded:
        """Encode the beginning of what `message_words` gives, without places."""
        texts = words[: self.most_wide]
        unknown: dict[str, int] = {}
        known, size = self._ids, len(self)
        ids = tuple(
            known.get(text) or size + unknown.setdefault(text, len(unknown))
            for text in texts[: self.most_tokens]
        )
        buckets = tuple(self._grams(word) for word in unknown)
        hashes = tuple(map(self._hash, texts))
        strange = sum(number >= size for number in ids) if unknown else 0
        return Encoded(ids, hashes, buckets, len(words), (), strange)

    def to_json(self) -> str:
        return json.dumps(
            {
                "most_tokens": self.most_tokens,
                "most_wide": self.most_wide,
                "buckets": self.buckets,
                "words": self.words,
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> "Tokenizer":
        """Raises ValueError or KeyError when the text is not a tokenizer's."""
        stored = json.loads(text)
        sizes = (int(stored[name]) for name in ("buckets", "most_tokens", "most_wide"))
        return cls(stored["words"], *sizes)
