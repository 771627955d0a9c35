"""Text of strangers made safe for where we put it."""

import re

# Surrogates cannot be encoded; NUL is refused by PostgreSQL. Both are one character, and so is
# what replaces them: offsets stay true.
_UNSTORABLE = re.compile("[\ud800-\udfff\0]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """The text with U+FFFD for every lone surrogate, so that it can be sent."""
    return _SURROGATE.sub("\ufffd", text)


def storable(text: str) -> str:
    """The text as every database takes it: without lone surrogates and NUL."""
    return _UNSTORABLE.sub("\ufffd", text)


def printable(text: str, most: int = 60) -> str:
    """At most `most` characters, on one line, without control characters: for logs and details."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in text[:most])
    return shown + "…" if len(text) > most else shown
