"""Measures of a sorter as JSON for machines, Markdown for people and a figure by length."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from matplotlib.figure import Figure

from training.number_lists import CELLS
from training.plots import GREY, MARKERS, MODEL_COLOURS, MODEL_STYLES
from training.sorting_measures import Cell


@dataclass(frozen=True, slots=True)
class SortingReport:
    """What was measured, and all it takes to measure it again."""

    command: str
    commit: str
    version: str
    seed: int
    date: str
    clock_ms: float
    processor_ms: float
    cells: tuple[Cell, ...]
    ablations: tuple[Cell, ...]


def to_json(report: SortingReport) -> str:
    return json.dumps(asdict(report), indent=1) + "\n"


def markdown(report: SortingReport) -> str:
    """Exact lists in per cent: with the guard, without its help, and with parts switched off."""
    lists = report.cells[0].lists
    return "\n\n".join(
        [
            f"Sorter {report.version}, training seed {report.seed}, measured by `{report.command}` "
            f"at {report.commit} on {report.date}. 100 numbers took {report.clock_ms:.1f} ms, "
            f"{report.processor_ms:.1f} ms of them on a processor (medians, one list at a time).",
            f"Lists in exactly the right order, in per cent of {lists} a cell:",
            _table(report.cells, "exact"),
            "The same without a single step at which the guard had to help:",
            _table(report.cells, "unguarded"),
            f"Parts switched off, in per cent of {report.ablations[0].lists} lists a cell:",
            _ablation_table(report.ablations),
        ]
    )


def _table(cells: Sequence[Cell], measure: str) -> str:
    lengths = list(dict.fromkeys(cell.length for cell in cells))
    rows = [
        [str(length), *(_percent(_find(cells, name, length), measure) for name in CELLS)]
        for length in lengths
    ]
    return _lines(["length", *CELLS], rows)


def _ablation_table(cells: Sequence[Cell]) -> str:
    keys = dict.fromkeys((cell.parts, cell.length) for cell in cells)
    rows = []
    for parts, length in keys:
        chosen = [cell for cell in cells if cell.parts == parts]
        values = (_percent(_find(chosen, name, length), "exact") for name in CELLS)
        rows.append([parts, str(length), *values])
    return _lines(["", "length", *CELLS], rows)


def _find(cells: Sequence[Cell], distribution: str, length: int) -> Cell:
    return next(c for c in cells if (c.distribution, c.length) == (distribution, length))


def _percent(cell: Cell, measure: str) -> str:
    """Two digits, cut and not rounded: 100.00 means every list."""
    count = cell.exact if measure == "exact" else cell.unguarded
    return f"{10_000 * count // cell.lists / 100:.2f}"


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---" if name == "" else "---:" for name in head]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])


def plot(report: SortingReport, path: Path) -> None:
    """Exact lists by length: a line a distribution, and a line a part switched off (the mean of the
    distributions without `sorted`, which copying sorts)."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    whole, parts = figure.subplots(1, 2, sharey=True)
    for number, name in enumerate(CELLS):
        chosen = [cell for cell in report.cells if cell.distribution == name]
        shares = [100 * cell.exact / cell.lists for cell in chosen]
        whole.plot([c.length for c in chosen], shares, label=name, **_style(number))
    for number, name in enumerate(dict.fromkeys(cell.parts for cell in report.ablations)):
        lengths, shares = _mean_by_length(report.ablations, name)
        parts.plot(lengths, shares, label=name, **_style(number))
    for axes, title in ((whole, "all parts, by distribution"), (parts, "parts switched off")):
        axes.set_xscale("log", base=2)
        axes.set(title=title, xlabel="numbers in the list", ylabel="lists sorted exactly, %")
        axes.set_ylim(-3, 103)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.grid(color=GREY, alpha=0.25, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(
            frameon=False, fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.16)
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150, format="png")


def _mean_by_length(cells: Sequence[Cell], parts: str) -> tuple[list[int], list[float]]:
    chosen = [c for c in cells if c.parts == parts and c.distribution != "sorted"]
    lengths = list(dict.fromkeys(cell.length for cell in chosen))
    means = []
    for length in lengths:
        same = [cell for cell in chosen if cell.length == length]
        means.append(100 * sum(c.exact for c in same) / sum(c.lists for c in same))
    return lengths, means


def _style(number: int) -> dict[str, object]:
    return {
        "color": MODEL_COLOURS[number % len(MODEL_COLOURS)],
        "linestyle": MODEL_STYLES[number % len(MODEL_STYLES)],
        "marker": MARKERS[number % len(MARKERS)],
        "markersize": 4,
        "linewidth": 1.4,
    }
