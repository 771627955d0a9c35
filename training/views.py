"""Parts of a message, labelled as the whole is: its beginning, a stretch out of it, its body.

What a model has learnt of whole messages leans on what comes together in the mail at hand: a
greeting here, a signature there, the links at the end. Mail from elsewhere is put together in
another way. Who is asked for the label of the parts, too, has to find it in each (docs/log.md).
"""

import numpy as np
import numpy.typing as npt

from model.lexer import BODY
from training.tokens import Ints

# Words: what is longer than the first is taken apart, into parts of so many; a body of at least as
# many as the last can stand without its subject.
_LONG, _PART, _BODY_PART, _LEAST_BODY = 60, (15, 60), (20, 200), 8


class Views:
    """Takes messages of one lexicon apart, each the numbers of its words."""

    def __init__(self, lexicon: npt.NDArray[np.str_]) -> None:
        marks = np.flatnonzero(lexicon == BODY)
        self._body = int(marks[0]) if len(marks) else -1

    def all(self, words: Ints, random: np.random.Generator) -> list[Ints]:
        """Every part that the message has, none if it is short; ends are drawn."""
        parts = []
        if len(words) > _LONG:
            parts.append(words[: random.integers(*_PART)])
            size = random.integers(*_PART)
            start = random.integers(len(words) - size)
            parts.append(words[start : start + size])
        body = np.flatnonzero(words == self._body)
        if len(body) and body[0] > 1:  # the mark of the subject, and a subject
            end = body[0] + random.integers(*_BODY_PART)
            if len(words) > body[0] + _LEAST_BODY:
                parts.append(np.append(words[:1], words[body[0] : end]))
        return parts
