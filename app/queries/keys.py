"""Keys of the interface: made, listed, looked up, revoked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables import KeyRow


@dataclass(frozen=True, slots=True)
class Key:
    """A row of `keys`: see app.tables.KeyRow."""

    id: str
    name: str
    scopes: str
    key_hash: str
    created_at: datetime
    revoked_at: datetime | None


_COLUMNS = tuple(getattr(KeyRow, name) for name in Key.__slots__)


async def add(connection: AsyncConnection, key: Key) -> None:
    """The caller commits."""
    values = {name: getattr(key, name) for name in Key.__slots__}
    await connection.execute(insert(KeyRow).values(**values))


async def find(connection: AsyncConnection, key_id: str) -> Key | None:
    rows = await connection.execute(select(*_COLUMNS).where(KeyRow.id == key_id))
    row = rows.one_or_none()
    return Key(*row) if row else None


async def every(connection: AsyncConnection) -> Sequence[Key]:
    """The revoked ones too, the oldest first."""
    rows = await connection.execute(select(*_COLUMNS).order_by(KeyRow.created_at))
    return [Key(*row) for row in rows]


async def any_valid(connection: AsyncConnection) -> bool:
    found = await connection.scalar(select(KeyRow.id).where(KeyRow.revoked_at.is_(None)).limit(1))
    return found is not None


async def revoke(connection: AsyncConnection, key_id: str, at: datetime) -> bool:
    """False: there is no such key, or it is revoked already. The caller commits."""
    query = update(KeyRow).where(KeyRow.id == key_id, KeyRow.revoked_at.is_(None))
    changed = await connection.execute(query.values(revoked_at=at))
    return bool(changed.rowcount)
