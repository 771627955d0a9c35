"""GET /health/live and /health/ready, for machines."""

import asyncio

from fastapi import APIRouter

from app import migrate
from app.database import DATABASE_ERRORS, Database
from app.dependencies import SchemaHead, Storage
from app.errors import NotReady
from app.openapi import problems
from app.repository import ping
from app.schemas import Status

router = APIRouter(prefix="/health", tags=["health"])

_PATIENCE = 5.0  # seconds that the database may take to answer a probe


@router.get("/live")
async def live() -> Status:
    """The process answers. When this fails, restart it."""
    return Status(status="alive")


@router.get("/ready", responses=problems(503))
async def ready(database: Storage, schema_head: SchemaHead) -> Status:
    """The network is loaded, the database answers and its schema is the newest: send requests.

    The lifespan does not begin before the network is loaded, so no question is left about that.
    """
    try:
        async with asyncio.timeout(_PATIENCE):
            revision = await _revision(database)
    except DATABASE_ERRORS:
        raise NotReady("The database does not answer.") from None
    if revision != schema_head:
        raise NotReady(f"The schema is at {revision}, not at {schema_head}: run the migrations.")
    return Status(status="ready")


async def _revision(database: Database) -> str | None:
    async with database.read() as connection:
        await ping(connection)
    return await migrate.current(database)
