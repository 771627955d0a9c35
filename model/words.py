"""Normalised text to the texts of its tokens, without places: what model.lexer gives, faster.

Nearly all that stands between two stretches of white space reads the same wherever it stands, and
mail repeats itself: those chunks are read once and remembered. A token may also reach over a space
(`http : / /`, `v i a g r a`, `! ! !`), so around what may begin such a token the text is read as it
is, from the beginning of its chunk to the first token that ends with a chunk. After white space the
lexer knows nothing of what came before, so both ways of reading give the same tokens.
"""

import re
from itertools import chain

from model.lexer import tokens

# Where a token may go on behind white space: a scheme or www, an address, the same mark twice, two
# letters that stand alone. One set of characters in front lets the search skip all others.
_REACHES_OVER = re.compile(
    r"""[@hHwW\s](?:
        (?<=@) | (?<=[hH])[tT][tT][pP] | (?<=[wW])[wW][wW]
      | (?<=([^\w\s]|_)\s)\1
      | (?<=[^\W\d_]\s)(?<!\w\w\s)[^\W\d_](?!\w) )""",
    re.X,
)
_MOST_CHUNKS = 65_536
_LONGEST = 32  # characters of a chunk that is worth remembering


class WordReader:
    """Reads texts into lower-case tokens. Thread-safe; remembers a bounded number of chunks."""

    def __init__(self) -> None:
        self._chunks = _Chunks()

    def read(self, text: str) -> list[str]:
        """The texts of `model.lexer.tokens(text)`, in order. Never raises."""
        words: list[str] = []
        done = 0
        for match in _REACHES_OVER.finditer(text):
            if match.start() < done:
                continue
            start = _chunk_before(text, match.start(), done)
            self._read_chunks(text[done:start], words)
            done = _read_on(text, start, match.start(), words)
        self._read_chunks(text[done:], words)
        return words

    def _read_chunks(self, text: str, words: list[str]) -> None:
        words.extend(chain.from_iterable(map(self._chunks.__getitem__, text.split())))


class _Chunks(dict[str, tuple[str, ...]]):
    """Chunks and their tokens. Forgets all when it is full: what is frequent is soon back."""

    def __missing__(self, chunk: str) -> tuple[str, ...]:
        found = _simple(chunk) or tuple(text for text, _, _ in tokens(chunk))
        if len(chunk) <= _LONGEST:
            if len(self) >= _MOST_CHUNKS:
                self.clear()
            self[chunk] = found
        return found


def _simple(chunk: str) -> tuple[str, ...]:
    """The tokens of a word with at most one mark behind it; () of anything else, which the lexer
    reads, ten times slower."""
    if chunk.isascii() and len(chunk) <= _LONGEST:
        if chunk.isalpha():
            return (chunk.lower(),)
        word, mark = chunk[:-1], chunk[-1]
        if word.isalpha() and not mark.isalnum():
            return (word.lower(), mark)
    return ()


def _chunk_before(text: str, position: int, done: int) -> int:
    """Where the chunk begins that holds the character at `position`, or that is before it if it
    is white space or an @; not before `done`."""
    if text[position] == "@":  # an address may have begun before a space
        while position > done and text[position - 1].isspace():
            position -= 1
    while position > done and not text[position - 1].isspace():
        position -= 1
    return position


def _read_on(text: str, start: int, position: int, words: list[str]) -> int:
    """Read from `start`, the beginning of a chunk, to the first end of a chunk behind `position`
    that is the end of a token; -> where that is."""
    end = start
    for word, begin, its_end in tokens(text, start):
        if position < end <= begin and text[end].isspace():  # a link's tokens are in one place
            return end
        words.append(word)
        end = its_end
    return len(text)
