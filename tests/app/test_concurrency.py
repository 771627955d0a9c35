"""Who changes the same rows at the same time: nobody fails, and nothing is left over."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, text

from app.database import Database
from app.log_writer import LogWriter
from app.queries import feedback, history, retention
from app.queries.feedback import Correction
from app.repository import LogEntry
from app.tables import Base, CorrectionRow, RequestRow
from tests.app.rows import add_entries
from tests.app.test_log import entry
from tests.conftest import ON_BOTH, Rows, opened
from tests.postgres import Server


def entries(number: int) -> list[LogEntry]:
    return [replace(entry(n), message_hash=f"{n:064x}") for n in range(number)]


async def count(database: Database, row: type[Base]) -> int:
    async with database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(row)) or 0


async def correct(database: Database, label: str, said: list[LogEntry]) -> None:
    now = datetime.now(UTC)
    async with database.write() as connection:
        await feedback.correct(connection, [Correction(e.id, label, now, None) for e in said])


@ON_BOTH
def test_two_writers_on_one_database_lose_nothing(database_url: str, rows: Rows) -> None:
    async def scenario() -> None:
        async with opened(database_url) as one, opened(database_url) as other:
            writers = [LogWriter(database, most_rows=20) for database in (one, other)]
            await asyncio.gather(*(writers[n % 2].add(entry(n)) for n in range(400)))
            for writer in writers:
                await writer.aclose()

    asyncio.run(scenario())
    assert {row["request_id"] for row in rows()} == {str(n) for n in range(400)}


@ON_BOTH
def test_batches_of_corrections_do_not_wait_for_each_other(database_url: str) -> None:
    async def scenario() -> None:
        async with opened(database_url) as database:
            made = entries(200)
            async with database.write() as connection:
                await add_entries(connection, made)
            orders = [(label, way) for label in ("ham", "spam") for way in (1, -1) * 3]
            await asyncio.gather(*(correct(database, lab, made[::way]) for lab, way in orders))
            assert await count(database, CorrectionRow) == 200

    asyncio.run(scenario())


@ON_BOTH
def test_an_erased_entry_leaves_no_correction_behind(database_url: str) -> None:
    async def erase(database: Database, entry_id: str) -> None:
        async with database.write() as connection:
            assert await history.erase(connection, entry_id)

    async def scenario() -> None:
        async with opened(database_url) as database:
            for one in entries(20):
                async with database.write() as connection:
                    await add_entries(connection, [one])
                await asyncio.gather(correct(database, "ham", [one]), erase(database, one.id))
            assert await count(database, RequestRow) == 0
            assert await count(database, CorrectionRow) == 0

    asyncio.run(scenario())


@ON_BOTH
def test_two_processes_may_forget_at_the_same_time(database_url: str) -> None:
    async def forget(database: Database) -> int:
        async with database.write() as connection:
            return await retention.forget_before(connection, datetime.now(UTC), 100)

    async def scenario() -> None:
        async with opened(database_url) as database:
            async with database.write() as connection:
                await add_entries(connection, entries(300))
            gone = await asyncio.gather(*(forget(database) for _ in range(4)))
            assert sum(gone) + await count(database, RequestRow) == 300

    asyncio.run(scenario())


@ON_BOTH
@pytest.mark.parametrize("number", [1, 2, 3, 7, 64, 500])
def test_a_group_of_any_size_finds_its_corrections(database_url: str, number: int) -> None:
    async def scenario() -> None:
        async with opened(database_url) as database:
            made = entries(number)
            async with database.write() as connection:
                await add_entries(connection, made)
            await correct(database, "ham", made[::2])
            async with database.write() as connection:
                again = await add_entries(connection, entries(number))
            corrected = ["correction" if n % 2 == 0 else "model" for n in range(number)]
            assert [e.decided_by for e in again if isinstance(e, LogEntry)] == corrected

    asyncio.run(scenario())


def test_a_commit_waits_for_the_disk_whatever_the_server_says(postgres_server: Server) -> None:
    async def scenario(url: str) -> None:
        async with opened(url) as database, database.write() as connection:
            name = await connection.scalar(text("SELECT current_database()"))
            await connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
        async with opened(url) as database, database.write() as connection:
            assert await connection.scalar(text("SHOW synchronous_commit")) == "on"

    asyncio.run(scenario(postgres_server.empty_database()))
