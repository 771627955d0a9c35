"""Undo what senders do to letters: text to normalised text that remembers where it came from.

One pass over the text finds the places that need work (non-ASCII runs, control characters,
entities); everything between them is copied, so plain ASCII costs a single search. Case is kept
here and dropped by the tokenizer. Unicode NFKC (UAX #15), look-alikes after UTS #39.
"""

import bisect
import html
import re
import unicodedata
from dataclasses import dataclass, field

# What is odd in ASCII: entities, control characters, soft breaks of quoted-printable that nobody
# decoded. The set in front lets the search skip all other characters.
_ODD_ASCII = re.compile(
    r"[&=\x00-\x08\x0b\x0c\x0e-\x1f\x7f](?:"
    r"(?<=&)(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,24});"
    r"|(?<==)\r?\n"
    r"|(?<![&=])[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*)"
)
_ODD = re.compile(
    # A word holding non-ASCII, whole; tried at a word's first letter only, else it is quadratic.
    r"(?<![^\W\d_])[^\W\d_]*[^\x00-\x7f][^\s\x00-\x7f]*(?:\w|[^\x00-\x7f])*|" + _ODD_ASCII.pattern
)
_LATIN = re.compile(r"[A-Za-z]")
_WORD = re.compile(r"\w+")
# Letters of other scripts that look Latin in common fonts (UTS #39, the frequent ones).
_LOOK_ALIKES = str.maketrans(
    "аАВсСеЕНіІјЈкКМоОрРѕЅТуУхХԁһɡӏӀԛԝʏνΝαΑΒΕΖΗΙιΚκΜΟοΡρΤτΥυΧχɑɩıϲաոսցօһḷ",
    "aABcCeEHiIjJkKMoOpPsSTyYxXdhglIqwyvNaABEZHIiKkMOoPpTtYuXxaiicwnugohl",
)
_INVISIBLE = {"Cf", "Cc", "Co", "Cn", "Cs"}
_OVERLAY = re.compile("[\u0300-\u036f\u0489\u20d0-\u20ff\ufe00-\ufe0f]+")
_KEPT_CONTROL = "\t\n\r"


@dataclass(frozen=True, slots=True)
class Normalised:
    """Normalised text and, for each replaced stretch, where it lay in the source.

    `_edges` holds (start, end, source start, source end) per replacement, in order.
    """

    text: str
    _edges: tuple[tuple[int, int, int, int], ...] = field(default=())

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """Map a span of `text` to the span of the source that it was made from."""
        if not self._edges:
            return start, end
        return self._source(start, is_end=False), self._source(end, is_end=True)

    def _source(self, position: int, *, is_end: bool) -> int:
        # An end belongs to the character before it, a start to the one behind it.
        at = bisect.bisect_right(self._edges, position - is_end, key=lambda edge: edge[0]) - 1
        if at < 0:
            return position
        _, end, source_start, source_end = self._edges[at]
        if position - is_end < end:
            return source_end if is_end else source_start
        return source_end + position - end


def normalise(source: str) -> Normalised:
    """Normalise any string, lone surrogates and NULs included. Never raises."""
    pieces: list[str] = []
    edges: list[tuple[int, int, int, int]] = []
    done = length = 0
    for match in (_ODD_ASCII if source.isascii() else _ODD).finditer(source):
        replacement = _replace(match[0])
        if replacement == match[0]:
            continue
        kept = source[done : match.start()]
        start = length + len(kept)
        length = start + len(replacement)
        pieces += (kept, replacement)
        edges.append((start, length, match.start(), match.end()))
        done = match.end()
    pieces.append(source[done:])
    return Normalised("".join(pieces), tuple(edges))


def _replace(odd: str) -> str:
    if odd[0] == "&" and odd[-1] == ";":
        character = html.unescape(odd)
        return odd if character == odd else _clean(character)
    if odd[0] == "=":
        return ""
    return _clean(odd)


def _clean(text: str) -> str:
    """Compatibility forms, then nothing that cannot be seen, then one script a word."""
    composed = _OVERLAY.sub("", unicodedata.normalize("NFKC", text))
    composed = composed[: max(64, 4 * len(text))]  # one character of hostile text may become 18
    if composed.isascii() and composed.isprintable():
        return composed
    visible = "".join(
        c for c in composed if c in _KEPT_CONTROL or unicodedata.category(c) not in _INVISIBLE
    )
    return _WORD.sub(_undisguise, visible) if _LATIN.search(visible) else visible


def _undisguise(word: re.Match[str]) -> str:
    """Only a word that mixes scripts is disguised: Greek and Russian stay as they are."""
    return word[0].translate(_LOOK_ALIKES) if _LATIN.search(word[0]) else word[0]
