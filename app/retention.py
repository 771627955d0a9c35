"""The background task that forgets: by age and by number of rows, a small transaction at a time."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from app.background import running
from app.database import DATABASE_ERRORS, Database
from app.queries import retention
from app.settings import Settings
from app.tables import RequestRow, SortRow

_log = logging.getLogger("hamlet.retention")

EVERY = 600.0  # seconds
_ROWS = 100  # a transaction, for which the log's writer waits: docs/log.md


@asynccontextmanager
async def forgetting(database: Database, settings: Settings) -> AsyncIterator[None]:
    """Forget in the background while it lasts, if the settings ask for it."""
    if settings.retention_days is None and settings.retention_rows is None:
        yield
        return
    async with running(_for_ever(database, settings)):
        yield


async def forget(database: Database, settings: Settings) -> int:
    """Forget what is due now; -> how many rows went. Raises SQLAlchemyError."""
    gone = 0
    if settings.retention_days is not None:
        moment = datetime.now(UTC) - timedelta(days=settings.retention_days)
        gone += await repeat(
            database, lambda connection: retention.forget_before(connection, moment, _ROWS)
        )
    if settings.retention_rows is not None:
        for row in (RequestRow, SortRow):
            gone += await _keep_newest(database, row, settings.retention_rows)
    return gone


async def repeat(database: Database, step: Callable[[AsyncConnection], Awaitable[int]]) -> int:
    """Take a step a transaction until one finds nothing to do; -> how many rows went in all."""
    gone = 0
    while True:
        async with database.write() as connection:
            found = await step(connection)
        if not found:
            return gone
        gone += found
        await asyncio.sleep(0.01)  # who waits for the write lock gets it


async def _keep_newest(database: Database, row: type[RequestRow] | type[SortRow], rows: int) -> int:
    async with database.read() as connection:
        oldest = await retention.oldest_kept(connection, row, rows)
    if oldest is None:
        return 0
    return await repeat(
        database, lambda connection: retention.forget_below(connection, row, oldest, _ROWS)
    )


async def _for_ever(database: Database, settings: Settings) -> None:
    while True:
        try:
            gone = await forget(database, settings)
            if gone:
                _log.info("%d rows were due and are forgotten", gone)
        except DATABASE_ERRORS as error:
            _log.error("nothing was forgotten: %s", getattr(error, "orig", None) or error)
        await asyncio.sleep(EVERY)
