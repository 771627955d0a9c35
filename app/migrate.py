"""The alembic migrations, run from code. Alembic itself, a tenth of a second to import, is needed
only where there is something to migrate."""

from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from app.database import Database
from app.settings import ROOT

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = 0x48616D6C6574  # any number that is nobody else's: "Hamlet"


async def upgrade(database: Database) -> None:
    """Bring the schema to the newest revision, in one transaction. Raises SQLAlchemyError."""
    async with database.write() as connection:
        if connection.dialect.name == "postgresql":
            # Of services that start together the first migrates; SQLite's lock is one already.
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        if await connection.run_sync(_revision) != head():
            await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    from alembic import command

    command.upgrade(_config(connection), "head")


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The newest revision there is: they are numbered, and their files' names begin with it."""
    versions = (ROOT / "migrations" / "versions").glob("[0-9]*.py")
    return max(file.stem.partition("_")[0] for file in versions)


async def current(database: Database) -> str | None:
    """The revision that the database has; None before the first. Raises SQLAlchemyError."""
    async with database.read() as connection:
        return await connection.run_sync(_revision)


def _revision(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found
