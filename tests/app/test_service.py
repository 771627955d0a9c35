"""Health, model, index, OpenAPI, request ids, access log, migrations."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app import migrate
from app.database import Database
from app.main import create_app
from app.settings import ROOT, Settings
from app.tables import Base
from tests.app.asserts import assert_problem
from tests.app.double import WordCounter
from tests.conftest import Serve


def test_alive_and_ready(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            assert (await client.get("/health/live")).json() == {"status": "alive"}
            assert (await client.get("/health/ready")).json() == {"status": "ready"}

    asyncio.run(scenario())


def test_not_ready_when_the_schema_is_behind(serve: Serve, database_path: Path) -> None:
    async def scenario() -> None:
        async with serve() as client:
            with sqlite3.connect(database_path) as connection:
                connection.execute("UPDATE alembic_version SET version_num = '0000'")
            connection.close()
            response = await client.get("/health/ready")
            assert "run the migrations" in assert_problem(response, 503)["detail"]
            assert (await client.get("/health/live")).status_code == 200

    asyncio.run(scenario())


def test_not_ready_when_the_database_is_gone(serve: Serve, database_path: Path) -> None:
    async def scenario() -> None:
        async with serve() as client:
            database_path.unlink()
            database_path.mkdir()
            response = await client.get("/health/ready")
            assert "database" in assert_problem(response, 503)["detail"]
            assert response.headers["retry-after"] == "1"
            # aiosqlite does not wait for the thread of a connection that could not be opened.
            for thread in threading.enumerate():
                if "connection_worker" in thread.name:
                    await asyncio.to_thread(thread.join, 10)

    asyncio.run(scenario())


def test_the_model_is_described(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            response = await client.get("/model")
        described = response.json()
        sorter = described.pop("sorter")
        assert sorter["name"] == "sorter"
        assert sorter["info"]["parameters"] > 1000
        assert described == {
            "name": "classifier",
            "version": "0.0.0+double",
            "device": "cpu",
            "thresholds": {
                "spam": 0.5,
                "unsure": 0.3,
                "shipped": 0.5,
                "target_fpr": 0.001,
                "unsure_fpr": 0.01,
            },
            "info": {"architecture": "counts a word"},
        }

    asyncio.run(scenario())


def test_no_page_of_the_framework_loads_from_elsewhere(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            assert (await client.get("/openapi.json")).status_code == 200
            for page in ("/docs", "/redoc"):
                assert_problem(await client.get(page), 404)

    asyncio.run(scenario())


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "$ref")
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_openapi_describes_bodies_and_problems() -> None:
    document = create_app(Settings(), WordCounter()).openapi()
    schemas = document["components"]["schemas"]
    assert {ref.rpartition("/")[2] for ref in references(document)} <= schemas.keys()
    assert not {"HTTPValidationError", "ValidationError"} & schemas.keys()
    one = document["paths"]["/classify"]["post"]
    assert set(one["requestBody"]["content"]) == {
        "application/json",
        "message/rfc822",
        "text/plain",
    }
    assert set(one["responses"]) == {
        "200",
        *("400", "401", "403", "408", "413", "415", "422", "429", "503"),
    }
    sort = document["paths"]["/sort"]["post"]
    assert set(sort["requestBody"]["content"]) == {"application/json"}
    assert set(sort["responses"]) == set(one["responses"])
    many = document["paths"]["/classify/batch"]["post"]
    media = {"application/json", "application/x-ndjson"}
    assert set(many["requestBody"]["content"]) == media
    assert set(many["responses"]["200"]["content"]) == media
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    assert response["content"] == {"application/problem+json": problem}


def test_a_sane_request_id_is_kept_and_another_is_made(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            for given, kept in (("abc-1.2_3", True), ("a b", False), ("x" * 65, False)):
                response = await client.get("/health/live", headers={"x-request-id": given})
                assert (response.headers["x-request-id"] == given) is kept
                assert len(response.headers["x-request-id"]) <= 64

    asyncio.run(scenario())


def test_the_access_log_is_one_line_a_request(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with serve() as client:
            await client.post(
                "/classify", json={"text": "secret"}, headers={"x-request-id": "mine"}
            )
            await client.get("/nowhere%0a2026-01-01%20forged")

    with caplog.at_level(logging.INFO, "hamlet.access"):
        asyncio.run(scenario())
    first, second = (r.getMessage() for r in caplog.records if r.name == "hamlet.access")
    assert first.startswith("POST /classify 200 ")
    assert first.endswith(" mine")
    assert second.startswith("GET /nowhere%0A2026-01-01%20forged 404 ")
    assert "secret" not in caplog.text


def test_the_migrations_make_the_tables(database_path: Path) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))

    async def scenario() -> None:
        database = Database(f"sqlite+aiosqlite:///{database_path}")
        async with database.read() as connection:
            assert await connection.run_sync(differences) == []
        assert await migrate.current(database) == migrate.head()
        await migrate.upgrade(database)  # a second time changes nothing
        await database.aclose()

    asyncio.run(scenario())


def test_the_newest_revision_is_the_one_that_alembic_finds() -> None:
    scripts = ScriptDirectory(str(ROOT / "migrations"))
    assert migrate.head() == scripts.get_current_head()


def test_a_new_database_has_no_revision(tmp_path: Path) -> None:
    async def scenario() -> None:
        database = Database(f"sqlite+aiosqlite:///{tmp_path / 'new.db'}")
        assert await migrate.current(database) is None
        await database.aclose()

    asyncio.run(scenario())
