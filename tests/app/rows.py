"""Rows of the request log, without a service that makes them."""

from collections.abc import Sequence
from contextlib import closing

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from app.repository import Entry, write_entries


async def add_entries(connection: AsyncConnection, entries: Sequence[Entry]) -> list[Entry]:
    """As they were written; the caller commits."""

    def write(direct: Connection) -> list[Entry]:
        with closing(direct.connection.cursor()) as cursor:
            return write_entries(cursor, direct.dialect, entries)

    return await connection.run_sync(write)
