"""Results as a JSON file for machines and Markdown tables for people, from one `Report`.

`table` sets the models side by side on each corpus; training.left_out does so on what was left out
of training. What the numbers mean is said in training.metrics.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.metrics import (
    ALL,
    Bools,
    Floats,
    Interval,
    Metrics,
    bootstrap_one_minus_auc,
    by_slice,
    wilson_interval,
)

ABSENT = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One model on one slice (a corpus, a source, or "all"). The interval is of 95 %, in per cent
    as `metrics.one_minus_auc_percent`; None when it was not asked for or cannot be had.
    `spam_from` names the threshold where a model was measured at several."""

    model: str
    slice: str
    metrics: Metrics
    one_minus_auc_interval: Interval | None = None
    spam_from: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured, and all it takes to measure it again. `date` is ISO 8601."""

    title: str
    command: str
    commit: str
    seed: int
    date: str
    rows: tuple[Row, ...]


def measured_rows(
    model: str,
    labels: Bools,
    probabilities: Floats,
    slices: Sequence[str],
    thresholds: Mapping[str, float],
    seed: int,
) -> list[Row]:
    """A model's rows, a slice each and "all", at each of the named thresholds, with bootstrap
    intervals. Raises as `by_slice`."""
    names = np.asarray(slices, dtype=np.str_)
    intervals = {}
    for name in [*np.unique(names).tolist(), ALL]:
        inside = np.ones(len(names), dtype=np.bool_) if name == ALL else names == name
        intervals[name] = bootstrap_one_minus_auc(labels[inside], probabilities[inside], seed)
    return [
        Row(model, name, metrics, intervals[name], spam_from)
        for spam_from, threshold in thresholds.items()
        for name, metrics in by_slice(labels, probabilities, slices, threshold).items()
    ]


def to_json(report: Report) -> str:
    """Rates at full precision; what cannot be measured is null."""
    return json.dumps(asdict(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str) -> Report:
    """The report that `to_json` wrote. Raises ValueError for anything else."""
    try:
        values = json.loads(text)
        rows = tuple(_row(row) for row in values.pop("rows"))
        return Report(**values, rows=rows)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"this is no report: {error}") from error


def _row(values: dict[str, Any]) -> Row:
    metrics, interval = Metrics(**values.pop("metrics")), values.pop("one_minus_auc_interval")
    bounds = None if interval is None else (float(interval[0]), float(interval[1]))
    return Row(**values, metrics=metrics, one_minus_auc_interval=bounds)


def write(report: Report, markdown: str, stem: Path) -> None:
    """Write `stem`.json and `stem`.md; folders are made as needed."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    # Not with_suffix: a stem such as "classifier-1.0" has a dot of its own.
    stem.with_name(stem.name + ".json").write_text(to_json(report), encoding="utf-8")
    stem.with_name(stem.name + ".md").write_text(markdown, encoding="utf-8")


def table(report: Report) -> str:
    """Markdown: the rows of each slice together, in the report's order, best values in bold."""
    header = ["corpus", "model", "ham", "spam", *(c.title for c in COLUMNS)]
    lines = [table_line(header), table_line(["---", "---", *["---:"] * (len(header) - 2)])]
    for name in slices_of(report):
        rows = [row for row in report.rows if row.slice == name]
        columns = [marked(column, rows) for column in COLUMNS]
        for number, row in enumerate(rows):
            counts = [f"{row.metrics.count_ham:,}", f"{row.metrics.count_spam:,}"]
            values = [column[number] for column in columns]
            lines.append(table_line([name, row.model, *counts, *values]))
    return page(report, lines, _NOTE)


def no_interval(_: Row) -> None:
    """For columns that show none."""


@dataclass(frozen=True, slots=True)
class Column:
    """`value` in the unit of the title, None where there is none; `interval` goes behind it."""

    title: str
    digits: int
    value: Callable[[Row], float | None]
    interval: Callable[[Row], Interval | None] = no_interval
    higher_is_better: bool = False

    def text(self, row: Row) -> str:
        value, interval = self.value(row), self.interval(row)
        if value is None:
            return ABSENT
        shown = f"{value:.{self.digits}f}"
        if interval is None:
            return shown
        return f"{shown} ({interval[0]:.{self.digits}f}–{interval[1]:.{self.digits}f})"


def _percent(rate: float | None) -> float | None:
    return None if rate is None else 100 * rate


def _rate_interval(rate: float | None, total: int) -> Interval | None:
    """Wilson's, in per cent; the count of errors is the rate's own, so nothing is lost by it."""
    interval = None if rate is None else wilson_interval(round(rate * total), total)
    return None if interval is None else (100 * interval[0], 100 * interval[1])


_ACCURACY = Column(
    "accuracy %", 2, lambda row: _percent(row.metrics.accuracy), higher_is_better=True
)
FPR = Column(
    "FPR %",
    2,
    lambda row: _percent(row.metrics.false_positive_rate),
    lambda row: _rate_interval(row.metrics.false_positive_rate, row.metrics.count_ham),
)
_FNR = Column(
    "FNR %",
    2,
    lambda row: _percent(row.metrics.false_negative_rate),
    lambda row: _rate_interval(row.metrics.false_negative_rate, row.metrics.count_spam),
)
F1 = Column("F1", 4, lambda row: row.metrics.f1, higher_is_better=True)
AUC = Column(
    "1-AUC %",
    3,
    lambda row: row.metrics.one_minus_auc_percent,
    lambda row: row.one_minus_auc_interval,
)
_ECE = Column("ECE", 4, lambda row: row.metrics.expected_calibration_error)


COLUMNS = (_ACCURACY, FPR, _FNR, F1, AUC, _ECE)

_NOTE = (
    "FPR: share of ham called spam; FNR: share of spam let through; both, accuracy and F1 at each "
    "model's own threshold, set on validation messages. In brackets 95 % intervals: Wilson's for "
    "rates, bootstrap for 1-AUC. ECE: 15 equal-width bins on the probability of spam. "
    "Bold: the best of the models."
)


def marked(column: Column, rows: Sequence[Row]) -> list[str]:
    """The column's texts of rows that stand side by side, the best in bold if there are several."""
    values = [column.value(row) for row in rows]
    best = _best(column, [value for value in values if value is not None])
    return [
        f"**{column.text(row)}**" if value is not None and value == best else column.text(row)
        for row, value in zip(rows, values, strict=True)
    ]


def _best(column: Column, values: list[float]) -> float | None:
    if len(values) < 2 or len(set(values)) == 1:
        return None
    return max(values) if column.higher_is_better else min(values)


def slices_of(report: Report) -> list[str]:
    """In order of appearance, "all" last."""
    names = dict.fromkeys(row.slice for row in report.rows)
    return [name for name in names if name != ALL] + [name for name in names if name == ALL]


def table_line(cells: Sequence[str]) -> str:
    # A pipe or a line break in a name, a corpus's say, would break the table.
    return "| " + " | ".join(" ".join(c.replace("|", r"\|").split()) for c in cells) + " |"


def page(report: Report, lines: Sequence[str], note: str) -> str:
    made = f"`{report.command}` · commit {report.commit} · seed {report.seed} · {report.date}"
    return f"## {report.title}\n\n{made}\n\n" + "\n".join(lines) + f"\n\n{note}\n"
