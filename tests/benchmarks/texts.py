"""Texts of a wanted length, of the words that mail is made of."""

import random
from collections.abc import Sequence

from model.lexer import tokens
from model.mime import parse
from model.text import normalise

_LINE = 12  # words


def words(mails: Sequence[bytes]) -> list[str]:
    """What stands in the mails, as often as there: so some of it is unknown, as always."""
    bodies = [parse(mail).body for mail in mails]
    found = (text for body in bodies for text, _, _ in tokens(normalise(body).text))
    return [text for text in found if text.isalpha()]


def body(pool: Sequence[str], count: int, seed: int) -> str:
    """`count` words of the pool."""
    drawn = random.Random(seed).choices(pool, k=count)
    return "\n".join(" ".join(drawn[n : n + _LINE]) for n in range(0, count, _LINE))
