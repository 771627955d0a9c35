"""The log read back: every filter, pages, exports, and what is erased."""

import asyncio
import csv
import io
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.queries import history
from app.queries.feedback import Correction, correct
from app.queries.history import Filter
from app.repository import LogEntry
from tests.app.rows import add_entries
from tests.app.test_log import entry
from tests.conftest import ON_BOTH, Rows, Serve, opened

START = datetime(2026, 1, 1, tzinfo=UTC)


def entry_at(number: int, **values: Any) -> LogEntry:
    """The number-th of a log of one entry a minute; every third spam, probabilities in steps."""
    moment = START + timedelta(minutes=number)
    milliseconds = int(moment.timestamp() * 1000)
    made = replace(
        entry(number),
        id=f"{milliseconds:012x}7{number:019x}",
        created_at=moment,
        message_hash=f"{number:064x}",
        label="ham" if number % 3 else "spam",
        spam_probability=number % 100 / 100,
        key_id=f"key{number % 2}",
        subject=f"subject {number}",
        body="100% sure_thing" if number % 10 == 0 else "plain",
    )
    return replace(made, **values)


async def fill(url: str, entries: Iterable[LogEntry], corrected: Iterable[int] = ()) -> None:
    written = list(entries)
    async with opened(url) as database, database.write() as connection:
        await add_entries(connection, written)
        said = [Correction(written[n].id, "ham", START, None) for n in corrected]
        await correct(connection, said)


async def numbers(client: httpx.AsyncClient, **wanted: Any) -> list[int]:
    """The entries that a filter finds, over all pages."""
    found: list[int] = []
    cursor: str | None = None
    while True:
        given = wanted | ({"cursor": cursor} if cursor else {})
        response = await client.get("/history", params=given)
        assert response.status_code == 200, response.text
        page = response.json()
        found += [int(e["id"][13:], 16) for e in page["entries"]]
        cursor = page["next"]
        if cursor is None:
            return found


def minute(number: float) -> str:
    return (START + timedelta(minutes=number)).isoformat()


@ON_BOTH
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, range(40)),
        ({"after": minute(30)}, range(30, 40)),
        ({"before": minute(10)}, range(10)),
        ({"after": minute(9.5), "before": minute(12)}, [10, 11]),
        ({"label": "spam"}, range(0, 40, 3)),
        ({"label": "unsure"}, []),
        ({"min_probability": 0.2, "max_probability": 0.22}, [20, 21, 22]),
        ({"corrected": True}, [4, 7]),
        ({"corrected": False, "before": minute(8)}, [0, 1, 2, 3, 5, 6]),
        ({"key": "key1", "before": minute(6)}, [1, 3, 5]),
        ({"key": "key1", "label": "spam"}, range(3, 40, 6)),
        ({"text": "SURE_thing"}, [0, 10, 20, 30]),
        ({"text": "subject 1"}, [1, *range(10, 20)]),
        ({"text": "100%"}, [0, 10, 20, 30]),
        ({"text": "1%e"}, []),  # a wildcard is a character
        ({"text": "sure thing"}, []),
    ],
)
def test_each_filter_finds_its_entries_newest_first(
    serve: Serve, database_url: str, wanted: dict[str, Any], expected: Iterable[int]
) -> None:
    async def scenario() -> None:
        await fill(database_url, (entry_at(n) for n in range(40)), corrected=(4, 7))
        async with serve(store_text=True) as client:
            for limit in (3, 50):
                found = await numbers(client, limit=limit, **wanted)
                assert found == sorted(expected, reverse=True)

    asyncio.run(scenario())


@ON_BOTH
def test_an_entry_says_what_was_asked_answered_and_corrected(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve(store_text=True) as client:
            message = {"subject": "viagra", "body": "for you"}
            answer = (await client.post("/classify", json=message)).json()
            await client.post("/feedback", json={"id": answer["id"], "label": "ham"})
            (listed,) = (await client.get("/history")).json()["entries"]
            one = (await client.get(f"/history/{answer['id']}")).json()
        assert one == {**listed, "body": "for you"}
        created, corrected = (datetime.fromisoformat(one.pop(n)) for n in _TIMES)
        assert timedelta(0) <= corrected - created < timedelta(minutes=1)
        assert one == {
            "id": answer["id"],
            "label": "spam",
            "spam_probability": answer["spam_probability"],
            "threshold": 0.5,
            "source": "fields",
            "decided_by": "model",
            "corrected": "ham",
            "key_id": None,
            "model_version": "0.0.0+double",
            "tokens": {"used": 3, "total": 3},
            "content_bytes": 14,
            "subject": "viagra",
            "body": "for you",
        }

    asyncio.run(scenario())


_TIMES = ("created_at", "corrected_at")


@ON_BOTH
def test_a_new_entry_between_two_pages_shifts_nothing(serve: Serve, database_url: str) -> None:
    async def scenario() -> None:
        await fill(database_url, (entry_at(n) for n in range(6)))
        async with serve() as client:
            first = (await client.get("/history", params={"limit": 3})).json()
            await client.post("/classify", json={"text": "new"})
            rest = await numbers(client, cursor=first["next"])
            assert rest == [2, 1, 0]

    asyncio.run(scenario())


@ON_BOTH
def test_rare_entries_are_looked_for_a_stretch_at_a_time(database_url: str) -> None:
    async def scenario() -> None:
        await fill(database_url, (entry_at(n) for n in range(100)))
        wanted, cursor, sizes = Filter(max_probability=0.0), None, []
        async with opened(database_url) as database, database.read() as connection:
            while True:
                page = await history.page(connection, wanted, cursor, 10, scanned=30)
                sizes.append(len(page.entries))
                cursor = page.next
                if cursor is None:
                    break
        assert sizes == [0, 0, 0, 1]

    asyncio.run(scenario())


@ON_BOTH
def test_an_export_streams_everything_that_matches(serve: Serve, database_url: str) -> None:
    async def scenario() -> None:
        entries = (entry_at(n) for n in range(1203))
        await fill(database_url, entries, corrected=(1202,))
        async with serve() as client:
            lines = await client.get("/history", headers={"accept": "application/x-ndjson"})
            assert lines.headers["content-type"] == "application/x-ndjson"
            read = [json.loads(line) for line in lines.text.splitlines()]
            table = await client.get("/history", params={"format": "csv", "label": "spam"})
            assert table.headers["content-type"].startswith("text/csv")
            assert "attachment" in table.headers["content-disposition"]
            rows = list(csv.DictReader(io.StringIO(table.text)))
        assert [int(e["id"][13:], 16) for e in read] == list(range(1202, -1, -1))
        assert read[0]["corrected"] == "ham"
        assert [int(r["id"][13:], 16) for r in rows] == list(range(1200, -1, -3))
        assert rows[0]["subject"] == "subject 1200"
        assert (rows[0]["tokens_used"], rows[0]["corrected"]) == ("1", "")
        assert datetime.fromisoformat(rows[-1]["created_at"]) == START

    asyncio.run(scenario())


@pytest.mark.parametrize("subject", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_table_holds_no_formula(serve: Serve, database_url: str, subject: str) -> None:
    async def scenario() -> None:
        await fill(database_url, [entry_at(0, subject=subject)])
        async with serve() as client:
            response = await client.get("/history", params={"format": "csv"})
        (row,) = csv.DictReader(io.StringIO(response.text, newline=""))
        assert row["subject"] == "'" + subject

    asyncio.run(scenario())


@ON_BOTH
def test_an_entry_is_erased_with_its_text_and_its_correction(
    serve: Serve, rows: Rows, database_url: str
) -> None:
    async def scenario() -> None:
        message = {"text": "viagra, unmistakably"}
        async with serve(store_text=True) as client:
            entry_id = (await client.post("/classify", json=message)).json()["id"]
            await client.post("/feedback", json={"id": entry_id, "label": "ham"})
            assert (await client.delete(f"/history/{entry_id}")).status_code == 204
            assert rows() == []
            for call in (client.get, client.delete):
                assert (await call(f"/history/{entry_id}")).status_code == 404
            again = (await client.post("/classify", json={"text": "viagra, unmistakably"})).json()
            assert again["source"] == "model"
            await client.delete(f"/history/{again['id']}")
        if "sqlite" in database_url:
            # The service has gone, its write-ahead log is folded in: what is erased is overwritten.
            assert b"unmistakably" not in Path(database_url.partition("///")[2]).read_bytes()

    asyncio.run(scenario())


@ON_BOTH
def test_all_of_one_key_is_erased_and_nothing_else(
    serve: Serve, rows: Rows, database_url: str
) -> None:
    async def scenario() -> None:
        await fill(database_url, (entry_at(n) for n in range(1100)), corrected=(1, 2))
        async with serve() as client:
            assert (await client.delete("/history")).status_code == 422
            assert (await client.delete("/history", params={"key": "key1"})).status_code == 204
            assert {row["key_id"] for row in rows()} == {"key0"}
            assert len(rows()) == 550
            assert await numbers(client, corrected=True) == [2]
            async with opened(database_url) as database, database.read() as connection:
                assert await connection.scalar(text("SELECT count(*) FROM corrections")) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("wanted", "parameter"),
    [
        ({"after": "yesterday"}, "after"),
        ({"before": "5.08e-179"}, "before"),
        ({"label": "junk"}, "label"),
        ({"min_probability": 2}, "min_probability"),
        ({"max_probability": "nan"}, "max_probability"),
        ({"corrected": "perhaps"}, "corrected"),
        ({"limit": 0}, "limit"),
        ({"cursor": "'; DROP TABLE requests"}, "cursor"),
        ({"format": "xls"}, "format"),
        ({"text": "viagra"}, "text"),  # texts are not kept
    ],
)
def test_what_is_no_filter_is_refused_and_named(
    serve: Serve, wanted: dict[str, Any], parameter: str
) -> None:
    async def scenario() -> None:
        async with serve() as client:
            response = await client.get("/history", params=wanted)
            assert response.status_code == 422
            assert response.json()["errors"][0]["parameter"] == parameter

    asyncio.run(scenario())
