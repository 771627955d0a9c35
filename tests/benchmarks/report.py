"""Findings as JSON for machines, one Markdown table and one figure for people."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.benchmarks.results import Curve, Findings, Row

_WIDTH = 4.2  # inches, of a panel
_HEIGHT = 3.2
_COLUMNS = 3
_REACHED = {True: "yes", False: "no", None: "–"}


def to_json(findings: Mapping[str, Findings]) -> str:
    """Everything that was found, by the name of its benchmark."""
    values = {name: asdict(found) for name, found in findings.items()}
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def from_json(text: str) -> dict[str, Findings]:
    """The findings that `to_json` wrote."""
    return {name: _findings(values) for name, values in json.loads(text).items()}


def _findings(values: dict[str, Any]) -> Findings:
    curves = [
        Curve(**(curve | {"points": tuple((x, y) for x, y in curve["points"])}))
        for curve in values["curves"]
    ]
    rows = tuple(Row(**row) for row in values["rows"])
    return Findings(rows, tuple(curves), tuple(values["notes"]))


def table(findings: Mapping[str, Findings]) -> str:
    """All rows in one Markdown table, and the notes below it."""
    lines = ["| what | measured | verdict | aim | reached |", "| --- | --- | --- | --- | --- |"]
    for found in findings.values():
        lines += [_line(row) for row in found.rows]
    notes = [f"- {name}: {note}" for name, found in findings.items() for note in found.notes]
    return "\n".join([*lines, "", *notes]).rstrip() + "\n"


def _line(row: Row) -> str:
    measured = "<br>".join(f"{name}: {number(value)}" for name, value in row.measured.items())
    cells = (row.name, measured, row.verdict, row.aim, _REACHED[row.reaches])
    return f"| {' | '.join(cells)} |"


def number(value: float) -> str:
    """With three digits that count, and no more zeros than those are worth."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def plot(findings: Mapping[str, Findings], path: Path) -> None:
    """A panel for the curves that share what is varied and what is measured; none: no figure."""
    panels: dict[tuple[str, str], list[Curve]] = {}
    for found in findings.values():
        for curve in found.curves:
            panels.setdefault((curve.across, curve.up), []).append(curve)
    if not panels:
        return
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(_WIDTH * columns, _HEIGHT * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, ((across, up), curves) in zip(grid.flat, panels.items(), strict=False):
        _panel(axes, across, up, curves)
    for axes in grid.flat[len(panels) :]:
        axes.remove()
    figure.savefig(path, dpi=150)


def _panel(axes: Axes, across: str, up: str, curves: list[Curve]) -> None:
    for curve in curves:
        xs, ys = [x for x, _ in curve.points], [y for _, y in curve.points]
        axes.plot(xs, ys, marker="o", markersize=3, label=curve.name)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    # From 0, or a flat line would look like a mountain.
    axes.set_ylim(0, 1.1 * max(y for curve in curves for _, y in curve.points))
    axes.grid(alpha=0.2)
    axes.legend(fontsize=8)
