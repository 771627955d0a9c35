"""What is too old, or too much, forgotten a few rows at a time; corrections stay."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables import RequestRow, SortRow

_TABLES: tuple[type[RequestRow] | type[SortRow], ...] = (RequestRow, SortRow)


async def forget_before(connection: AsyncConnection, moment: datetime, most: int) -> int:
    """Of each table at most `most` rows that are older; -> how many went. The caller commits."""
    gone = 0
    for row in _TABLES:
        ids = select(row.id).where(row.created_at < moment).order_by(row.created_at).limit(most)
        # What another process is about to forget need not be waited for.
        ids = ids.with_for_update(skip_locked=True)
        gone += (await connection.execute(delete(row).where(row.id.in_(ids)))).rowcount
    return gone


async def oldest_kept(
    connection: AsyncConnection, row: type[RequestRow] | type[SortRow], rows: int
) -> str | None:
    """The id of the oldest of the newest `rows`; None while there are not as many."""
    query = select(row.id).order_by(row.id.desc()).offset(rows - 1).limit(1)
    found: str | None = await connection.scalar(query)
    return found


async def forget_below(
    connection: AsyncConnection, row: type[RequestRow] | type[SortRow], entry_id: str, most: int
) -> int:
    """At most `most` rows older than this one; -> how many went. The caller commits."""
    ids = select(row.id).where(row.id < entry_id).order_by(row.id).limit(most)
    ids = ids.with_for_update(skip_locked=True)
    return (await connection.execute(delete(row).where(row.id.in_(ids)))).rowcount
