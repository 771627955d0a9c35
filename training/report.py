"""Results as a JSON file for machines and Markdown tables for people, from one `Report`.

`table` sets the models side by side on each corpus; `crossval_table` does so on what was left out
of training. What the numbers mean is said in training.metrics.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
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
# Behind a model's name: as it is used by who sets no threshold, spam from one half on.
AT_HALF = " at 0.5"


@dataclass(frozen=True, slots=True)
class Row:
    """One model on one slice (a corpus, a source, or "all"). The interval is of 95 %, in per cent
    as `metrics.one_minus_auc_percent`; None when it was not asked for or cannot be had."""

    model: str
    slice: str
    metrics: Metrics
    one_minus_auc_interval: Interval | None = None


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
    threshold: float,
    seed: int,
) -> list[Row]:
    """A model's rows, a slice each and "all", with bootstrap intervals. Raises as `by_slice`."""
    names = np.asarray(slices, dtype=np.str_)
    rows = []
    for name, metrics in by_slice(labels, probabilities, slices, threshold).items():
        inside = np.ones(len(names), dtype=np.bool_) if name == ALL else names == name
        interval = bootstrap_one_minus_auc(labels[inside], probabilities[inside], seed)
        rows.append(Row(model, name, metrics, interval))
    return rows


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
    lines = [_line(header), _line(["---", "---", *["---:"] * (len(header) - 2)])]
    for name in _slices(report):
        rows = [row for row in report.rows if row.slice == name]
        columns = [_marked(column, rows) for column in COLUMNS]
        for number, row in enumerate(rows):
            counts = [f"{row.metrics.count_ham:,}", f"{row.metrics.count_spam:,}"]
            values = [column[number] for column in columns]
            lines.append(_line([name, row.model, *counts, *values]))
    return _page(report, lines, _NOTE)


def crossval_table(report: Report) -> str:
    """Markdown: what was left out x measure x model: F1 and FPR, where they were measured at one
    half, too, and 1-AUC, which knows no threshold; and the means over what has both ham and spam.
    Raises ValueError unless every model has one row on each."""
    groups, names = _crossval_groups(_models(report)), _slices(report)
    rows = {(row.slice, row.model): row for row in report.rows}
    if len(rows) != len(report.rows) or len(rows) != len(_models(report)) * len(names):
        raise ValueError("every model needs one row on each corpus left out")
    titles = [f"{g.title}: {m.removesuffix(AT_HALF)}" for g in groups for m in g.models]
    header = ["left out", "ham", "spam", *titles]
    lines = [_line(header), _line(["---", *["---:"] * (len(header) - 1)])]
    both = []
    for name in names:
        metrics = rows[name, groups[0].models[0]].metrics
        cells = [
            cell
            for group in groups
            for cell in _marked(group.column, [rows[name, model] for model in group.models])
        ]
        lines.append(_line([name, f"{metrics.count_ham:,}", f"{metrics.count_spam:,}", *cells]))
        if metrics.count_ham and metrics.count_spam:
            both.append(name)
    if both:
        lines.append(_line(["mean", "", "", *_means(rows, both, groups)]))
    return _page(report, lines, _CROSSVAL_NOTE)


def _no_interval(row: Row) -> None:
    """For columns that show none."""


@dataclass(frozen=True, slots=True)
class _Column:
    """`value` in the unit of the title, None where there is none; `interval` goes behind it."""

    title: str
    digits: int
    value: Callable[[Row], float | None]
    interval: Callable[[Row], Interval | None] = _no_interval
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


_ACCURACY = _Column(
    "accuracy %", 2, lambda row: _percent(row.metrics.accuracy), higher_is_better=True
)
_FPR = _Column(
    "FPR %",
    2,
    lambda row: _percent(row.metrics.false_positive_rate),
    lambda row: _rate_interval(row.metrics.false_positive_rate, row.metrics.count_ham),
)
_FNR = _Column(
    "FNR %",
    2,
    lambda row: _percent(row.metrics.false_negative_rate),
    lambda row: _rate_interval(row.metrics.false_negative_rate, row.metrics.count_spam),
)
_F1 = _Column("F1", 4, lambda row: row.metrics.f1, higher_is_better=True)
_AUC = _Column(
    "1-AUC %",
    3,
    lambda row: row.metrics.one_minus_auc_percent,
    lambda row: row.one_minus_auc_interval,
)
_ECE = _Column("ECE", 4, lambda row: row.metrics.expected_calibration_error)


COLUMNS = (_ACCURACY, _FPR, _FNR, _F1, _AUC, _ECE)

_NOTE = (
    "FPR: share of ham called spam; FNR: share of spam let through; both, accuracy and F1 at each "
    "model's own threshold, set on validation messages. In brackets 95 % intervals: Wilson's for "
    "rates, bootstrap for 1-AUC. ECE: 15 equal-width bins on the probability of spam. "
    "Bold: the best of the models."
)
_CROSSVAL_NOTE = (
    "Each row: everything trained anew without what is named, then measured on just that. "
    "F1 and FPR are at each model's own threshold, set on validation messages without it; "
    '"at 0.5": spam from a probability of one half on, the linear models as they come, '
    "uncalibrated. "
    "The mean is over what has both ham and spam. Bold: the best of the models."
)


def _marked(column: _Column, rows: Sequence[Row]) -> list[str]:
    """The column's texts of rows that stand side by side, the best in bold if there are several."""
    values = [column.value(row) for row in rows]
    best = _best(column, [value for value in values if value is not None])
    return [
        f"**{column.text(row)}**" if value is not None and value == best else column.text(row)
        for row, value in zip(rows, values, strict=True)
    ]


def _best(column: _Column, values: list[float]) -> float | None:
    if len(values) < 2 or len(set(values)) == 1:
        return None
    return max(values) if column.higher_is_better else min(values)


@dataclass(frozen=True, slots=True)
class _Group:
    """Columns of one measure, a model each, of which the best is marked."""

    title: str
    column: _Column
    models: list[str]


def _crossval_groups(models: list[str]) -> list[_Group]:
    own = [model for model in models if not model.endswith(AT_HALF)]
    halved = [model for model in models if model.endswith(AT_HALF)]
    fpr, auc = replace(_FPR, interval=_no_interval), replace(_AUC, interval=_no_interval)
    groups = []
    for column in (_F1, fpr):  # so many models wide: the intervals stay in the JSON and in `table`
        groups += [
            _Group(column.title, column, own),
            _Group(column.title + AT_HALF, column, halved),
        ]
    return [group for group in [*groups, _Group(auc.title, auc, own)] if group.models]


def _means(
    rows: dict[tuple[str, str], Row], names: list[str], groups: Sequence[_Group]
) -> list[str]:
    means = []
    for group in groups:
        for model in group.models:
            values = [group.column.value(rows[name, model]) for name in names]
            mean = np.mean([value for value in values if value is not None])
            means.append(f"{mean:.{group.column.digits}f}")
    return means


def _models(report: Report) -> list[str]:
    return list(dict.fromkeys(row.model for row in report.rows))


def _slices(report: Report) -> list[str]:
    """In order of appearance, "all" last."""
    names = dict.fromkeys(row.slice for row in report.rows)
    return [name for name in names if name != ALL] + [name for name in names if name == ALL]


def _line(cells: Sequence[str]) -> str:
    # A pipe or a line break in a name, a corpus's say, would break the table.
    return "| " + " | ".join(" ".join(c.replace("|", r"\|").split()) for c in cells) + " |"


def _page(report: Report, lines: Sequence[str], note: str) -> str:
    made = f"`{report.command}` · commit {report.commit} · seed {report.seed} · {report.date}"
    return f"## {report.title}\n\n{made}\n\n" + "\n".join(lines) + f"\n\n{note}\n"
