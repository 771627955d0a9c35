"""What tests of the service share: settings, a migrated database file, the running application."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import select

from app import migrate
from app.database import Database
from app.main import create_app
from app.settings import PREFIX, Settings
from app.tables import RequestRow
from tests.app.double import WordCounter
from tests.postgres import Server, binaries, running

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


# On SQLite alone unless a test, or a module by `pytestmark`, says otherwise.
ON_BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


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


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    found = binaries()
    if found is None:
        pytest.skip("no PostgreSQL server is installed (Debian: postgresql)")
    with (
        TemporaryDirectory(prefix="hamlet-postgres-") as folder,
        running(found, Path(folder)) as server,
    ):
        yield server


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """Of a database with the newest schema; SQLite's is `database_path`."""
    if getattr(request, "param", "sqlite") == "postgresql":
        server: Server = request.getfixturevalue("postgres_server")
        return server.new_database()
    return f"sqlite+aiosqlite:///{request.getfixturevalue('database_path')}"


def settings_of(database_url: str, **values: Any) -> Settings:
    """Settings of a service on this database: PostgreSQL's keeps no secret beside itself."""
    secret = {} if "sqlite" in database_url else {"log_secret": "a secret of the tests"}
    return Settings.model_validate({"database_url": database_url, **secret, **values})


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    try:
        yield database
    finally:
        await database.aclose()


@pytest.fixture
def rows(database_url: str) -> Rows:
    """The request log as another process sees it: committed rows only, the oldest first."""

    async def read() -> list[dict[str, Any]]:
        async with opened(database_url) as database, database.read() as connection:
            found = await connection.execute(select(RequestRow.__table__).order_by(RequestRow.id))
            return [dict(row) for row in found.mappings()]

    def from_elsewhere() -> list[dict[str, Any]]:
        with ThreadPoolExecutor(1) as thread:  # a test's own event loop may be running here
            return thread.submit(asyncio.run, read()).result()

    return from_elsewhere


@pytest.fixture
def serve(database_url: str) -> Serve:
    """`async with serve(predictor, **settings) as client`: the application, its lifespan run."""

    @asynccontextmanager
    async def start(
        predictor: WordCounter | None = None, *, raising: bool = True, **values: Any
    ) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(settings_of(database_url, **values), predictor or WordCounter())
        async with app.router.lifespan_context(app) as state:
            # As a server does: each request gets its own copy of what the lifespan yielded.
            async def with_state(scope: Any, receive: Any, send: Any) -> None:
                await app({**scope, "state": dict(state or {})}, receive, send)

            transport = httpx.ASGITransport(with_state, raise_app_exceptions=raising)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                yield client

    return start
