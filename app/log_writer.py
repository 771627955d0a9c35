"""The writer of the request log: what many requests hand in shares a transaction."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Protocol, TypeVar, cast

from app.database import Database, Work
from app.errors import LogUnavailable
from app.repository import Entry, write_entries

_log = logging.getLogger("hamlet.database")

E = TypeVar("E", bound=Entry)


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


def _writing(group: list[_Pending]) -> Work[list[Entry]]:
    entries = [entry for pending in group for entry in pending.entries]
    return partial(write_entries, entries=entries)


def _reason(error: Exception) -> Any:
    """What the driver said, without the statement."""
    return getattr(error, "orig", None) or error
