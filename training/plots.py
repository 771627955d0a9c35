"""Figures of an evaluation as PNG files: ROC, reliability, scores, leave-one-out.

Drawn with Agg on figures of our own, so no display is needed and pyplot's state is not touched.
Colours are Okabe & Ito's (2008), told apart by the colour-blind; line styles repeat what they say.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import logit
from sklearn.metrics import roc_curve

from training.metrics import Bools, Floats, reliability

INK, GREY = "#222222", "#888888"
BLUE, VERMILION = "#0072B2", "#D55E00"
MODEL_COLOURS = (BLUE, "#E69F00", "#009E73", "#CC79A7", "#56B4E9", VERMILION)
MODEL_STYLES = ("-", "--", "-.", ":", "-", "--")
MARKERS = ("o", "s", "^", "D", "v", "P")
LEAST_FPR = 1e-4
_ODDS_TICKS = (1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999)
_ODDS_EDGE = 10.0  # logits; what lies beyond is drawn in the outermost bar


@dataclass(frozen=True, slots=True)
class Predictions:
    """`labels` bool [N], True is spam; `probabilities` of spam, float64 [N]."""

    labels: Bools
    probabilities: Floats


def plot_roc(path: Path, corpora: Mapping[str, Mapping[str, Predictions]]) -> None:
    """corpus -> model -> predictions: a panel a corpus, a line a model, false positives on a log
    axis. A corpus that lacks ham or spam is left out; raises ValueError if that leaves none."""
    panels = {name: models for name, models in corpora.items() if _have_both(models)}
    if not panels:
        raise ValueError("a ROC curve needs a corpus with both ham and spam")
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure = _figure(0.9 + 3.4 * columns, 0.8 + 3.0 * rows)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True)
    for axes, (name, models) in zip(grid.flat, panels.items(), strict=False):
        _draw_roc(axes, name, models)
    for axes in grid.flat[len(panels) :]:
        axes.remove()
    # With a short last row, the panels above its gap would be left without tick labels.
    for axes in grid.flat[max(0, len(panels) - columns) : len(panels)]:
        axes.tick_params(labelbottom=True)
    figure.supxlabel("ham called spam (false-positive rate, log axis)", fontsize=10)
    figure.supylabel("spam caught (true-positive rate)", fontsize=10)
    handles, names = grid.flat[0].get_legend_handles_labels()
    figure.legend(
        handles, names, loc="outside upper center", ncols=1 if columns == 1 else len(names)
    )
    _save(figure, path)


def _draw_roc(axes: Axes, name: str, models: Mapping[str, Predictions]) -> None:
    bottoms = []
    for number, (model, p) in enumerate(models.items()):
        false_positives, caught, _ = roc_curve(p.labels, p.probabilities)
        # A rate of 0 has no place on a log axis: it is drawn just left of the edge.
        drawn = np.maximum(false_positives, LEAST_FPR / 10)
        axes.plot(drawn, caught, drawstyle="steps-post", label=model, **_line_style(number))
        bottoms.append(float(caught[false_positives <= 1e-2].max()))
    ham = max(int(np.sum(~p.labels)) for p in models.values())
    spam = max(int(np.sum(p.labels)) for p in models.values())
    axes.axvline(1 / ham, color=GREY, linewidth=0.8, linestyle=":", label="one ham")
    axes.grid(color=GREY, alpha=0.2, linewidth=0.6)
    axes.set_title(f"{name}  ({ham:,} ham, {spam:,} spam)", fontsize=9)
    axes.set_xscale("log")
    axes.set_xlim(LEAST_FPR, 1)
    _zoom_to_top(axes, min(bottoms))


def _zoom_to_top(axes: Axes, worst: float) -> None:
    """Show the part of the axis where the models are: from 0, 0.5 or 0.9 up."""
    bottom = next(b for b in (0.9, 0.5, 0.0) if worst >= b + (1 - b) / 4 or b == 0.0)
    axes.set_ylim(bottom, 1 + (1 - bottom) * 0.03)


def plot_reliability(path: Path, models: Mapping[str, Predictions]) -> None:
    """The share of spam in each of 15 bins against the mean probability there, and, below, how many
    messages each bin holds: a point of few messages means little. Raises ValueError without any."""
    if not models or not all(len(p.labels) for p in models.values()):
        raise ValueError("a reliability diagram needs messages")
    figure = _figure(5.2, 6.2)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":", label="calibrated")
    for number, (model, p) in enumerate(models.items()):
        bins = reliability(p.labels, p.probabilities)
        x, y = [b.mean_probability for b in bins], [b.spam_share for b in bins]
        style = {**_line_style(number), "marker": MARKERS[number % len(MARKERS)], "markersize": 4}
        above.plot(x, y, label=model, **style)
        below.plot([(b.low + b.high) / 2 for b in bins], [b.count for b in bins], **style)
    above.set(ylabel="share that is spam", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    below.set(xlabel="probability of spam", ylabel="messages", yscale="log")
    above.legend(loc="upper left")
    _save(figure, path)


def plot_scores(path: Path, title: str, predictions: Predictions, threshold: float) -> None:
    """Histogram of the scores of ham and of spam, counts on a log axis, with the threshold.

    The axis is even in log-odds, for the ends are where a filter's threshold lies.
    """
    figure = _figure(6.4, 3.8)
    axes = figure.subplots()
    edges = np.linspace(-_ODDS_EDGE, _ODDS_EDGE, 61).tolist()
    for name, of_class, colour, hatch in (
        ("ham", ~predictions.labels, BLUE, ""),
        ("spam", predictions.labels, VERMILION, "////"),
    ):
        odds = _log_odds(predictions.probabilities[of_class])
        label = f"{name} ({len(odds):,})"
        axes.hist(odds, edges, histtype="stepfilled", color=colour, alpha=0.25)
        axes.hist(odds, edges, histtype="step", color=colour, label=label, hatch=hatch)
    at = float(_log_odds(np.array([threshold]))[0])
    axes.axvline(at, color=INK, linewidth=1.2, linestyle="--", label=f"threshold {threshold:.4g}")
    ticks = [float(logit(p)) for p in _ODDS_TICKS]
    axes.set_xticks(ticks, [f"{p:g}" for p in _ODDS_TICKS])
    axes.set(xlim=(-_ODDS_EDGE, _ODDS_EDGE), yscale="log", title=title)
    axes.set(xlabel="probability of spam (even in log-odds)", ylabel="messages (log axis)")
    figure.legend(loc="outside lower center", ncols=3)
    _save(figure, path)


def plot_left_out(path: Path, measure: str, values: Mapping[str, Mapping[str, float]]) -> None:
    """left out -> model -> value: bars side by side, `measure` naming the axis.

    A model without a value (1-AUC without spam, say) gets no bar. Raises ValueError without values.
    """
    models = list(dict.fromkeys(model for row in values.values() for model in row))
    if not models:
        raise ValueError("there is nothing to draw")
    figure = _figure(2.0 + 0.45 * len(values) * (len(models) + 0.6), 3.8)
    axes = figure.subplots()
    width = 0.8 / len(models)
    for number, model in enumerate(models):
        at = np.arange(len(values)) + (number - (len(models) - 1) / 2) * width
        heights = [row.get(model, np.nan) for row in values.values()]
        colour = MODEL_COLOURS[number % len(MODEL_COLOURS)]
        bars = axes.bar(at, heights, width * 0.92, color=colour, label=model)
        shown = ["" if np.isnan(h) else f"{h:.3g}" for h in heights]
        axes.bar_label(bars, shown, fontsize=7, padding=1)
    axes.set_xticks(range(len(values)), _wrapped(list(values)))
    axes.set(ylabel=measure, xlabel="left out of training", xlim=(-0.6, len(values) - 0.4))
    axes.grid(axis="y", color=GREY, alpha=0.25, linewidth=0.6)
    figure.legend(loc="outside upper center", ncols=len(models))
    _save(figure, path)


def _have_both(models: Mapping[str, Predictions]) -> bool:
    return all(p.labels.any() and not p.labels.all() for p in models.values())


def _log_odds(probabilities: Floats) -> Floats:
    """Within the axis of `plot_scores`, a little inside its edges."""
    least = 1 / (1 + np.exp(_ODDS_EDGE - 0.01))
    return np.asarray(logit(np.clip(probabilities, least, 1 - least)), dtype=np.float64)


def _line_style(number: int) -> dict[str, Any]:
    return {
        "color": MODEL_COLOURS[number % len(MODEL_COLOURS)],
        "linestyle": MODEL_STYLES[number % len(MODEL_STYLES)],
        "linewidth": 1.6,
    }


def _wrapped(names: Sequence[str]) -> list[str]:
    """Tick labels broken at spaces and after hyphens, for long names side by side."""
    return ["\n".join(textwrap.wrap(name, 14)) for name in names]


def _figure(width: float, height: float) -> Figure:
    """Sizes in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: Figure, path: Path) -> None:
    """Common looks, then a PNG of 150 dots an inch."""
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=8)
        axes.title.set_fontsize(9)
    for legend in [*figure.legends, *(a.get_legend() for a in figure.axes)]:
        if legend is not None:
            legend.set_frame_on(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150, format="png")
