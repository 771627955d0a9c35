"""Corrections: of a message, named by one of its requests and found again by its keyed hash."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Dialect,
    bindparam,
    delete,
    func,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.tables import CorrectionRow, RequestRow

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody says of the message of one request. `by` is a key, if there are any."""

    entry_id: str
    label: str
    at: datetime
    by: str | None


@dataclass(frozen=True, slots=True)
class Corrected:
    """A corrected message with its text; `entry_id`, the newest request that has it."""

    message_hash: str
    label: str
    at: datetime
    entry_id: str
    subject: str | None
    body: str | None


async def correct(connection: AsyncConnection, corrections: Sequence[Correction]) -> set[str]:
    """Keep the corrections, the last of a message's; -> the ids that name no request. The caller
    commits.

    Who says again what was said already changes nothing: the first to say it, and when, stay.
    """
    hashes = await _hashes(connection, {c.entry_id for c in corrections})
    rows = [
        {
            "message_hash": hashes[c.entry_id],
            "label": c.label,
            "entry_id": c.entry_id,
            "corrected_at": c.at,
            "corrected_by": c.by,
        }
        for c in corrections
        if c.entry_id in hashes
    ]
    if rows:
        # In one order for all who write at the same time: nobody waits for one who waits for him.
        rows.sort(key=itemgetter("message_hash"))
        await connection.execute(_upsert(connection), rows)
    return {c.entry_id for c in corrections} - hashes.keys()


async def take_back(connection: AsyncConnection, entry_id: str) -> bool:
    """Forget what was said of the request's message; False: no such request. The caller commits."""
    hashes = await _hashes(connection, {entry_id})
    matches: ColumnElement[bool] = CorrectionRow.message_hash.in_(hashes.values())
    await connection.execute(delete(CorrectionRow).where(matches))
    return bool(hashes)


def corrected_labels(
    cursor: DBAPICursor, dialect: Dialect, message_hashes: Iterable[str]
) -> Mapping[str, str]:
    """Of these messages those that were corrected: hash -> label. Raises the driver's errors."""
    hashes = _padded(list(message_hashes))
    cursor.execute(_labels_query(len(hashes), dialect), tuple(hashes))
    return dict(cursor.fetchall())


@lru_cache(maxsize=64)
def _labels_query(number: int, dialect: Dialect) -> str:
    """As a driver takes it, of so many hashes. Every answer waits for it: see _insertion of
    app.repository."""
    query = select(CorrectionRow.message_hash, CorrectionRow.label)
    hashes: list[BindParameter[str]] = [bindparam(f"hash_{index}") for index in range(number)]
    return str(query.where(CorrectionRow.message_hash.in_(hashes)).compile(dialect=dialect))


async def corrected_texts(
    connection: AsyncConnection, after: str, most: int
) -> Sequence[Corrected]:
    """The next corrected messages whose text was kept, each once, in the order of their hashes,
    beginning after this one."""
    said, row, other = CorrectionRow, RequestRow, aliased(RequestRow)
    newest = (
        select(func.max(other.id))
        .where(other.message_hash == said.message_hash, other.body.is_not(None))
        .scalar_subquery()
    )
    query = (
        select(said.message_hash, said.label, said.corrected_at, row.id, row.subject, row.body)
        .join(row, row.id == newest)
        .where(said.message_hash > after)
        .order_by(said.message_hash)
        .limit(most)
    )
    return [Corrected(*found) for found in await connection.execute(query)]


async def count(connection: AsyncConnection) -> int:
    """How many messages are corrected."""
    return await connection.scalar(select(func.count()).select_from(CorrectionRow)) or 0


def _padded(hashes: list[str]) -> list[str]:
    """The last one repeated up to a power of two: a handful of statements, which stay prepared."""
    length = 1 << (len(hashes) - 1).bit_length()
    return hashes + hashes[-1:] * (length - len(hashes))


async def _hashes(connection: AsyncConnection, entry_ids: set[str]) -> dict[str, str]:
    # Locked where rows can be: an entry that is being erased is not corrected meanwhile.
    query = select(RequestRow.id, RequestRow.message_hash).where(RequestRow.id.in_(entry_ids))
    query = query.order_by(RequestRow.id).with_for_update(read=True)
    return dict((await connection.execute(query)).all())


def _insert(connection: AsyncConnection) -> "sqlite.Insert | PostgresqlInsert":
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # megabytes, which SQLite does not need

        return postgresql.insert(CorrectionRow)
    return sqlite.insert(CorrectionRow)


def _upsert(connection: AsyncConnection) -> "sqlite.Insert | PostgresqlInsert":
    insert = _insert(connection)
    said = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=[CorrectionRow.message_hash],
        set_={
            "label": said.label,
            "entry_id": said.entry_id,
            "corrected_at": said.corrected_at,
            "corrected_by": said.corrected_by,
        },
        where=CorrectionRow.label != said.label,
    )
