"""Numbers -> the geometry of a chart, in percent of its plot. Pure; `_chart.html` draws it as SVG
and puts the same numbers beside it as a table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_GAP = 0.15  # of a bar's place
_WIDEST_LOGIT = 7.0  # 0.1 % and 99.9 % are close to the ends of a scale of log-odds
_MOST_NAMES = 6  # along the x-axis; more would touch each other on a phone


@dataclass(frozen=True, slots=True)
class Rect:
    """A bar or a part of one. `kind` names its series; it has its own colour and pattern."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Curve:
    """A series as the `d` of SVG paths in a plot of 100 × 100: lines, broken where none is known,
    and points without a neighbour, of no length, which round ends make dots."""

    kind: str
    path: str
    dots: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A name on an axis, or a line across the plot."""

    at: float
    name: str


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of a chart in words."""

    columns: list[str]
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class Chart:
    """All that a template must know. `name` is unique on its page."""

    name: str
    title: str
    description: str
    legend: list[str]  # the kinds; empty when there is one alone
    rects: list[Rect]
    curves: list[Curve]
    x_ticks: Sequence[Tick]
    y_ticks: list[Tick]
    table: Table
    marks: Sequence[Tick] = ()  # values on the x-axis that have a name of their own


@dataclass(frozen=True, slots=True)
class Axis:
    """What stands along the bottom: its heading in the table, and a name for each place.

    `ticks` are drawn in place of some of the names.
    """

    title: str
    names: Sequence[str]
    ticks: Sequence[Tick] = ()


def stacked_bars(
    name: str,
    title: str,
    description: str,
    axis: Axis,
    series: Mapping[str, Sequence[float]],
    *,
    unit: str = "",
    marks: Sequence[Tick] = (),
) -> Chart:
    """One bar a place, of the series from the bottom to the top in their order."""
    totals = [sum(values) for values in zip(*series.values(), strict=True)]
    top, ticks = _scale(max(totals, default=0.0), unit)
    rects = []
    width = 100 / max(1, len(axis.names))
    for place, label in enumerate(axis.names):
        bottom = 100.0
        for kind, values in series.items():
            height = 100 * values[place] / top
            if not height:
                continue
            bottom -= height
            said = f"{label}: {number(values[place])}{unit} {kind}"
            left, wide = place * width + width * _GAP / 2, width * (1 - _GAP)
            rects.append(Rect(left, bottom, wide, height, kind, said))
    return Chart(
        name,
        title,
        description,
        list(series) if len(series) > 1 else [],
        rects,
        [],
        _x_ticks(axis),
        ticks,
        _table(axis, series, unit),
        marks,
    )


def curves(
    name: str,
    title: str,
    description: str,
    axis: Axis,
    series: Mapping[str, Sequence[float | None]],
    *,
    unit: str = "",
    top: float | None = None,
) -> Chart:
    """One line a series; None breaks it. `top` is the end of the y-axis if that is known."""
    known = [value for values in series.values() for value in values if value is not None]
    top, ticks = _scale(top if top is not None else max(known, default=0.0), unit)
    return Chart(
        name,
        title,
        description,
        list(series) if len(series) > 1 else [],
        [],
        [_curve(kind, values, top) for kind, values in series.items()],
        _x_ticks(axis),
        ticks,
        _table(axis, series, unit),
    )


def log_odds_place(probability: float) -> float:
    """Where a probability stands on a scale of log-odds, in percent of its length: what matters to
    a filter happens close to 0 and to 1, where a linear scale has no room."""
    if not 0 < probability < 1:
        return 100.0 * (probability >= 1)
    logit = math.log(probability / (1 - probability))
    return round(min(100.0, max(0.0, 50 + 50 * logit / _WIDEST_LOGIT)), 3)


def number(value: float) -> str:
    """With thousands apart, and no more digits than one reads."""
    if value == round(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2g}"


def _scale(largest: float, unit: str) -> tuple[float, list[Tick]]:
    """A round end of the y-axis, and its lines: three to six steps of 1, 2 or 5 times a power."""
    largest = largest if largest > 0 else 1.0
    power = 10 ** math.floor(math.log10(largest / 3))
    step = next(s * power for s in (1, 2, 5, 10) if largest / (s * power) <= 5)
    count = math.ceil(round(largest / step, 9))
    top = count * step
    return top, [
        Tick(round(100 - 100 * line / count, 3), number(line * step) + unit)
        for line in range(1, count + 1)
    ]


def _x_ticks(axis: Axis) -> Sequence[Tick]:
    names = axis.names
    every = max(1, math.ceil(len(names) / _MOST_NAMES))
    width = 100 / max(1, len(names))
    return axis.ticks or [
        Tick(round((place + 0.5) * width, 3), names[place]) for place in range(0, len(names), every)
    ]


def _curve(kind: str, values: Sequence[float | None], top: float) -> Curve:
    width = 100 / max(1, len(values))
    runs: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            y = 100 - 100 * min(value, top) / top
            runs[-1].append(f"{(place + 0.5) * width:.2f} {y:.2f}")
    lines = ("M" + "L".join(run) for run in runs if len(run) > 1)
    dots = (f"M{run[0]}h0" for run in runs if len(run) == 1)
    return Curve(kind, "".join(lines), "".join(dots))


def _table(axis: Axis, series: Mapping[str, Sequence[float | None]], unit: str) -> Table:
    rows = [
        [label, *("–" if v[place] is None else number(v[place] or 0) for v in series.values())]
        for place, label in enumerate(axis.names)
    ]
    heads = [f"{kind},{unit}" if unit else kind for kind in series]
    return Table([axis.title, *heads], rows)
