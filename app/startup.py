"""What every command does first: read the settings, open the database, bring its schema up to date.
Quick to import: no network is loaded here."""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from app import migrate
from app.database import Database
from app.scratch import scratch_folder
from app.secret import SecretError, load_key
from app.settings import PREFIX, Settings


class StartupError(Exception):
    """The service cannot start; the message is for the operator."""


def read_settings() -> Settings:
    """Raises StartupError."""
    try:
        return Settings()
    except ValidationError as error:
        faults = (f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise StartupError("; ".join(faults)) from None


def prepare_database(settings: Settings) -> None:
    """Open the database and the key of the log, and bring the schema up to date. Raises
    StartupError."""
    try:
        url = make_url(settings.database_url)
        if url.get_backend_name() == "sqlite" and url.database:
            # aiosqlite leaves a thread behind when it cannot open a file, and that one complains.
            sqlite3.connect(url.database).close()
        asyncio.run(_migrate(settings))
        load_key(settings)
    except SecretError as error:
        raise StartupError(str(error)) from None
    except (SQLAlchemyError, sqlite3.Error, OSError, ImportError) as error:
        reason = getattr(error, "orig", None) or error
        raise StartupError(
            f"the database of HAMLET_DATABASE_URL cannot be opened: {reason}"
        ) from None


@contextmanager
def counted_together(processes: int) -> Iterator[None]:
    """Give several processes a folder in which Prometheus' client adds up what they measure. It
    looks for the folder's name when it is imported."""
    if processes == 1:
        yield
        return
    with scratch_folder() as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


async def _migrate(settings: Settings) -> None:
    database = Database(settings.database_url)
    try:
        await migrate.upgrade(database)
    finally:
        await database.aclose()
