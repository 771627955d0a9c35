"""A message as a page shows it: cut into plain stretches, words that moved the verdict, and
characters that nobody can see, which are named instead. Pure; escaping is the template's."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.strings import encodable, printable

# Controls, and what turns or hides the text behind it; not the joiners that emoji, Persian and
# Hindi need. The second group is the one character of which the run is made.
_UNSEEN = re.compile(
    r"(([\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    r"\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\U000e0000-\U000e007f])\2*)"
)
_STRENGTHS = 3


class Weighted(Protocol):
    """A stretch of a field and how far it moved the verdict: see app.schemas.WordWeight."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def weight(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text. `strength` is 0 for no weight, up to 3; `side` is "spam", "ham" or ""."""

    text: str
    weight: float = 0.0
    strength: int = 0
    unseen: bool = False  # `text` is the name of what stood there

    @property
    def side(self) -> str:
        return ("spam" if self.weight > 0 else "ham") if self.strength else ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A field of a message, and how many of its characters are left out at the end."""

    pieces: list[Piece]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Word:
    """A line of the list of words. `share` is its part of the largest weight, in percent."""

    text: str
    weight: float
    share: float

    @property
    def side(self) -> str:
        return "spam" if self.weight > 0 else "ham"


def show(text: str, words: Sequence[Weighted] = (), *, most: int = 20_000) -> Shown:
    """The first `most` characters of a field in pieces. `words` are of this field, in any order;
    of two that overlap the earlier is marked."""
    text = encodable(text)
    largest = max((abs(word.weight) for word in words), default=0.0)
    pieces: list[Piece] = []
    done = 0
    for word in sorted(words, key=lambda word: (word.start, word.end)):
        if word.start < done or word.end > min(most, len(text)):
            continue
        pieces += _split(text[done : word.start], 0.0, 0)
        strength = _strength(word.weight, largest)
        pieces += _split(text[word.start : word.end], word.weight, strength)
        done = word.end
    pieces += _split(text[done:most], 0.0, 0)
    return Shown(pieces, max(0, len(text) - most))


def _strength(weight: float, largest: float) -> int:
    return min(_STRENGTHS, 1 + int(_STRENGTHS * abs(weight) / largest)) if weight else 0


def _split(text: str, weight: float, strength: int) -> Iterator[Piece]:
    done = 0
    for run in _UNSEEN.finditer(text):
        if run.start() > done:
            yield Piece(text[done : run.start()], weight, strength)
        yield Piece(_name(run[2], len(run[1])), weight, strength, unseen=True)
        done = run.end()
    if text[done:]:
        yield Piece(text[done:], weight, strength)


def _name(character: str, count: int) -> str:
    name = f"U+{ord(character):04X}"
    return name if count == 1 else f"{name} ×{count}"


def listed(text: str, word: Weighted, largest: float) -> Word:
    """A word as the list shows it: as the message writes it, on one line. `text` is its field."""
    share = round(100 * abs(word.weight) / largest, 1) if largest else 0.0
    return Word(printable(encodable(text[word.start : word.end]), 32), word.weight, share)
