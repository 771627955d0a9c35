"""Normalised text to tokens with offsets: words, and placeholders for what never comes twice.

An address, a link or a number says more by its kind than by its letters, so each becomes one or
two placeholder tokens that keep what matters: a link its top-level domain, a number its digit
count. Published corpora space their punctuation apart (`http : / / a . com`, `it ' s`) and mail
does not; both must read the same, so the patterns allow for the spaces. What may repeat before a
pattern can fail is bounded (RFC 1035, 5321: 63 and 64 characters), else hostile text takes
quadratic time.
"""

import re
from collections.abc import Iterator

SUBJECT, BODY = "<subject>", "<body>"
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TLD = (
    "com|net|org|info|biz|edu|gov|mil|int|name|mobi|xyz|top|online|site|shop|club|live|click|link"
    "|[a-z]{2}"
)
_PATH = r"\w.,~%&=+@\#;:!/?-"
_TOKEN = re.compile(
    rf"""
    # Most words: letters, then a space and more letters. No other pattern could take such a word.
    (?P<plain>(?<!\w)[a-z]{{2,64}}+(?=\s[a-z]))
  | (?P<url>
        (?:https?\s?:\s?/\s?/\s?|www\s?\.\s?)                    # scheme or www
        (?: (?P<ip>\d+(?:\s?\.\s?\d+){{3}})
          | [\w-]+(?:\s?\.\s?[\w-]+){{0,8}}?\s?\.\s?(?P<tld>{_TLD})\b(?!\s?\.\s?\w+\s?[./])
          | [\w.-]+ )
        (?:\s?/\s?[{_PATH}]*|[:?\#][{_PATH}]+)*                  # port, path, query
      | \b[a-z0-9][a-z0-9-]{{0,62}}(?:\.[a-z0-9-]{{1,63}}){{0,8}}
        \.(?P<tld2>com|net|org|info|biz)\b(?:/[{_PATH}]*)?
    )
  | (?P<email>[\w.+-]{{1,64}}\s?@\s?[\w-]+(?:\s?\.\s?[\w-]+)+)
  | (?P<spelled>(?<!\w)                                          # v i a g r a
        [^\W\d_](?P<gap>[ .*-])[^\W\d_](?:(?P=gap)[^\W\d_]){{2,62}}(?!\w))
  | (?P<cjk>[{_CJK}])
  | (?P<number>\d{{1,400}}+(?![^\W_]))
  | (?P<word>[^\W_{_CJK}]{{1,64}})
  | (?P<mark>[^\w\s]|_)(?:\s?(?P=mark))*
    """,
    re.X | re.I,
)
_DIGIT = re.compile(r"\d")
_LEET = str.maketrans("013457", "oieast")
_MAX_DIGITS = 9


# One token: its text, and where it starts and ends in the text that was read. No class: there are
# hundreds in a message, and in serving their places are hardly ever asked for.
Token = tuple[str, int, int]


def tokens(text: str, begin: int = 0) -> Iterator[Token]:
    """Read a normalised text, from `begin` on, into lower-case tokens, in order. Never raises."""
    for match in _TOKEN.finditer(text, begin):
        start, end = match.span()
        kind = match.lastgroup
        if kind == "plain":
            yield match[0].lower(), start, end
        elif kind == "word":
            yield _word(match[0].lower()), start, end
        elif kind == "mark":
            mark = match["mark"]
            yield mark if end - start == 1 else mark + "+", start, end
        elif kind == "number":
            yield f"<n{min(end - start, _MAX_DIGITS)}>", start, end
        elif kind == "cjk":
            yield match[0], start, end
        elif kind == "email":
            yield "<email>", start, end
        elif kind == "spelled":
            yield "".join(c for c in match[0].lower() if c.isalpha()), start, end
        else:
            yield "<url>", start, end
            yield _host_kind(match), start, end


def _host_kind(match: re.Match[str]) -> str:
    if match["ip"]:
        return "<url:ip>"
    domain = match["tld"] or match["tld2"]
    return f"<url:{domain.lower()}>" if domain else "<url:other>"


def _word(word: str) -> str:
    """A word as it is; one with digits keeps its shape (`8pm` -> `0pm`) or loses its disguise."""
    if word.isalpha() or not _DIGIT.search(word):
        return word
    digits = sum(c.isdigit() for c in word)
    if len(word) >= 4 and digits * 2 < len(word) and word[0].isalpha():
        plain = word.translate(_LEET)
        # Trailing digits are a counter, not a disguise: `win32`, `sales2`.
        if plain.isalpha() and not word[-1].isdigit():
            return plain
    return _DIGIT.sub("0", word)
