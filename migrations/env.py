"""Run by alembic: on the connection that app.migrate hands over, or on HAMLET_DATABASE_URL."""

import asyncio

from alembic import context
from sqlalchemy import Connection

from app.database import Database
from app.settings import Settings
from app.tables import Base


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,  # SQLite cannot alter a column in place
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate_by_url() -> None:
    database = Database(Settings().database_url)
    try:
        async with database.write() as connection:
            await connection.run_sync(migrate)
    finally:
        await database.aclose()


connection = context.config.attributes.get("connection")
if connection is None:
    asyncio.run(migrate_by_url())
else:
    migrate(connection)
