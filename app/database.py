"""The database: engine, SQLite pragmas, transactions, and the group-commit writer of the log."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from app.errors import LogUnavailable
from app.repository import Entry, write_entries

_log = logging.getLogger("hamlet.database")

E = TypeVar("E", bound=Entry)
R = TypeVar("R")

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
            self._direct = _Direct(direct.execution_options(sqlite_begin="BEGIN IMMEDIATE"))
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

    async def transact(self, work: Callable[[Connection], R]) -> R:
        """Do `work` in one transaction of the second kind. For what every request waits for: an
        asynchronous driver of SQLite changes threads at each statement, this once.
        One at a time."""
        if self._direct is None:
            async with self.write() as connection:
                return await connection.run_sync(work)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._direct.transact, work)

    @property
    def can_wait(self) -> bool:
        """Whether there is transact_here."""
        return self._direct is not None

    def transact_here(self, work: Callable[[Connection], R]) -> R:
        """`transact` without a change of threads: the event loop waits for the disk meanwhile."""
        assert self._direct is not None
        return self._direct.transact(work)

    async def aclose(self) -> None:
        self._thread.shutdown()
        if self._direct is not None:
            self._direct.close()
        await self.engine.dispose()


class _Direct:
    """A connection of SQLite's plain driver that stays open from one transaction to the next."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._open: Connection | None = None

    def transact(self, work: Callable[[Connection], R]) -> R:
        connection = self._open or self._engine.connect()
        try:
            with connection.begin():
                result = work(connection)
        except BaseException:
            self._open = None
            connection.close()
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
        # By the driver: every answer waits for this, and SQLAlchemy makes more of a statement.
        cursor = connection.connection.cursor()
        cursor.execute(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
        cursor.close()


@dataclass(slots=True)
class _Pending:
    entries: Sequence[Entry]
    future: asyncio.Future[list[Entry]]


class Watching(Protocol):
    """What wants to hear of transactions: app.metrics.Metrics, which commands that serve nothing
    need not import."""

    def committed(self, entries: list[Entry], seconds: float) -> None: ...
    def commit_failed(self) -> None: ...


class _Unwatched:
    def committed(self, entries: list[Entry], seconds: float) -> None:
        pass

    def commit_failed(self) -> None:
        pass


class Log(Protocol):
    """What writes the request log: LogWriter, or app.log_process.RemoteLog."""

    async def add(self, entry: E) -> E: ...
    async def aclose(self) -> None: ...


class LogWriter:
    """Writes the request log: what many requests hand in becomes one transaction.

    Create it in a running event loop. While one transaction is being written to disk, the next
    one gathers. A caller that is cancelled loses its wait, not its row. `alone` says whether nobody
    else needs the event loop: then it may wait for the disk itself, as changing threads takes
    longer.
    """

    def __init__(
        self,
        database: Database,
        *,
        most_rows: int = 500,
        most_waiting: int = 10_000,
        metrics: Watching | None = None,
        alone: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database = database
        self._most_rows = most_rows
        self._metrics = metrics or _Unwatched()
        self._alone = alone
        self._queue: asyncio.Queue[_Pending | None] = asyncio.Queue(most_waiting)
        self._closed = False
        self._committing = False
        self._owner = asyncio.create_task(self._run())

    async def add(self, entry: E) -> E:
        """Return the entry, as it was written, once it is on disk. Raises LogUnavailable when it is
        not."""
        if self._queue.empty() and not (self._committing or self._closed) and self._may_wait():
            pending = _Pending([entry], asyncio.get_running_loop().create_future())
            self._commit_here([pending])
            (written,) = await pending.future
        else:
            (written,) = await self.hand_in([entry])
        return cast(E, written)

    def hand_in(self, entries: Sequence[Entry]) -> asyncio.Future[list[Entry]]:
        """`add` for several, in one transaction. Raises LogUnavailable when they are refused; the
        future does when they could not be written."""
        if self._closed or self._queue.full():
            raise LogUnavailable("The request log takes no more entries at present.")
        future: asyncio.Future[list[Entry]] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(_Pending(entries, future))
        return future

    async def aclose(self) -> None:
        """Write what is handed in, then stop."""
        if not self._closed:
            self._closed = True
            await self._queue.put(None)
        await asyncio.wait([self._owner])

    async def _run(self) -> None:
        while (first := await self._queue.get()) is not None:
            self._committing = True
            group = self._gather(first)
            if self._may_wait():
                self._commit_here(group)
            else:
                await self._commit(group)
            self._committing = False

    def _may_wait(self) -> bool:
        return self._database.can_wait and self._alone()

    def _gather(self, first: _Pending) -> list[_Pending]:
        """What waits by now, up to `most_rows`."""
        group, rows = [first], len(first.entries)
        while rows < self._most_rows and not self._queue.empty():
            pending = self._queue.get_nowait()
            if pending is None:
                self._queue.put_nowait(None)  # the end, which stays the last in the queue
                break
            group.append(pending)
            rows += len(pending.entries)
        return group

    def _commit_here(self, group: list[_Pending]) -> None:
        began = time.perf_counter()
        try:
            written = self._database.transact_here(_writing(group))
        except Exception as error:  # whatever it is, every waiter must hear of it
            self._failed(group, error)
        else:
            self._written(group, written, time.perf_counter() - began)

    async def _commit(self, group: list[_Pending]) -> None:
        began = time.perf_counter()
        try:
            written = await self._database.transact(_writing(group))
        except Exception as error:
            self._failed(group, error)
        else:
            self._written(group, written, time.perf_counter() - began)

    def _failed(self, group: list[_Pending], error: Exception) -> None:
        _log.error("the request log was not written: %s", _reason(error))
        self._metrics.commit_failed()
        for pending in group:
            if not pending.future.done():
                pending.future.set_exception(
                    LogUnavailable("The request log could not be written.")
                )

    def _written(self, group: list[_Pending], written: list[Entry], seconds: float) -> None:
        self._metrics.committed(written, seconds)
        rest = iter(written)
        for pending in group:
            its = list(islice(rest, len(pending.entries)))
            if not pending.future.done():
                pending.future.set_result(its)


def _writing(group: list[_Pending]) -> Callable[[Connection], list[Entry]]:
    entries = [entry for pending in group for entry in pending.entries]
    return partial(write_entries, entries=entries)


def _reason(error: Exception) -> Any:
    """What the driver said, without the statement."""
    return getattr(error, "orig", None) or error
