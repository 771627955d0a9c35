"""What tests of the service share: settings, a migrated database file, the running application."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from app import migrate
from app.database import Database
from app.main import create_app
from app.settings import PREFIX, Settings
from tests.app.double import WordCounter

# A busy machine is no reason to fail.
hypothesis_settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("patient")

Rows = Callable[[], list[dict[str, Any]]]
Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture(autouse=True)
def _no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


async def create_database(path: Path) -> None:
    """A database file with the newest schema."""
    database = Database(f"sqlite+aiosqlite:///{path}")
    await migrate.upgrade(database)
    await database.aclose()


@pytest.fixture
def database_path(tmp_path: Path) -> Path:
    path = tmp_path / "hamlet.db"
    asyncio.run(create_database(path))
    return path


@pytest.fixture
def rows(database_path: Path) -> Rows:
    """The request log as another process sees it: committed rows only."""

    def read() -> list[dict[str, Any]]:
        connection = sqlite3.connect(database_path)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute("SELECT * FROM requests ORDER BY id")]
        finally:
            connection.close()

    return read


@pytest.fixture
def serve(database_path: Path) -> Serve:
    """`async with serve(predictor, **settings) as client`: the application, its lifespan run."""

    @asynccontextmanager
    async def start(
        predictor: WordCounter | None = None, *, raising: bool = True, **values: Any
    ) -> AsyncIterator[httpx.AsyncClient]:
        url = f"sqlite+aiosqlite:///{database_path}"
        settings = Settings.model_validate({"database_url": url, **values})
        app = create_app(settings, predictor or WordCounter())
        async with app.router.lifespan_context(app) as state:
            # As a server does: each request gets its own copy of what the lifespan yielded.
            async def with_state(scope: Any, receive: Any, send: Any) -> None:
                await app({**scope, "state": dict(state or {})}, receive, send)

            transport = httpx.ASGITransport(with_state, raise_app_exceptions=raising)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                yield client

    return start
