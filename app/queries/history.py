"""The request log read back, newest first, a page at a time.

Ids are UUIDs of version 7: their order is the order of time, so a page begins after the last id of
the one before it (keyset paging), however long the log, and a time is a range of ids. A label or a
key alone has an index that ends in the id. Every other filter is tried on a bounded stretch of the
log (`SCANNED` rows, or as far back as a tenth as many of the key's or the label's own), so that no
page takes longer than that: it may hold fewer entries than asked for, and still a next page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables import CorrectionRow, RequestRow, SortRow

SCANNED = 50_000
# Rows are told their time a moment after their id; more than a second would be a stopped process.
_SLACK_MS = 1000
_LAST_ID = "g"  # after every hexadecimal number


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries; None asks for nothing. Times are aware, `after` is included; probabilities
    are both included; `corrected`: whether somebody has corrected the message; `text` occurs in the
    subject or in the body, whatever the case."""

    after: datetime | None = None
    before: datetime | None = None
    label: str | None = None
    min_probability: float | None = None
    max_probability: float | None = None
    corrected: bool | None = None
    key: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first, and where the next page begins; None: there is no more."""

    entries: Sequence[Row[Any]]
    next: str | None


async def page(
    connection: AsyncConnection,
    wanted: Filter,
    cursor: str | None,
    limit: int,
    scanned: int = SCANNED,
) -> Page:
    """The next `limit` entries, at most, of those before `cursor`, without their bodies."""
    begin = _LAST_ID if cursor is None else cursor
    if wanted.before is not None:
        begin = min(begin, _first_id(wanted.before, _SLACK_MS))
    floor = None if _has_index(wanted) else await _floor(connection, begin, wanted, scanned)
    rows = await connection.execute(select_page(wanted, begin, floor, limit))
    entries = rows.all()
    if len(entries) == limit:
        return Page(entries, entries[-1].id)
    return Page(entries, floor)


async def entry(connection: AsyncConnection, entry_id: str) -> Row[Any] | None:
    """One entry, with its body if that was kept."""
    query = _select(RequestRow.body).where(RequestRow.id == entry_id)
    found: Row[Any] | None = (await connection.execute(query)).one_or_none()
    return found


def select_page(wanted: Filter, begin: str, floor: str | None, limit: int) -> Select[Any]:
    """The statement of one page: ids before `begin`, from `floor` on."""
    query = _select().where(RequestRow.id < begin, *_conditions(wanted))
    if floor is not None:
        query = query.where(RequestRow.id >= floor)
    return query.order_by(RequestRow.id.desc()).limit(limit)


async def erase(connection: AsyncConnection, entry_id: str) -> bool:
    """Forget one entry and what was said of its message; False: there is none. The caller
    commits."""
    return bool(await _erase(connection, RequestRow.id == entry_id, 1))


async def erase_key(connection: AsyncConnection, key: str, most: int) -> int:
    """Forget `most` entries of a key, what was said of their messages, and as many of its sorts;
    -> how many rows went. To be called until that is none. The caller commits."""
    erased = await _erase(connection, RequestRow.key_id == key, most)
    lists = select(SortRow.id).where(SortRow.key_id == key).order_by(SortRow.id).limit(most)
    gone = await connection.execute(delete(SortRow).where(SortRow.id.in_(lists)))
    return erased + gone.rowcount


async def _erase(connection: AsyncConnection, matches: ColumnElement[bool], most: int) -> int:
    # Locked where rows can be, so that nobody corrects an entry while it is being erased.
    query = select(RequestRow.id, RequestRow.message_hash).where(matches).order_by(RequestRow.id)
    found = (await connection.execute(query.limit(most).with_for_update())).all()
    hashes = sorted({row.message_hash for row in found})
    await connection.execute(delete(CorrectionRow).where(CorrectionRow.message_hash.in_(hashes)))
    ids = [row.id for row in found]
    return (await connection.execute(delete(RequestRow).where(RequestRow.id.in_(ids)))).rowcount


def _select(*more: Any) -> Select[Any]:
    row, said = RequestRow, CorrectionRow
    columns: tuple[Any, ...] = (
        row.id,
        row.created_at,
        row.label,
        row.spam_probability,
        row.threshold,
        row.source,
        row.decided_by,
        said.label.label("corrected"),
        said.corrected_at,
        row.key_id,
        row.model_version,
        row.tokens_used,
        row.tokens_total,
        row.content_bytes,
        row.subject,
        *more,
    )
    return select(*columns).outerjoin(said, said.message_hash == row.message_hash)


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    row = RequestRow
    found: list[ColumnElement[bool]] = []
    # The ids bound the time; this cuts off the slack. With its index in sight PostgreSQL, which
    # takes the two bounds for independent, expects few rows and sorts all of them on each page.
    created_at = func.coalesce(row.created_at, row.created_at)
    if wanted.after is not None:
        found += [row.id >= _first_id(wanted.after, -_SLACK_MS), created_at >= wanted.after]
    if wanted.before is not None:
        found.append(created_at < wanted.before)
    if wanted.label is not None:
        # With a key, the key's index is the one to take: hide the label from its own.
        label = row.label if wanted.key is None else func.coalesce(row.label, "")
        found.append(label == wanted.label)
    if wanted.min_probability is not None:
        found.append(row.spam_probability >= wanted.min_probability)
    if wanted.max_probability is not None:
        found.append(row.spam_probability <= wanted.max_probability)
    if wanted.corrected is not None:
        missing = CorrectionRow.label.is_(None)
        found.append(~missing if wanted.corrected else missing)
    if wanted.key is not None:
        found.append(row.key_id == wanted.key)
    if wanted.text is not None:
        within = (
            column.icontains(wanted.text, autoescape=True) for column in (row.subject, row.body)
        )
        first, second = within
        found.append(first | second)
    return found


def _has_index(wanted: Filter) -> bool:
    """Whether every row that is looked at on the way is an entry of the page."""
    others = (wanted.min_probability, wanted.max_probability, wanted.corrected, wanted.text)
    one_at_most = wanted.label is None or wanted.key is None
    return one_at_most and all(value is None for value in others)


async def _floor(
    connection: AsyncConnection, begin: str, wanted: Filter, scanned: int
) -> str | None:
    """The id at which a page stops looking; None when the log ends before.

    A key's or a label's entries have an index of their own, so the page may look farther back: at
    a tenth as many of them, each of which may have to be fetched from another place of the disk.
    """
    floor = await _reached(connection, begin, wanted, scanned)
    if wanted.key is not None:
        mine = RequestRow.key_id == wanted.key
    elif wanted.label is not None:
        mine = RequestRow.label == wanted.label
    else:
        return floor
    farther = await _reached(connection, begin, wanted, max(scanned // 10, 1), mine)
    return None if floor is None or farther is None else min(floor, farther)


async def _reached(
    connection: AsyncConnection,
    begin: str,
    wanted: Filter,
    rows: int,
    *conditions: ColumnElement[bool],
) -> str | None:
    """The id of the rows-th entry before `begin`."""
    query = select(RequestRow.id).where(RequestRow.id < begin, *conditions)
    if wanted.after is not None:
        query = query.where(RequestRow.id >= _first_id(wanted.after, -_SLACK_MS))
    query = query.order_by(RequestRow.id.desc()).offset(rows - 1).limit(1)
    reached: str | None = await connection.scalar(query)
    return reached


def _first_id(moment: datetime, slack_ms: int) -> str:
    """The least UUID of version 7 of a time (RFC 9562, 5.7: 48 bits of milliseconds)."""
    stamp = min(max(int(moment.timestamp() * 1000) + slack_ms, 0), 2**48 - 1)
    return f"{stamp:012x}"
