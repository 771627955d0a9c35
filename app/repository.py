"""Every query."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from sqlalchemy import Connection, insert, text
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
_TABLES: tuple[tuple[type[Entry], type[Base]], ...] = (
    (LogEntry, RequestRow),
    (SortEntry, SortRow),
)


def new_id() -> str:
    """A UUID version 7 (RFC 9562, 5.7) in hexadecimal: ids made later sort later."""
    stamp = (time.time_ns() // 1_000_000).to_bytes(6, "big")
    tail = bytearray(secrets.token_bytes(10))
    tail[0] = 0x70 | tail[0] & 0x0F  # version
    tail[2] = 0x80 | tail[2] & 0x3F  # variant
    return (stamp + tail).hex()


async def add_entries(connection: AsyncConnection, entries: Sequence[Entry]) -> list[Entry]:
    """write_entries, in an asynchronous transaction."""
    return await connection.run_sync(write_entries, entries)


def write_entries(connection: Connection, entries: Sequence[Entry]) -> list[Entry]:
    """Insert the entries, each into its table, and give them back as they were written; the caller
    commits. A message that was corrected has the label of its correction."""
    entries = _corrected(connection, entries)
    for kind, row in _TABLES:
        # Not asdict, whose deep copies were a fifth of the service's own time in a batch.
        names = [field.name for field in fields(kind)]
        chosen = [entry for entry in entries if isinstance(entry, kind)]
        if chosen:
            values = [{name: getattr(entry, name) for name in names} for entry in chosen]
            connection.execute(insert(row), values)
    return entries


def _corrected(connection: Connection, entries: Sequence[Entry]) -> list[Entry]:
    # In the transaction that logs the answer: what is answered is what is logged, and a
    # correction counts from its commit on, in every process.
    hashes = {entry.message_hash for entry in entries if isinstance(entry, LogEntry)}
    labels = corrected_labels(connection, hashes) if hashes else {}
    return [
        replace(entry, label=labels[entry.message_hash], decided_by="correction")
        if isinstance(entry, LogEntry) and entry.message_hash in labels
        else entry
        for entry in entries
    ]


async def ping(connection: AsyncConnection) -> None:
    """Raises SQLAlchemyError when the database does not answer."""
    await connection.execute(text("SELECT 1"))
