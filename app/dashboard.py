"""Slots of time -> the figures and charts of the dashboard. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from app.charts import Axis, Chart, Tick, curves, number, stacked_bars
from app.drift import Drift, reading
from app.queries.dashboard import MOST_READ, Corrected, Slot

_BINS = 20


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time that one can look at. Slots begin at full hours or days, UTC."""

    title: str
    step: timedelta
    count: int
    format: str
    slot: str  # what one is called

    def first(self, now: datetime) -> datetime:
        """Where the first slot begins, so that the last one holds `now`."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        last = midnight + (now - midnight) // self.step * self.step
        return last - (self.count - 1) * self.step


SpanName = Literal["day", "week", "month"]
SPANS: dict[SpanName, Span] = {
    "day": Span("24 hours", timedelta(hours=1), 24, "%H:%M", "hour"),
    "week": Span("7 days", timedelta(hours=6), 28, "%a %H:%M", "six hours"),
    "month": Span("30 days", timedelta(days=1), 30, "%d %b", "day"),
}


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure, and what it is about."""

    name: str
    value: str
    remark: str = ""


def tiles(slots: Sequence[Slot], corrected: Corrected, drift: Drift | None) -> list[Tile]:
    """The span in a few figures."""
    total, spam, unsure = (sum(getattr(s, k) for s in slots) for k in ("total", "spam", "unsure"))
    times = [ms for slot in slots for ms in slot.latencies]
    median, slow = quantile(times, 0.5), quantile(times, 0.95)
    made = corrected.spam + corrected.ham
    return [
        Tile("messages", number(total)),
        Tile("spam", _share(spam, total), f"{number(spam)} messages"),
        Tile("unsure", _share(unsure, total), f"{number(unsure)} messages"),
        Tile(
            "half within",
            "–" if median is None else f"{number(median)} ms",
            "" if slow is None else f"95 % within {number(slow)} ms",
        ),
        Tile("corrected", number(made), f"{corrected.spam} to spam, {corrected.ham} to ham"),
        *_drift_tiles(drift),
    ]


def _drift_tiles(drift: Drift | None) -> list[Tile]:
    """How far the mail of the last day is from the mail that the network was validated on."""
    if drift is None:
        return []
    return [
        Tile(name, "–" if index is None else f"{index:.2f}", f"{reading(index)}, last 24 hours")
        for name, index in (
            ("drift of scores", drift.score),
            ("drift of words", drift.unknown_words),
        )
    ]


def charts(
    span: Span, slots: Sequence[Slot], threshold: float, ham_threshold: float
) -> list[Chart]:
    """Volume, share of spam, probabilities and latency."""
    names = [slot.start.strftime(span.format) for slot in slots]
    axis = Axis(f"{span.slot}, UTC", names)
    return [
        _volume(axis, span, slots),
        _spam_share(axis, slots),
        _scores(slots, threshold, ham_threshold),
        _latency(axis, slots),
    ]


def _volume(axis: Axis, span: Span, slots: Sequence[Slot]) -> Chart:
    series = {kind: [getattr(slot, kind) for slot in slots] for kind in ("ham", "unsure", "spam")}
    totals = [slot.total for slot in slots]
    most = max(range(len(slots)), key=lambda place: totals[place])
    description = (
        f"{number(sum(totals))} messages in {span.title}; the most in one slot, "
        f"{number(totals[most])}, at {axis.names[most]}."
    )
    return stacked_bars("volume", f"Messages by {span.slot}", description, axis, series)


def _spam_share(axis: Axis, slots: Sequence[Slot]) -> Chart:
    shares = [100 * slot.spam / slot.total if slot.total else None for slot in slots]
    known = [share for share in shares if share is not None]
    description = (
        f"Between {number(min(known))} % and {number(max(known))} %." if known else "No messages."
    )
    return curves("share", "Share of spam", description, axis, {"spam": shares}, unit=" %", top=100)


def _scores(slots: Sequence[Slot], threshold: float, ham_threshold: float) -> Chart:
    counts = [0] * _BINS
    for slot in slots:
        for score in slot.scores:
            counts[min(_BINS - 1, int(score * _BINS))] += 1
    names = [f"{100 * place // _BINS} %" for place in range(_BINS)]
    ends = counts[0] + counts[-1]
    description = (
        f"Of {number(sum(counts))} messages {number(ends)} lie within 5 % of either end. "
        f"Read: the newest {MOST_READ} of each slot."
    )
    return stacked_bars(
        "scores",
        "Probabilities of spam",
        description,
        Axis("from", names, [Tick(at, f"{at} %") for at in range(0, 101, 25)]),
        {"messages": counts},
        marks=[
            Tick(round(100 * threshold, 2), "spam from here"),
            Tick(round(100 * ham_threshold, 2), "unsure from here"),
        ],
    )


def _latency(axis: Axis, slots: Sequence[Slot]) -> Chart:
    series = {
        "half within": [quantile(slot.latencies, 0.5) for slot in slots],
        "95 % within": [quantile(slot.latencies, 0.95) for slot in slots],
    }
    known = [value for value in series["half within"] if value is not None]
    description = (
        f"Waiting and inference. Half of the messages within {number(min(known))} to "
        f"{number(max(known))} ms."
        if known
        else "No messages."
    )
    return curves("latency", "Time to a verdict", description, axis, series, unit=" ms")


def quantile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that `share` of them do not exceed; None of no values."""
    if not values:
        return None
    return sorted(values)[max(0, -int(-len(values) * share // 1) - 1)]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"
