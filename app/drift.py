"""Whether today's mail is spread as the mail that the network was validated on.

The measure is the population stability index, sum of (a - e) ln(a / e) over bins of shares actual
and expected (Siddiqi, Credit Risk Scorecards, 2006): below 0.1 nothing has changed, below 0.25
something has, above it much. The corpora are not anybody's mail, so a first value above 0 is no
fault; a value that rises is news.
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.background import running
from app.database import DATABASE_ERRORS, Database
from app.metrics import Metrics
from app.queries.drift import newest
from model.reference import SCORE_EDGES, UNKNOWN_EDGES, Reference, shares

_log = logging.getLogger("hamlet.drift")

EVERY = 300.0  # seconds
SPAN = timedelta(days=1)
LEAST = 200  # messages; of fewer the index is mostly chance
_NOTHING = 1e-4  # the share of an empty bin, whose logarithm there is not


@dataclass(frozen=True, slots=True)
class Drift:
    """Of the last day: an index each; None: too few messages to say."""

    messages: int
    score: float | None
    unknown_words: float | None


def psi(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Of two lists of shares over the same bins."""
    pairs = [(max(a, _NOTHING), max(e, _NOTHING)) for a, e in zip(actual, expected, strict=True)]
    return sum((a - e) * math.log(a / e) for a, e in pairs)


def reading(index: float | None) -> str:
    """In a word."""
    if index is None:
        return "too few messages"
    return "none" if index < 0.1 else "some" if index < 0.25 else "much"


async def measure(database: Database, reference: Reference, now: datetime) -> Drift:
    """Raises what app.database.DATABASE_ERRORS names."""
    async with database.read() as connection:
        scores, unknown = await newest(connection, now - SPAN, reference.version)
    return Drift(
        messages=len(scores),
        score=_index(reference.scores, scores, SCORE_EDGES),
        unknown_words=_index(reference.unknown, unknown, UNKNOWN_EDGES),
    )


@asynccontextmanager
async def watching(
    database: Database, reference: Reference | None, metrics: Metrics
) -> AsyncIterator[None]:
    """Tell the gauges in the background while it lasts, if there is something to compare with."""
    if reference is None:
        yield
        return
    async with running(_for_ever(database, reference, metrics)):
        yield


async def _for_ever(database: Database, reference: Reference, metrics: Metrics) -> None:
    while True:
        try:
            found = await measure(database, reference, datetime.now(UTC))
            metrics.drifted(found.score, found.unknown_words)
        except DATABASE_ERRORS as error:
            _log.error("drift was not measured: %s", getattr(error, "orig", None) or error)
        await asyncio.sleep(EVERY)


def _index(
    expected: Sequence[float], values: Sequence[float], edges: Sequence[float]
) -> float | None:
    return psi(expected, shares(values, edges)) if len(values) >= LEAST else None
