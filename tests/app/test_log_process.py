"""One process writes the log for several: nothing is lost, and its end is survived."""

import asyncio
import multiprocessing
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from app import log_process
from app.errors import LogUnavailable
from app.log_process import RemoteLog
from app.queries.feedback import Correction, correct
from app.repository import LogEntry
from app.settings import Settings
from tests.app.test_log import entry
from tests.conftest import ON_BOTH, Rows, opened

spawn = multiprocessing.get_context("fork")


@contextmanager
def writing(url: str, at: socket.socket) -> Iterator[BaseProcess]:
    process = spawn.Process(target=log_process.serve, args=(Settings(database_url=url), at))
    process.start()
    try:
        yield process
    finally:
        process.kill()  # told to stop it would wait for those of this process who hand in
        process.join()


@asynccontextmanager
async def connected(at: socket.socket) -> AsyncIterator[RemoteLog]:
    log = RemoteLog(at.getsockname())
    await log.connect()
    try:
        yield log
    finally:
        await log.aclose()


@ON_BOTH
def test_what_several_hand_in_is_written(database_url: str, rows: Rows) -> None:
    async def scenario(at: socket.socket) -> None:
        async with connected(at) as one, connected(at) as other:
            made = [entry(n) for n in range(300)]
            found = await asyncio.gather(*((one, other)[n % 2].add(e) for n, e in enumerate(made)))
            assert found == made
            assert len(rows()) == 300

    with log_process.listening() as at, writing(database_url, at):
        asyncio.run(scenario(at))


@ON_BOTH
def test_a_correction_comes_back_with_the_entry(database_url: str) -> None:
    async def scenario(at: socket.socket) -> None:
        async with connected(at) as log, opened(database_url) as database:
            first = replace(entry(1), message_hash="a" * 64, label="spam")
            assert await log.add(first) == first
            async with database.write() as connection:
                said = Correction(first.id, "ham", first.created_at, None)
                await correct(connection, [said])
            again, other = await asyncio.gather(
                log.add(replace(entry(2), message_hash="a" * 64)),
                log.add(replace(entry(3), message_hash="b" * 64)),
            )
            assert (again.label, again.decided_by) == ("ham", "correction")
            assert other.decided_by == "model"

    with log_process.listening() as at, writing(database_url, at):
        asyncio.run(scenario(at))


def test_one_that_is_told_to_stop_writes_on_until_all_have_gone(
    database_path: Path, rows: Rows
) -> None:
    async def scenario(at: socket.socket) -> None:
        with writing(f"sqlite:///{database_path}", at) as process:
            async with connected(at) as log:
                await log.add(entry(1))
                process.terminate()
                await asyncio.sleep(0.2)
                waiting = [asyncio.create_task(log.add(entry(n))) for n in range(2, 9)]
                await asyncio.sleep(0)
            await asyncio.gather(*waiting)
            await asyncio.to_thread(process.join, 20)
            assert process.exitcode == 0
        assert len(rows()) == 8

    with log_process.listening() as at:
        asyncio.run(scenario(at))
    assert not database_path.with_name(database_path.name + "-wal").exists()


def test_when_it_dies_its_waiters_hear_of_it_and_the_next_one_serves(
    database_path: Path, rows: Rows
) -> None:
    url = f"sqlite:///{database_path}"

    async def scenario(at: socket.socket) -> None:
        async with connected(at) as log:
            with writing(url, at) as process:
                await log.add(entry(1))
                assert process.pid
                os.kill(process.pid, signal.SIGSTOP)
                waiting = asyncio.create_task(log.add(entry(2)))
                await asyncio.sleep(0.1)
                os.kill(process.pid, signal.SIGKILL)
                with pytest.raises(LogUnavailable):
                    await waiting
            later: asyncio.Task[LogEntry] = asyncio.create_task(_until_taken(log))
            with writing(url, at):
                await later
                assert {row["request_id"] for row in rows()} == {"1", "3"}

    with log_process.listening() as at:
        asyncio.run(scenario(at))


async def _until_taken(log: RemoteLog) -> LogEntry:
    while True:
        try:
            return await log.add(entry(3))
        except LogUnavailable:
            await asyncio.sleep(0.01)


@ON_BOTH
def test_what_cannot_be_written_is_told(database_url: str, rows: Rows) -> None:
    async def scenario(at: socket.socket) -> None:
        async with connected(at) as log:
            once = entry(1)
            await log.add(once)
            with pytest.raises(LogUnavailable):
                await log.add(once)
            await log.add(entry(2))
            assert len(rows()) == 2

    with log_process.listening() as at, writing(database_url, at):
        asyncio.run(scenario(at))


def test_a_closed_one_refuses(database_path: Path) -> None:
    async def scenario(at: socket.socket) -> None:
        async with connected(at) as log:
            pass
        with pytest.raises(LogUnavailable):
            await log.add(entry(1))

    with log_process.listening() as at, writing(f"sqlite:///{database_path}", at):
        asyncio.run(scenario(at))
