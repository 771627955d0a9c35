"""The table of what was left out of training: every model at every threshold, side by side."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from training.report import (
    AUC,
    F1,
    FPR,
    Report,
    Row,
    marked,
    no_interval,
    page,
    slices_of,
    table_line,
)

# So many models wide: the intervals stay in the JSON and in `training.report.table`.
_MEASURES = (F1, replace(FPR, interval=no_interval), replace(AUC, interval=no_interval))

_NOTE = (
    "Each row: everything trained anew without what is named, then measured on just that. "
    '"Spam from": the threshold that this share of validation ham reached, each model\'s own and '
    "set without what is left out; or at which that share of validation spam was missed; or the "
    "logit 0, each model as it comes out of training. "
    "1-AUC knows no threshold. "
    "The means are over what has both ham and spam. Bold: the best of the models."
)


def crossval_table(report: Report) -> str:
    """Markdown: what was left out and threshold x measure x model, and the means over what has both
    ham and spam. Raises ValueError unless every model has one row on each at each threshold."""
    models = list(dict.fromkeys(row.model for row in report.rows))
    points = list(dict.fromkeys(row.spam_from for row in report.rows))
    names = slices_of(report)
    rows = {(row.slice, row.spam_from, row.model): row for row in report.rows}
    if len(rows) != len(report.rows) or len(rows) != len(models) * len(names) * len(points):
        raise ValueError("every model needs one row on each corpus left out at each threshold")
    header = ["left out", "ham", "spam", "spam from"]
    header += [f"{measure.title}: {model}" for measure in _MEASURES for model in models]
    lines = [table_line(header), table_line(["---", *["---:"] * (len(header) - 1)])]
    for name in names:
        for point in points:
            metrics = rows[name, point, models[0]].metrics
            place = [name, f"{metrics.count_ham:,}", f"{metrics.count_spam:,}", point]
            lines.append(table_line(place + _cells([rows[name, point, m] for m in models])))
    both = [name for name in names if _has_both(rows[name, points[0], models[0]])]
    for point in points if both else ():
        means = _means([[rows[name, point, model] for name in both] for model in models])
        lines.append(table_line(["mean", "", "", point, *means]))
    return page(report, lines, _NOTE)


def _has_both(row: Row) -> bool:
    return bool(row.metrics.count_ham and row.metrics.count_spam)


def _cells(rows: Sequence[Row]) -> list[str]:
    """Every measure of the models' rows."""
    return [cell for column in _MEASURES for cell in marked(column, rows)]


def _means(models: Sequence[Sequence[Row]]) -> list[str]:
    """Of each measure, each model's mean over its rows."""
    means = []
    for column in _MEASURES:
        for rows in models:
            values = [value for value in map(column.value, rows) if value is not None]
            means.append(f"{np.mean(values):.{column.digits}f}")
    return means
