"""The database: engine, SQLite pragmas, transactions."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from typing import TypeVar

from sqlalchemy import (
    Connection,
    Dialect,
    Engine,
    PoolProxiedConnection,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

R = TypeVar("R")
# What is done in a transaction by the driver's own means: SQLAlchemy's take longer than it.
Work = Callable[[DBAPICursor, Dialect], R]

# busy_timeout first: the switch to WAL may already have to wait for another process.
_PRAGMAS = (
    "busy_timeout = 5000",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",  # what is erased is overwritten
)
# A commit waits for the disk, whatever the server is configured to do.
_POSTGRESQL = {
    "timeout": 10,  # seconds, to connect
    "server_settings": {"synchronous_commit": "on", "application_name": "hamlet"},
}

# What a database that is not there raises, by the driver or by the network below it.
DATABASE_ERRORS = (SQLAlchemyError, OSError)


class Database:
    """An engine and its two kinds of transaction. `url` needs an asynchronous driver."""

    def __init__(self, url: str) -> None:
        # Parameters are hidden from errors: they would carry the text of messages to the log.
        # A connection that the server has dropped meanwhile is replaced; a file drops none.
        served = not url.startswith("sqlite")
        self.engine = create_async_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=served,
            connect_args=_POSTGRESQL if served else {},
        )
        self._direct: _Direct | None = None
        if self.engine.dialect.name == "sqlite":
            _prepare_sqlite(self.engine.sync_engine)
            direct = create_engine(make_url(url).set(drivername="sqlite"), hide_parameters=True)
            _prepare_sqlite(direct)
            self._direct = _Direct(direct)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="log")
        self._writing = self.engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads."""
        async with self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that holds SQLite's one write lock from its beginning; commits at the end.

        A transaction that read first and then wrote could fail at once on a busy database.
        """
        async with self._writing.begin() as connection:
            yield connection

    async def transact(self, work: Work[R]) -> R:
        """Do `work` in one transaction of the second kind. For what every request waits for: an
        asynchronous driver of SQLite changes threads at each statement, this once.
        One at a time."""
        if self._direct is None:
            async with self.write() as connection:
                return await connection.run_sync(_on_cursor, work)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._direct.transact, work)

    @property
    def can_wait(self) -> bool:
        """Whether there is transact_here."""
        return self._direct is not None

    def transact_here(self, work: Work[R]) -> R:
        """`transact` without a change of threads: the event loop waits for the disk meanwhile."""
        assert self._direct is not None
        return self._direct.transact(work)

    async def aclose(self) -> None:
        self._thread.shutdown()
        if self._direct is not None:
            self._direct.close()
        await self.engine.dispose()


def _on_cursor(connection: Connection, work: Work[R]) -> R:
    with closing(connection.connection.cursor()) as cursor:
        return work(cursor, connection.dialect)


class _Direct:
    """A connection of SQLite's plain driver that stays open from one transaction to the next."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._open: PoolProxiedConnection | None = None

    def transact(self, work: Work[R]) -> R:
        connection = self._open or self._engine.raw_connection()
        try:
            with closing(connection.cursor()) as cursor:
                cursor.execute("BEGIN IMMEDIATE")
                result = work(cursor, self._engine.dialect)
                cursor.execute("COMMIT")
        except BaseException:
            self._open = None
            connection.invalidate()
            raise
        self._open = connection
        return result

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
        self._engine.dispose()


def _prepare_sqlite(engine: Engine) -> None:
    """Set the pragmas of each connection, and say BEGIN ourselves, which sqlite3 does too late."""

    @event.listens_for(engine, "connect")
    def connect(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        try:
            for pragma in _PRAGMAS:
                cursor.execute(f"PRAGMA {pragma}")
        except BaseException:  # no database, or one that may not be written
            connection.close()
            raise
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
