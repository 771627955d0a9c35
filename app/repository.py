"""Every query."""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, insert, text
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.ext.asyncio import AsyncConnection

from app.queries.feedback import corrected_labels
from app.tables import Base, RequestRow, SortRow


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A row of `requests`, to be written: see app.tables.RequestRow."""

    id: str
    created_at: datetime
    request_id: str
    kind: str
    source: str
    message_hash: str
    content_bytes: int
    subject_characters: int
    body_characters: int
    tokens_used: int
    tokens_total: int
    unknown_share: float | None
    spam_probability: float
    threshold: float
    label: str
    decided_by: str
    key_id: str | None
    model_version: str
    queue_ms: float
    inference_ms: float
    subject: str | None
    body: str | None


@dataclass(frozen=True, slots=True)
class SortEntry:
    """A row of `sorts`, to be written: see app.tables.SortRow."""

    id: str
    created_at: datetime
    request_id: str
    numbers_hash: str
    count: int
    descending: bool
    exact: bool
    first_break: int | None
    key_id: str | None
    model_version: str
    queue_ms: float
    inference_ms: float
    numbers: str | None


Entry = LogEntry | SortEntry
_TABLES: dict[type[Entry], type[Base]] = {LogEntry: RequestRow, SortEntry: SortRow}
_COLUMNS = {kind: tuple(field.name for field in fields(kind)) for kind in _TABLES}


def new_id() -> str:
    """A UUID version 7 (RFC 9562, 5.7) in hexadecimal: ids made later sort later."""
    stamp = (time.time_ns() // 1_000_000).to_bytes(6, "big")
    tail = bytearray(secrets.token_bytes(10))
    tail[0] = 0x70 | tail[0] & 0x0F  # version
    tail[2] = 0x80 | tail[2] & 0x3F  # variant
    return (stamp + tail).hex()


def write_entries(cursor: DBAPICursor, dialect: Dialect, entries: Sequence[Entry]) -> list[Entry]:
    """Insert the entries, each into its table, and give them back as they were written; the caller
    commits. A message that was corrected has the label of its correction. Raises the driver's
    errors."""
    entries = _corrected(cursor, dialect, entries)
    for kind in _TABLES:
        chosen = [entry for entry in entries if isinstance(entry, kind)]
        if chosen:
            insertion = _insertion(_TABLES[kind], _COLUMNS[kind], dialect)
            cursor.executemany(insertion.sql, [insertion.row(entry) for entry in chosen])
    return entries


@dataclass(frozen=True, slots=True)
class _Insertion:
    """A statement as the driver takes it; its columns in order, each with what makes of a value
    what the driver takes, None where it takes it as it is."""

    sql: str
    columns: tuple[tuple[str, Callable[[Any], Any] | None], ...]

    def row(self, entry: Entry) -> tuple[Any, ...]:
        return tuple(
            getattr(entry, name) if bind is None else bind(getattr(entry, name))
            for name, bind in self.columns
        )


@lru_cache(maxsize=16)
def _insertion(table: type[Base], names: tuple[str, ...], dialect: Dialect) -> _Insertion:
    # Compiled once, and handed to the driver: to find a statement among those that SQLAlchemy has
    # compiled, or to make an execution of it, takes longer than to execute it.
    compiled = insert(table).compile(dialect=dialect, column_keys=names)
    binds = {
        name: bind.type.dialect_impl(dialect).bind_processor(dialect)
        for name, bind in compiled.binds.items()
    }
    order = getattr(compiled, "positiontup", None) or names
    return _Insertion(str(compiled), tuple((name, binds[name]) for name in order))


def _corrected(cursor: DBAPICursor, dialect: Dialect, entries: Sequence[Entry]) -> list[Entry]:
    # In the transaction that logs the answer: what is answered is what is logged, and a
    # correction counts from its commit on, in every process.
    hashes = {entry.message_hash for entry in entries if isinstance(entry, LogEntry)}
    labels = corrected_labels(cursor, dialect, hashes) if hashes else {}
    return [
        replace(entry, label=labels[entry.message_hash], decided_by="correction")
        if isinstance(entry, LogEntry) and entry.message_hash in labels
        else entry
        for entry in entries
    ]


async def ping(connection: AsyncConnection) -> None:
    """Raises SQLAlchemyError when the database does not answer."""
    await connection.execute(text("SELECT 1"))
