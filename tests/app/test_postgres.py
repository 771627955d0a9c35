"""What PostgreSQL asks for beyond SQLite."""

import asyncio
import subprocess
import sys

import pytest
from alembic import command
from sqlalchemy import text

from app import migrate
from app.settings import ROOT
from tests.conftest import Rows, Serve, opened
from tests.postgres import Server

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def test_services_that_start_together_migrate_once(postgres_server: Server) -> None:
    async def start(url: str) -> str | None:
        async with opened(url) as database:
            await migrate.upgrade(database)
            return await migrate.current(database)

    async def scenario(url: str) -> None:
        assert await asyncio.gather(*(start(url) for _ in range(4))) == [migrate.head()] * 4

    asyncio.run(scenario(postgres_server.empty_database()))


def test_all_migrations_can_be_undone(postgres_server: Server) -> None:
    async def scenario(url: str) -> None:
        async with opened(url) as database:
            await migrate.upgrade(database)
            async with database.write() as connection:
                await connection.run_sync(
                    lambda sync: command.downgrade(migrate._config(sync), "base")
                )
            async with database.read() as connection:
                tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
                assert await connection.scalar(text(tables)) == 1  # alembic's own

    asyncio.run(scenario(postgres_server.empty_database()))


@ON_POSTGRESQL
def test_two_services_share_one_log(serve: Serve, rows: Rows) -> None:
    async def scenario() -> None:
        async with serve() as one, serve() as other:
            posts = [
                client.post("/classify", json={"text": f"message {number}"})
                for number in range(40)
                for client in (one, other)
            ]
            answers = await asyncio.gather(*posts)
            assert {answer.status_code for answer in answers} == {200}
            assert {row["id"] for row in rows()} == {answer.json()["id"] for answer in answers}

    asyncio.run(scenario())


@ON_POSTGRESQL
def test_a_server_that_dropped_its_connections_is_no_fault_of_the_next_request(
    serve: Serve, database_url: str
) -> None:
    async def scenario() -> None:
        async with serve() as client:
            assert (await client.post("/classify", json={"text": "before"})).status_code == 200
            async with opened(database_url) as database, database.write() as connection:
                await connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
            assert (await client.post("/classify", json={"text": "after"})).status_code == 200
            assert (await client.get("/history")).status_code == 200

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql+asyncpg://hamlet@127.0.0.1:1/hamlet", "cannot be opened"),
        ("postgresql+asyncpg://hamlet:unspoken@127.0.0.1:1/hamlet", "cannot be opened"),
        ("postgresql://hamlet@127.0.0.1/hamlet", "cannot be opened"),
    ],
)
def test_a_database_that_is_not_there_is_named_at_the_start(url: str, says: str) -> None:
    environment = {
        "HAMLET_DATABASE_URL": url,
        "HAMLET_LOG_SECRET": "a secret of the tests",
        "PATH": "/usr/bin:/bin",
    }
    started = subprocess.run(
        [sys.executable, "-m", "app"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert started.returncode == 1
    assert says in started.stderr
    assert "Traceback" not in started.stderr
    assert "unspoken" not in started.stderr
