"""The alembic migrations, run from code."""

from collections.abc import Callable

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.database import Database
from app.settings import ROOT

_LOCK = 0x48616D6C6574  # any number that is nobody else's: "Hamlet"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def upgrade(database: Database) -> None:
    """Bring the schema to the newest revision, in one transaction. Raises SQLAlchemyError."""
    async with database.write() as connection:
        if connection.dialect.name == "postgresql":
            # Of services that start together the first migrates; SQLite's lock is one already.
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        await connection.run_sync(_run(command.upgrade))


def _run(step: Callable[[Config, str], None]) -> Callable[[Connection], None]:
    return lambda connection: step(_config(connection), "head")


def head() -> str | None:
    """The newest revision there is."""
    return ScriptDirectory.from_config(_config()).get_current_head()


async def current(database: Database) -> str | None:
    """The revision that the database has; None before the first. Raises SQLAlchemyError."""
    async with database.read() as connection:
        return await connection.run_sync(
            lambda sync: MigrationContext.configure(sync).get_current_revision()
        )
