"""Drift: nothing where mail is as it was, much where it is not, and no word on too little of it."""

import asyncio
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.drift import LEAST, measure, psi, reading
from model import reference
from model.checkpoint import CheckpointError
from model.reference import SCORE_EDGES, UNKNOWN_EDGES, Reference, shares
from tests.app.double import WordCounter
from tests.app.rows import add_entries
from tests.app.test_log import entry
from tests.app.test_metrics import scrape
from tests.conftest import ON_BOTH, Serve, opened

NOW = datetime.now(UTC)
SCORES = [number / 400 for number in range(400)]
REFERENCE = Reference(
    "1", 400, shares(SCORES, SCORE_EDGES), shares([0.05] * 9 + [0.3], UNKNOWN_EDGES)
)


def test_the_index_of_equal_spreads_is_none_and_of_others_as_by_hand() -> None:
    assert psi([0.2, 0.8], [0.2, 0.8]) == 0
    by_hand = (0.5 - 0.2) * math.log(0.5 / 0.2) + (0.5 - 0.8) * math.log(0.5 / 0.8)
    assert psi([0.2, 0.8], [0.5, 0.5]) == pytest.approx(by_hand)
    assert math.isfinite(psi([0.0, 1.0], [1.0, 0.0]))
    assert [reading(i) for i in (None, 0.09, 0.1, 0.25)] == [
        "too few messages",
        "none",
        "some",
        "much",
    ]


async def fill(url: str, scores: list[float], unknown: float, *, age: timedelta) -> None:
    made = [
        replace(
            entry(number),
            created_at=NOW - age - timedelta(seconds=number),
            spam_probability=score,
            unknown_share=unknown,
        )
        for number, score in enumerate(scores)
    ]
    async with opened(url) as database, database.write() as connection:
        await add_entries(connection, made)


@ON_BOTH
def test_the_last_day_counts_and_too_little_of_it_says_nothing(database_url: str) -> None:
    async def scenario() -> None:
        async with opened(database_url) as database:
            await fill(database_url, [0.999] * 1000, 0.9, age=timedelta(days=2))
            await fill(database_url, SCORES[: LEAST - 1], 0.05, age=timedelta(0))
            found = await measure(database, REFERENCE, NOW)
            assert (found.messages, found.score, found.unknown_words) == (LEAST - 1, None, None)
            await fill(database_url, SCORES[LEAST - 1 :], 0.05, age=timedelta(0))
            found = await measure(database, REFERENCE, NOW)
            assert found.score == pytest.approx(0)
            assert found.unknown_words is not None
            assert found.unknown_words > 0
            await fill(database_url, [0.999] * 600, 0.9, age=timedelta(0))
            found = await measure(database, REFERENCE, NOW)
            assert reading(found.score) == reading(found.unknown_words) == "much"
            other = replace(REFERENCE, version="2")  # of another network nothing came yet
            assert (await measure(database, other, NOW)).messages == 0

    asyncio.run(scenario())


def test_the_gauges_and_the_dashboard_tell_it(serve: Serve, database_url: str) -> None:
    async def scenario() -> None:
        await fill(database_url, [0.999] * LEAST, 0.9, age=timedelta(0))
        counter = WordCounter()
        counter.reference = REFERENCE
        async with serve(counter) as client, asyncio.timeout(20):
            while math.isnan((await scrape(client))["hamlet_drift_psi,distribution=score"]):
                await asyncio.sleep(0.05)
            found = await scrape(client)
            assert found["hamlet_drift_psi,distribution=score"] > 0.25
            assert found["hamlet_drift_psi,distribution=unknown_words"] > 0.25
            page = (await client.get("/dashboard")).text
            assert "drift of scores" in page
            assert "much, last 24 hours" in page

    asyncio.run(scenario())


def test_a_reference_comes_back_and_another_checkpoints_is_refused(tmp_path: Path) -> None:
    assert reference.load(tmp_path, "1") is None
    reference.save(tmp_path, REFERENCE)
    assert reference.load(tmp_path, "1") == REFERENCE
    with pytest.raises(CheckpointError, match="belongs to 1, not to 2"):
        reference.load(tmp_path, "2")
    reference.save(tmp_path, replace(REFERENCE, scores=(1.0,)))
    with pytest.raises(CheckpointError, match="bins"):
        reference.load(tmp_path, "1")
    (tmp_path / reference.REFERENCE).write_text("{}")
    with pytest.raises(CheckpointError, match="no reference"):
        reference.load(tmp_path, "1")
