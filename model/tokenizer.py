"""Message <-> ids with character offsets; the vocabulary; what to say of a word never seen.

A word of the vocabulary has an id of its own. Any other word is the mean of its hashed character
n-grams (Bojanowski et al. 2017, eq. 2, without the word's own vector), so `refinanncing` lies near
`refinancing` though nobody ever wrote it so before.
"""

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple, cast

from model.lexer import BODY, SUBJECT, tokens
from model.mime import Message
from model.text import Normalised, normalise
from model.words import WordReader

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

    def tokens(self) -> Iterator[MessageToken]:
        yield MessageToken(self.mark, self.field, 0, 0)
        for text, start, end in tokens(self.normal.text):
            yield MessageToken(text, self.field, *self.normal.source_span(start, end))


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
    _parts: tuple[_Part, ...] = ()
    _unknown_ids: int = 0

    @property
    def tokens(self) -> list[MessageToken]:
        """Each of the words of `hashes` and where it stands, the marks at the beginning of their
        field. Worked out when it is asked for: few do."""
        places = chain.from_iterable(part.tokens() for part in self._parts)
        return list(islice(places, len(self.hashes)))

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
        self._reader = WordReader()
        self._hash = lru_cache(maxsize=32_768)(word_hash)
        self._grams = lru_cache(maxsize=8192)(lambda word: grams(word, buckets))

    def __len__(self) -> int:
        """V, the number of rows of the word embedding, padding included."""
        return len(self.words) + len(_SPECIAL)

    def id(self, word: str) -> int | None:
        return self._ids.get(word)

    def encode(self, message: Message) -> Encoded:
        """Read the beginning of a message and count the rest. Never raises."""
        words: list[str] = []
        parts = tuple(_parts(message))
        for part in parts:
            words.append(part.mark)
            words += self._reader.read(part.normal.text)
        return self._encode(words, parts)

    def encode_words(self, words: Sequence[str]) -> Encoded:
        """Encode the beginning of what `message_words` gives, without places."""
        return self._encode(words, ())

    def _encode(self, words: Sequence[str], parts: tuple[_Part, ...]) -> Encoded:
        texts = words[: self.most_wide]
        read = texts[: self.most_tokens]
        ids: list[int | None] = list(map(self._ids.get, read))
        unknown: dict[str, int] = {}
        strange = ids.count(None)
        if strange:
            size = len(self)
            for place, text in enumerate(read):
                if ids[place] is None:
                    ids[place] = size + unknown.setdefault(text, len(unknown))
        buckets = tuple(map(self._grams, unknown))
        hashes = tuple(map(self._hash, texts))
        return Encoded(
            cast("tuple[int, ...]", tuple(ids)), hashes, buckets, len(words), parts, strange
        )

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
