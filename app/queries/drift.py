"""The newest scores and shares of unknown words."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables import RequestRow

MOST_READ = 5_000


async def newest(
    connection: AsyncConnection, since: datetime, model_version: str
) -> tuple[list[float], list[float]]:
    """Of the newest messages since then that this network answered: probabilities, and shares of
    unknown words where they are known."""
    row = RequestRow
    query = select(row.spam_probability, row.unknown_share).where(
        row.created_at >= since, row.model_version == model_version
    )
    found = await connection.execute(query.order_by(row.created_at.desc()).limit(MOST_READ))
    pairs = found.all()
    return [score for score, _ in pairs], [share for _, share in pairs if share is not None]
