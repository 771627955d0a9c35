"""The request log: what is kept, when it is on disk, and what happens when it cannot be."""

import asyncio
import os
import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text

from app.database import Database
from app.errors import LogUnavailable
from app.log_writer import LogWriter
from app.repository import LogEntry, new_id
from app.secret import SecretError, keyed_hash, load_key
from app.settings import Settings
from tests.app.asserts import JSON, NDJSON, assert_problem
from tests.conftest import ON_BOTH, Rows, Serve


def entry(number: int = 0) -> LogEntry:
    return LogEntry(
        id=new_id(),
        created_at=datetime.now(UTC),
        request_id=str(number),
        kind="classify",
        source="text",
        message_hash="0" * 64,
        content_bytes=1,
        subject_characters=0,
        body_characters=1,
        tokens_used=1,
        tokens_total=1,
        unknown_share=0.0,
        spam_probability=0.5,
        threshold=0.5,
        label="spam",
        decided_by="model",
        key_id=None,
        model_version="1",
        queue_ms=0.0,
        inference_ms=0.0,
        subject=None,
        body=None,
    )


def url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


@ON_BOTH
def test_a_row_holds_the_verdict_and_no_text(serve: Serve, rows: Rows) -> None:
    async def scenario() -> None:
        async with serve(log_secret="a secret of the operator") as client:
            message = {"subject": "viagra", "body": "for you"}
            headers = {"x-request-id": "mine"}
            response = await client.post("/classify", json=message, headers=headers)
        answer = response.json()
        (row,) = rows()
        assert timedelta(0) <= datetime.now(UTC) - row.pop("created_at") < timedelta(minutes=1)
        key = load_key(Settings.model_validate({"log_secret": "a secret of the operator"}))
        assert row == {
            "id": answer["id"],
            "request_id": "mine",
            "kind": "classify",
            "source": "fields",
            "message_hash": keyed_hash(b"viagra\0for you", key),
            "content_bytes": 14,
            "subject_characters": 6,
            "body_characters": 7,
            "tokens_used": 3,
            "tokens_total": 3,
            "unknown_share": 0.0,
            "spam_probability": answer["spam_probability"],
            "threshold": 0.5,
            "label": "spam",
            "decided_by": "model",
            "key_id": None,
            "model_version": "0.0.0+double",
            "queue_ms": answer["timing_ms"]["queue"],
            "inference_ms": answer["timing_ms"]["inference"],
            "subject": None,
            "body": None,
        }

    asyncio.run(scenario())


def test_no_text_reaches_any_file_of_the_database(serve: Serve, database_path: Path) -> None:
    async def scenario() -> None:
        async with serve() as client:
            await client.post("/classify", json={"text": "Subject: unmistakable\n\nunmistakable"})
            files = list(database_path.parent.glob("hamlet.db*"))
            assert {file.name for file in files} >= {"hamlet.db", "hamlet.db-wal"}
            assert not any(b"unmistakable" in file.read_bytes() for file in files)

    asyncio.run(scenario())


@ON_BOTH
def test_text_is_kept_when_the_operator_says_so(serve: Serve, rows: Rows) -> None:
    async def scenario() -> None:
        async with serve(store_text=True) as client:
            content = b'{"subject": "a\\u0000b", "body": "c\\ud800d"}'
            await client.post("/classify", content=content, headers=JSON)
        (row,) = rows()
        assert (row["subject"], row["body"]) == ("a\ufffdb", "c\ufffdd")

    asyncio.run(scenario())


@ON_BOTH
def test_many_requests_share_a_transaction(database_url: str, rows: Rows) -> None:
    async def scenario() -> None:
        database = Database(database_url)
        commits = 0

        def committed(_: object) -> None:
            nonlocal commits
            commits += 1

        event.listen(database.engine.sync_engine, "commit", committed)
        writer = LogWriter(database)
        await asyncio.gather(*(writer.add(entry(n)) for n in range(200)))
        assert len(rows()) == 200
        assert commits <= 2
        await writer.aclose()
        await database.aclose()

    asyncio.run(scenario())


@ON_BOTH
def test_a_transaction_that_fails_fails_all_its_waiters_and_no_later_one(
    database_url: str, rows: Rows
) -> None:
    async def scenario() -> None:
        database = Database(database_url)
        writer = LogWriter(database)
        twice = entry()
        outcomes = await asyncio.gather(
            *(writer.add(e) for e in (entry(), twice, twice)), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [LogUnavailable] * 3
        assert rows() == []
        await writer.add(twice)
        assert len(rows()) == 1
        await writer.aclose()
        await database.aclose()

    asyncio.run(scenario())


@ON_BOTH
def test_cancelled_waiters_do_not_break_the_writer(database_url: str, rows: Rows) -> None:
    async def scenario() -> None:
        database = Database(database_url)
        writer = LogWriter(database)
        waiting = [asyncio.create_task(writer.add(entry(n))) for n in range(20)]
        await asyncio.sleep(0)
        for task in waiting[::2]:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert [task.cancelled() for task in waiting] == [True, False] * 10
        assert len(rows()) == 20
        await writer.aclose()
        await database.aclose()

    asyncio.run(scenario())


@ON_BOTH
def test_closing_writes_what_was_handed_in(database_url: str, rows: Rows) -> None:
    async def scenario() -> None:
        database = Database(database_url)
        writer = LogWriter(database, most_rows=3)
        waiting = [asyncio.create_task(writer.add(entry(n))) for n in range(10)]
        await asyncio.sleep(0)
        await writer.aclose()
        await asyncio.gather(*waiting)
        assert len(rows()) == 10
        with pytest.raises(LogUnavailable):
            await writer.add(entry())
        await writer.aclose()
        await database.aclose()

    asyncio.run(scenario())


def test_a_full_writer_refuses(database_path: Path) -> None:
    async def scenario() -> None:
        database = Database(url(database_path))
        writer = LogWriter(database, most_waiting=2)
        outcomes = await asyncio.gather(
            *(writer.add(entry()) for _ in range(3)), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [LogEntry, LogEntry, LogUnavailable]
        await writer.aclose()
        await database.aclose()

    asyncio.run(scenario())


def test_without_its_log_the_service_gives_no_answer_and_recovers(
    serve: Serve, database_path: Path, rows: Rows
) -> None:
    other = sqlite3.connect(database_path, isolation_level=None)

    async def scenario() -> None:
        async with serve() as client:
            other.execute("ALTER TABLE requests RENAME TO away")
            waiting = asyncio.create_task(client.post("/classify", json={"text": "viagra"}))
            lines = b'{"text": "viagra"}\n'
            stream = await client.post("/classify/batch", content=lines, headers=NDJSON)
            refused = await waiting
            assert assert_problem(refused, 503)["title"] == "Request log unavailable"
            assert refused.headers["retry-after"] == "1"
            assert stream.json()["status"] == 503
            other.execute("ALTER TABLE away RENAME TO requests")
            good = await client.post("/classify", json={"text": "viagra"})
            assert good.status_code == 200
        assert [row["id"] for row in rows()] == [good.json()["id"]]

    try:
        asyncio.run(scenario())
    finally:
        other.close()


def test_every_connection_is_durable(database_path: Path) -> None:
    async def scenario() -> None:
        database = Database(url(database_path))
        async with database.read() as one, database.read() as two:
            for connection in (one, two):
                found = [
                    (await connection.execute(text(f"PRAGMA {name}"))).scalar()
                    for name in ("busy_timeout", "journal_mode", "synchronous", "foreign_keys")
                ]
                assert found == [5000, "wal", 2, 1]
        await database.aclose()

    asyncio.run(scenario())


def test_a_writer_takes_the_lock_at_its_beginning(database_path: Path) -> None:
    async def scenario() -> None:
        database = Database(url(database_path))
        other = sqlite3.connect(database_path, timeout=0)
        async with database.read():
            other.execute("BEGIN IMMEDIATE")
            other.rollback()
        async with database.write():
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
        other.close()
        await database.aclose()

    asyncio.run(scenario())


def test_the_key_is_made_once_and_kept_beside_the_database(tmp_path: Path) -> None:
    settings = Settings.model_validate({"database_url": url(tmp_path / "log.db")})
    key = load_key(settings)
    assert len(key) == 32
    assert load_key(settings) == key
    file = tmp_path / "log.db.key"
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert keyed_hash(b"message", key) != keyed_hash(b"message", bytes(32))


def test_a_key_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    settings = Settings.model_validate({"database_url": url(tmp_path / "log.db")})
    for content in ("", "abc", "zz" * 32):
        (tmp_path / "log.db.key").write_text(content)
        with pytest.raises(SecretError, match=r"log\.db\.key"):
            load_key(settings)
    for other in ("postgresql+asyncpg://host/log", "sqlite+aiosqlite:///:memory:"):
        with pytest.raises(SecretError, match="HAMLET_LOG_SECRET"):
            load_key(Settings.model_validate({"database_url": other}))


def test_ids_are_version_7_and_in_order() -> None:
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert [i[:12] for i in ids] == sorted(i[:12] for i in ids)
    assert all(i[12] == "7" and i[16] in "89ab" for i in ids)
