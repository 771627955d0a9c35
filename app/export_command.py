"""python -m app export --feedback FILE: what people corrected, as a corpus for `training`."""

import argparse
import asyncio
import csv
import os
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from app.database import Database
from app.queries import feedback
from app.queries.feedback import Corrected
from app.settings import Settings

_AT_ONCE = 100
_COLUMNS = ("label", "subject", "body", "id", "corrected_at")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of the sub-command `export`."""
    parser.add_argument(
        "--feedback",
        type=Path,
        required=True,
        metavar="FILE",
        help="write the corrected messages whose text was kept, as a CSV that training reads",
    )


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Exit status. The schema must be there. Raises SQLAlchemyError."""
    path: Path = options.feedback
    try:
        written, without_text = asyncio.run(export(settings.database_url, path))
    except OSError as error:
        print(f"hamlet: {path} cannot be written: {error.strerror or error}", file=sys.stderr)
        return 1
    print(f"{written} messages in {path}; of {without_text} no text was kept", file=sys.stderr)
    return 0


async def export(database_url: str, path: Path) -> tuple[int, int]:
    """Write the file in one step; -> how many messages are in it, and how many corrections have no
    text. Raises OSError, SQLAlchemyError: the file is as it was then."""
    database = Database(database_url)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    written = 0
    try:
        # Mails of strangers to whoever runs this: for their eyes only.
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(_COLUMNS)
            async for row in _corrected(database):
                # As it was kept: a cell that a spreadsheet would compute stays what it is.
                values = (row.label, row.subject, row.body, row.entry_id, row.at.isoformat())
                table.writerow(values)
                written += 1
        async with database.read() as connection:
            corrections = await feedback.count(connection)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
        await database.aclose()
    return written, max(corrections - written, 0)


async def _corrected(database: Database) -> AsyncIterator[Corrected]:
    """A page at a time, so that no transaction stays open while the file is written."""
    after = ""
    while True:
        async with database.read() as connection:
            page = await feedback.corrected_texts(connection, after, _AT_ONCE)
        for row in page:
            yield row
        if len(page) < _AT_ONCE:
            return
        after = page[-1].message_hash
