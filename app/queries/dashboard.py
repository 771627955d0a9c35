"""What the dashboard counts: a span of time in equal slots.

The volume is exact and read from an index alone. Scores and latencies are those of the newest
messages of each slot, a bounded number, so that a million rows cost no more than a thousand.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables import CorrectionRow, RequestRow

MOST_READ = 500  # messages a slot


@dataclass(frozen=True, slots=True)
class Slot:
    """What came in from `start` on for one step. Of `latencies`, milliseconds, and `scores`, the
    probabilities of spam, only those of the newest messages."""

    start: datetime
    spam: int
    unsure: int
    ham: int
    scores: list[float]
    latencies: list[float]

    @property
    def total(self) -> int:
        return self.spam + self.unsure + self.ham


@dataclass(frozen=True, slots=True)
class Corrected:
    """How many corrections were made, by what they say the message is."""

    spam: int
    ham: int


async def slots(
    connection: AsyncConnection, first: datetime, step: timedelta, count: int
) -> list[Slot]:
    """`count` slots of `step` each, from `first` on."""
    starts = [first + number * step for number in range(count)]
    return [await _slot(connection, start, start + step) for start in starts]


async def _slot(connection: AsyncConnection, start: datetime, end: datetime) -> Slot:
    within = (RequestRow.created_at >= start) & (RequestRow.created_at < end)
    counts = (
        await connection.execute(
            select(
                func.count(),
                func.count().filter(RequestRow.label == "spam"),
                func.count().filter(RequestRow.label == "unsure"),
            ).where(within)
        )
    ).one()
    total, spam, unsure = counts
    latency = RequestRow.queue_ms + RequestRow.inference_ms
    query = select(RequestRow.spam_probability, latency).where(within)
    newest = await connection.execute(query.order_by(RequestRow.created_at.desc()).limit(MOST_READ))
    read = newest.all()
    return Slot(
        start,
        spam,
        unsure,
        total - spam - unsure,
        [score for score, _ in read],
        [took for _, took in read],
    )


async def corrected(connection: AsyncConnection, since: datetime) -> Corrected:
    """The corrections that were made since then and stand."""
    query = (
        select(CorrectionRow.label, func.count())
        .where(CorrectionRow.corrected_at >= since)
        .group_by(CorrectionRow.label)
    )
    made = {row[0]: row[1] for row in await connection.execute(query)}
    return Corrected(spam=made.get("spam", 0), ham=made.get("ham", 0))
