"""The dashboard: what it counts, how, and that it is shown."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, insert, text

from app.dashboard import SPANS, charts, quantile, tiles
from app.queries.dashboard import MOST_READ, Corrected, Slot, corrected, slots
from app.repository import new_id
from app.tables import CorrectionRow, RequestRow
from tests.app.asserts import assert_problem
from tests.app.test_page import assert_page
from tests.conftest import ON_BOTH, Serve, opened

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def logged(
    at: datetime, label: str = "ham", score: float = 0.1, ms: float = 5.0
) -> dict[str, object]:
    return {
        "id": new_id(),
        "created_at": at,
        "request_id": "r",
        "kind": "classify",
        "source": "text",
        "message_hash": "0" * 64,
        "content_bytes": 1,
        "subject_characters": 0,
        "body_characters": 1,
        "tokens_used": 1,
        "tokens_total": 1,
        "spam_probability": score,
        "threshold": 0.5,
        "label": label,
        "model_version": "1",
        "queue_ms": 1.0,
        "inference_ms": ms - 1,
    }


@ON_BOTH
def test_slots_count_what_came_in_within_them(database_url: str) -> None:
    async def scenario() -> None:
        async with opened(database_url) as database:
            second = timedelta(seconds=1)
            entries = [
                logged(NOON - second, "spam"),  # before
                logged(NOON, "spam", 0.9, 10),
                logged(NOON + HOUR - second, "unsure", 0.6, 30),
                logged(NOON + HOUR, "ham", 0.2, 20),
                logged(NOON + 2 * HOUR, "spam"),  # after
            ]
            async with database.write() as connection:
                await connection.execute(insert(RequestRow), entries)
            async with database.read() as connection:
                first, second_slot = await slots(connection, NOON, HOUR, 2)
            assert (first.spam, first.unsure, first.ham, first.total) == (1, 1, 0, 2)
            assert sorted(zip(first.scores, first.latencies, strict=True)) == [(0.6, 30), (0.9, 10)]
            assert second_slot == Slot(NOON + HOUR, 0, 0, 1, [0.2], [20])

    asyncio.run(scenario())


def test_a_full_slot_is_counted_from_the_index_and_read_in_part(database_url: str) -> None:
    plans: list[str] = []

    async def scenario() -> None:
        async with opened(database_url) as database:
            count = 2 * MOST_READ
            entries = [logged(NOON + n * timedelta(seconds=1), ms=5 + n) for n in range(count)]
            async with database.write() as connection:
                await connection.execute(insert(RequestRow), entries)
            statements: list[tuple[str, tuple[object, ...]]] = []

            @event.listens_for(database.engine.sync_engine, "before_cursor_execute")
            def note(*arguments: object) -> None:
                _, _, statement, parameters, *_ = arguments
                assert isinstance(statement, str)
                assert isinstance(parameters, tuple)
                statements.append((statement, parameters))

            async with database.read() as connection:
                (slot,) = await slots(connection, NOON, HOUR, 1)
                asked = [one for one in statements if one[0].startswith("SELECT")]
                assert len(asked) == 2
                for statement, parameters in asked:
                    explained = "EXPLAIN QUERY PLAN " + statement
                    steps = (await connection.exec_driver_sql(explained, parameters)).mappings()
                    plans.append(" / ".join(step["detail"] for step in steps))
            assert slot.ham == count
            assert len(slot.latencies) == MOST_READ
            assert min(slot.latencies) == 5 + MOST_READ  # the newest

    asyncio.run(scenario())
    counted, read = plans
    assert "COVERING INDEX ix_requests_created_at_label (created_at>? AND created_at<?)" in counted
    assert "INDEX ix_requests_created_at_label (created_at>? AND created_at<?)" in read
    assert "TEMP B-TREE" not in counted + read
    assert "SCAN" not in counted + read


@ON_BOTH
def test_corrections_are_counted_by_what_they_say(database_url: str) -> None:
    async def scenario() -> None:
        async with opened(database_url) as database:
            rows = [
                {"message_hash": str(n), "label": label, "entry_id": "e", "corrected_at": at}
                for n, (label, at) in enumerate(
                    [("spam", NOON), ("ham", NOON + HOUR), ("ham", NOON), ("ham", NOON - HOUR)]
                )
            ]
            async with database.write() as connection:
                assert await corrected(connection, NOON) == Corrected(0, 0)
                await connection.execute(insert(CorrectionRow), rows)
            async with database.read() as connection:
                assert await corrected(connection, NOON) == Corrected(spam=1, ham=2)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "now", [NOON, NOON + timedelta(hours=11, minutes=59), NOON.replace(hour=0)]
)
@pytest.mark.parametrize("name", ["day", "week", "month"])
def test_the_last_slot_holds_the_present(name: str, now: datetime) -> None:
    span = SPANS[name]  # type: ignore[index]
    last = span.first(now) + (span.count - 1) * span.step
    assert last <= now < last + span.step
    assert span.first(now).minute == 0


def test_the_figures_and_the_charts_say_the_same() -> None:
    read = [
        Slot(NOON, 1, 1, 2, [0.0, 0.5, 0.99, 1.0], [1.0, 2.0, 3.0, 40.0]),
        Slot(NOON + HOUR, 0, 0, 0, [], []),
    ]
    told = {tile.name: (tile.value, tile.remark) for tile in tiles(read, Corrected(1, 2), None)}
    assert told == {
        "messages": ("4", ""),
        "spam": ("25.0 %", "1 messages"),
        "unsure": ("25.0 %", "1 messages"),
        "half within": ("2 ms", "95 % within 40 ms"),
        "corrected": ("3", "1 to spam, 2 to ham"),
    }
    volume, share, scores, latency = charts(SPANS["day"], read, 0.8, 0.4)
    assert volume.table.rows == [["12:00", "2", "1", "1"], ["13:00", "0", "0", "0"]]
    assert share.table.rows == [["12:00", "25"], ["13:00", "–"]]
    assert [row[1] for row in scores.table.rows] == ["1", *["0"] * 9, "1", *["0"] * 8, "2"]
    assert [mark.at for mark in scores.marks] == [80, 40]
    assert latency.table.rows[0] == ["12:00", "2", "40"]


def test_quantiles_are_values_that_were_there() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [quantile(values, share) for share in (0.5, 0.95, 1.0, 0.001)] == [50, 95, 100, 1]
    assert quantile([], 0.5) is None


@ON_BOTH
def test_the_dashboard_shows_what_was_asked(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            empty = assert_page(await client.get("/dashboard"))
            assert "No messages." in empty
            for words in ("viagra viagra", "viagra viagra viagra", "hello"):
                await client.post("/classify", json={"text": words})
            for span in SPANS:
                page = assert_page(await client.get(f"/dashboard?span={span}"))
                assert "3 messages in" in page
                assert "66.7 %" in page
                assert len(re.findall("<figure", page)) == 4
                rows = re.findall(r"<tbody>.*?</tbody>", page, re.S)
                assert rows[0].count("<tr>") == SPANS[span].count
            assert_page(await client.get("/dashboard?span=year"), 422)
            assert_problem(await client.get("/dashboards"), 404)

    asyncio.run(scenario())


def test_the_dashboard_without_its_table_is_an_error_of_ours(
    serve: Serve, database_url: str
) -> None:
    async def scenario() -> None:
        async with serve(raising=False) as client:
            async with opened(database_url) as database, database.write() as connection:
                await connection.execute(text("DROP TABLE requests"))
            assert_problem(await client.get("/dashboard"), 500)

    asyncio.run(scenario())
