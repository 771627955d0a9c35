"""Which text of an HTML mail its styles hide: as small as nothing, or in the colour of its ground.

Only inline styles, the old presentational attributes and simple `.class` / `tag` rules are
understood.
"""

import itertools
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from selectolax.lexbor import LexborNode

_BRACE = re.compile(r"[{}]")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all"
    r"|opacity\s*:\s*0*(?:\.0\d*)?\s*(?:;|!|$)"
    r"|max-height\s*:\s*0(?:px)?\s*(?:;|!|$)|text-indent\s*:\s*-\d{3,}",
    re.I,
)
_FONT_SIZE = re.compile(r"font-size\s*:\s*([\d.]+)\s*(px|pt|em|rem|%)?", re.I)
_COLOR = re.compile(r"(?:^|[;\s])color\s*:\s*([^;!]+)", re.I)
_BACKGROUND = re.compile(r"background(?:-color)?\s*:\s*([^;!]+)", re.I)
_HEX = re.compile(r"#([0-9a-f]{6}|[0-9a-f]{3})\b", re.I)
_RGB = re.compile(r"rgba?\(\s*(\d{1,9})\s*,\s*(\d{1,9})\s*,\s*(\d{1,9})", re.I)
_NAMED = {"white": (255, 255, 255), "black": (0, 0, 0), "snow": (255, 250, 250)}
# A style sheet multiplies: every bound here keeps hostile ones from costing gigabytes or minutes.
_MAX_CSS, _MAX_RULES, _MAX_DECLARATIONS, _MAX_CLASSES = 100_000, 5_000, 1_000, 20
_MAX_REMEMBERED = 300  # characters; longer ones are rare, and many of them would fill the memory
_PAINTING = frozenset(["background", "bgcolor", "color", "text"])  # attributes
_UNCHANGED = ("transparent", "none", "inherit")

Color: TypeAlias = tuple[int, int, int] | None


class Paint(NamedTuple):
    """What is inherited: text and background colour (None: unknown, hides nothing) and size."""

    color: Color = (0, 0, 0)
    background: Color = (255, 255, 255)
    tiny: bool = False

    @property
    def invisible(self) -> bool:
        return self.tiny or _blends(self.color, self.background)


@lru_cache(maxsize=1024)
def _blends(color: Color, background: Color) -> bool:
    if color is None or background is None:
        return False
    return sum(abs(a - b) for a, b in zip(color, background, strict=True)) < 24


class Declared(NamedTuple):
    """What declarations say of an element: whether it is hidden with all in it, and of its paint
    what is not None; a colour in a tuple, as it may be None itself."""

    hidden: bool = False
    color: tuple[Color] | None = None
    background: tuple[Color] | None = None
    tiny: bool | None = None


_NOTHING = Declared()


def declared(style: str) -> Declared:
    """Read declarations. A mail says the same of many elements, so what was read is remembered."""
    if not style:
        return _NOTHING
    return _remembered(style) if len(style) <= _MAX_REMEMBERED else _declared(style)


def _declared(style: str) -> Declared:
    colors, backgrounds = _COLOR.findall(style), _BACKGROUND.findall(style)
    if backgrounds and backgrounds[-1].strip().lower() in _UNCHANGED:
        backgrounds = []
    return Declared(
        hidden=_HIDDEN.search(style) is not None,
        color=(_parse_color(colors[-1]),) if colors else None,
        background=(_parse_color(backgrounds[-1]),) if backgrounds else None,
        tiny=_is_tiny(style),
    )


_remembered = lru_cache(maxsize=4096)(_declared)


def style_of(tag: str, attributes: dict[str, str | None], rules: dict[str, str]) -> str:
    """All declarations that apply, the weakest first, as one string."""
    if not rules:
        return attributes.get("style") or ""
    found = [rules.get(tag, "")]
    if attributes.get("class"):
        classes = (attributes["class"] or "").lower().split(maxsplit=_MAX_CLASSES)
        found += [rules.get("." + name, "") for name in classes[:_MAX_CLASSES]]
    if attributes.get("style"):
        found.append(attributes["style"] or "")
    return ";".join(part for part in found if part)


def style_rules(root: LexborNode) -> dict[str, str]:
    """Declarations of `.class` and `tag` selectors outside of @media and the like."""
    rules: dict[str, str] = {}
    sheets = (_COMMENT.sub(" ", (sheet.text() or "")[:_MAX_CSS]) for sheet in root.css("style"))
    found = itertools.chain.from_iterable(map(_top_rules, sheets))
    for selector, declarations in itertools.islice(found, _MAX_RULES):
        name = selector.strip().lower()
        # `div.note` is read as `.note`; anything longer is not understood and left alone.
        name = re.sub(r"^[\w-]+(?=\.[\w-]+$)", "", name)
        if re.fullmatch(r"\.?[\w-]+", name):
            rules[name] = (rules.get(name, "") + ";" + declarations)[-_MAX_DECLARATIONS:]
    return rules


def _top_rules(css: str) -> Iterator[tuple[str, str]]:
    """(selector, declarations) of each rule outside of any `@` block, in one linear pass."""
    prelude, begin, depth = "", 0, 0
    for brace in _BRACE.finditer(css):
        text, begin = css[begin : brace.start()], brace.end()
        if brace[0] == "{":
            prelude = text.rpartition(";")[2] if depth == 0 else prelude  # after `@import …;`
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0 and not prelude.lstrip().startswith("@"):
                declarations = text[:_MAX_DECLARATIONS]
                yield from ((selector, declarations) for selector in prelude.split(","))


def repaint(paint: Paint, said: Declared, attributes: dict[str, str | None]) -> Paint:
    """The paint of an element in one of that paint. Declarations outdo attributes."""
    if said is _NOTHING and _PAINTING.isdisjoint(attributes):
        return paint
    color, background = paint.color, paint.background
    if attributes.get("bgcolor"):
        background = _parse_color(attributes["bgcolor"] or "")
    elif attributes.get("background"):
        background = None
    for key in ("color", "text"):
        if attributes.get(key):
            color = _parse_color(attributes[key] or "")
    if said.color is not None:
        color = said.color[0]
    if said.background is not None:
        background = said.background[0]
    tiny = paint.tiny if said.tiny is None else said.tiny
    return Paint(color, background, tiny)


def _is_tiny(style: str) -> bool | None:
    """Whether text is too small to read; None when its size is not said. Frameworks set 0 on a cell
    and a real size within."""
    sizes = _FONT_SIZE.findall(style) if "font-size" in style else []
    if not sizes:
        return None
    number, unit = sizes[-1]
    try:
        return float(number) < {"px": 2, "pt": 2, "%": 10}.get(unit.lower(), 0.1)
    except ValueError:
        return None


def _parse_color(value: str) -> Color:
    """A CSS colour as red, green, blue in 0..255; None when it is not understood or an image."""
    value = value.strip().lower()
    if "url(" in value or "gradient" in value:
        return None
    if value in _NAMED:
        return _NAMED[value]
    if match := _HEX.search(value if value.startswith("#") else f"#{value}"):
        digits = match[1] if len(match[1]) == 6 else "".join(2 * c for c in match[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if match := _RGB.search(value):
        return int(match[1]), int(match[2]), int(match[3])
    return None
