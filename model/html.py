"""HTML to the text a reader sees: blocks end lines, what is hidden by style is left out.

Spam hides words that look harmless (white on white, size zero, display none) to fool filters, and
newsletters hide a preheader the same way; neither is read. This is no browser: only inline styles,
the old presentational attributes and simple `.class` / `tag` rules are understood. Nothing is
fetched or run.
"""

import re
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from model.style import Paint, declared, repaint, style_of, style_rules

_TAG = re.compile(
    r"<(?:!doctype html|html|head|body|table|tbody|tr|td|div|p|br|span|font|center|img|style|"
    r"a\s+href|h[1-6]|ul|li|b|strong)\b[^<>]{0,2000}>",
    re.I,
)
_DROPPED = frozenset(
    [
        "head",
        "script",
        "style",
        "title",
        "noscript",
        "template",
        "svg",
        "math",
        "object",
        "iframe",
        "select",
        "textarea",
        "audio",
        "video",
        "canvas",
        "map",
        "datalist",
    ]
)
_BLOCK = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
_TEXT = "-text"  # the tag of what lies between tags
_MAX_NODES = 100_000
# The parser walks up all open elements at each tag; browsers flatten deep nesting too. Elements
# that have no content or end by themselves are not counted.
_MAX_DEPTH = 4_000
_NESTING = re.compile(
    r"<(/?)(?!(?:area|base|br|col|dd|dt|hr|img|input|li|link|meta|option|p|t[dhr]|tbody|tfoot|thead"
    r"|wbr)\b)[a-z]",
    re.I,
)
# It also compares each attribute of a tag with all others: a tag of two thousand loses them.
_CROWDED = 2000
_CROWDED_TAG = re.compile(
    rf"(<[a-z][^<>\s\"'/]*)[\s\"'/](?:[^<>\s\"'/]*[\s\"'/]){{{_CROWDED}}}[^<>]*", re.I
)


def looks_like_html(text: str) -> bool:
    """Whether a text that nobody declared to be HTML is HTML: two tags near its beginning."""
    return any(number == 2 for number, _ in enumerate(_TAG.finditer(text, 0, 20_000), 1))


class Rendered(NamedTuple):
    """What a reader sees of HTML, and how many characters, white space apart, style hides."""

    text: str
    hidden: int


def render(source: str) -> Rendered:
    """Render HTML to text. Never raises; what selectolax cannot parse yields no text."""
    root = LexborHTMLParser(_tame(source)).root
    if root is None:
        return Rendered("", 0)
    page = _Page(style_rules(root))
    # An explicit stack: hostile HTML nests deeper than Python recurses. None marks a block's end.
    stack: list[tuple[LexborNode, Paint] | None] = [(root, Paint())]
    for _ in range(_MAX_NODES):
        if not stack:
            break
        entry = stack.pop()
        if entry is None:
            page.seen.append("\n")
        else:
            _visit(*entry, page, stack)
    lines = (" ".join(line.split()) for line in "".join(page.seen).split("\n"))
    unseen = sum(len(word) for piece in page.hidden for word in piece.split())
    return Rendered("\n".join(filter(None, lines)), unseen)


class _Page:
    """The texts of a page as they are found, and its style rules."""

    __slots__ = ("hidden", "rules", "seen")

    def __init__(self, rules: dict[str, str]) -> None:
        self.rules = rules
        self.seen: list[str] = []
        self.hidden: list[str] = []


def _tame(source: str) -> str:
    """Bound what is quadratic in the parser: elements opened deeper than `_MAX_DEPTH` become
    comments, crowded tags lose their attributes. No mail that people write is changed."""
    if max(map(len, source.split("<"))) >= _CROWDED:
        source = _CROWDED_TAG.sub(r"\1", source)
    if source.count("<") <= _MAX_DEPTH:
        return source
    depth = 0

    def keep(tag: re.Match[str]) -> str:
        nonlocal depth
        depth = max(0, depth - 1) if tag[1] else depth + 1
        return tag[0] if depth <= _MAX_DEPTH else "<!"  # a comment, up to the next `>`

    return _NESTING.sub(keep, source)


def _visit(
    node: LexborNode, paint: Paint, page: _Page, stack: list[tuple[LexborNode, Paint] | None]
) -> None:
    """Emit the texts up to the next element and what that one says itself; push what comes after
    it, then its children."""
    while (tag := node.tag) == _TEXT:
        text = (node.text_content or "").replace("\n", " ")
        (page.hidden if paint.invisible else page.seen).append(text)
        if (after := node.next) is None:
            return
        node = after
    if (after := node.next) is not None:
        stack.append((after, paint))
    if not tag or tag in _DROPPED or tag[0] in "-!":
        return
    attributes = node.attributes
    said = declared(style_of(tag, attributes, page.rules))
    if said.hidden or "hidden" in attributes:
        page.hidden.append(node.text())
        return
    paint = repaint(paint, said, attributes)
    if tag == "img" and attributes.get("alt"):
        page.seen.append(f" {attributes['alt']} ")
    if tag in _BLOCK:
        page.seen.append("\n")
        stack.append(None)
    if (child := node.first_child) is not None:
        stack.append((child, paint))
