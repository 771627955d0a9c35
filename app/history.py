"""The request log read back: what an entry looks like, as JSON, as NDJSON and as CSV."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Row

from app.database import DATABASE_ERRORS, Database
from app.errors import InvalidRequest, LogUnavailable, NotFound
from app.queries import history
from app.queries.history import Filter
from app.retention import repeat
from app.schemas import Fault, HistoryDetail, HistoryEntry, HistoryPage
from app.settings import Settings
from app.strings import storable

_EXPORTED_AT_ONCE = 500
_ERASED_AT_ONCE = 100
_UNKNOWN = "No message of this id is in the request log."
# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def checked(wanted: Filter, settings: Settings) -> Filter:
    """The filter as the database takes it. Raises InvalidRequest for a search in texts that are
    not kept."""
    if wanted.text is None:
        return wanted
    if not settings.store_text:
        reason = "texts are not kept here (HAMLET_STORE_TEXT)"
        raise InvalidRequest(Fault(parameter="text", reason=reason))
    return Filter(
        **{name: getattr(wanted, name) for name in Filter.__slots__}
        | {"text": storable(wanted.text)}
    )


async def page(database: Database, wanted: Filter, cursor: str | None, limit: int) -> HistoryPage:
    """Raises LogUnavailable."""
    found = await _page(database, wanted, cursor, limit)
    return HistoryPage(entries=[HistoryEntry(**members(e)) for e in found.entries], next=found.next)


async def entry(database: Database, entry_id: str) -> HistoryDetail:
    """Raises NotFound, LogUnavailable."""
    try:
        async with database.read() as connection:
            row = await history.entry(connection, entry_id)
    except DATABASE_ERRORS:
        raise LogUnavailable("The request log could not be read.") from None
    if row is None:
        raise NotFound(_UNKNOWN)
    return HistoryDetail(**members(row))


async def erase(database: Database, entry_id: str) -> None:
    """Raises NotFound, LogUnavailable."""
    try:
        async with database.write() as connection:
            found = await history.erase(connection, entry_id)
    except DATABASE_ERRORS:
        raise LogUnavailable("The entry could not be erased.") from None
    if not found:
        raise NotFound(_UNKNOWN)


async def erase_key(database: Database, key: str) -> None:
    """All entries of a key, a small transaction at a time. Raises LogUnavailable."""
    try:
        await repeat(database, lambda c: history.erase_key(c, key, _ERASED_AT_ONCE))
    except DATABASE_ERRORS:
        raise LogUnavailable("Not all entries could be erased; ask again.") from None


async def as_ndjson(database: Database, wanted: Filter) -> AsyncIterator[bytes]:
    """Every entry, a line each. A page at a time, so that no transaction stays open meanwhile."""
    async for rows in _pages(database, wanted):
        lines = (HistoryEntry(**members(row)).model_dump_json() for row in rows)
        yield "".join(line + "\n" for line in lines).encode()


async def as_csv(database: Database, wanted: Filter) -> AsyncIterator[bytes]:
    """The same as a table (RFC 4180) with a line of names. A spreadsheet computes none of it."""
    names = [name for name in HistoryEntry.model_fields if name != "tokens"]
    columns = [*names, "tokens_used", "tokens_total"]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    yield text.getvalue().encode()
    async for rows in _pages(database, wanted):
        text.seek(0)
        text.truncate()
        for row in rows:
            entry = row._asdict()
            entry["created_at"] = row.created_at.isoformat()
            writer.writerow([_cell(entry[name]) for name in columns])
        yield text.getvalue().encode()


async def _pages(database: Database, wanted: Filter) -> AsyncIterator[list[Row[Any]]]:
    cursor: str | None = None
    while True:
        found = await _page(database, wanted, cursor, _EXPORTED_AT_ONCE)
        if found.entries:
            yield list(found.entries)
        cursor = found.next
        if cursor is None:
            return


async def _page(database: Database, wanted: Filter, cursor: str | None, limit: int) -> history.Page:
    try:
        async with database.read() as connection:
            return await history.page(connection, wanted, cursor, limit)
    except DATABASE_ERRORS:
        raise LogUnavailable("The request log could not be read.") from None


def members(row: Row[Any]) -> dict[str, Any]:
    """A row as the members of its entry."""
    found = row._asdict()
    found["tokens"] = {"used": found.pop("tokens_used"), "total": found.pop("tokens_total")}
    return found


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
