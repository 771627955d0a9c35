"""python -m app keys: make, list and revoke the keys of the interface."""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import SCOPES, make_key
from app.database import Database
from app.queries import keys
from app.queries.keys import Key
from app.secret import load_key
from app.settings import Settings

R = TypeVar("R")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of the sub-command `keys`."""
    actions = parser.add_subparsers(required=True, metavar="action")
    create = actions.add_parser("create", help="make a key and print it, this once")
    create.add_argument("name", help="what it is for, e.g. 'mail server'")
    create.add_argument(
        "--scope",
        action="append",
        choices=SCOPES,
        help="what it may; may be repeated (default: classify)",
    )
    create.set_defaults(action=_create)
    show = actions.add_parser("list", help="all keys, without their secrets")
    show.set_defaults(action=_list)
    revoke = actions.add_parser("revoke", help="a key works no more, within seconds")
    revoke.add_argument("id", help="as `list` shows it")
    revoke.set_defaults(action=_revoke)
    for action in (create, show):
        action.add_argument("--json", action="store_true", help="for machines")


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Exit status. The schema must be there. Raises SQLAlchemyError, SecretError."""
    status: int = options.action(settings, options)
    return status


def _create(settings: Settings, options: argparse.Namespace) -> int:
    row, key = make_key(options.name[:200], options.scope or ["classify"], load_key(settings))
    _write(settings, lambda connection: keys.add(connection, row))
    if options.json:
        print(json.dumps({**_public(row), "key": key}))
    else:
        print(key)
        print(f"Key {row.id} may {row.scopes}. It is shown this once; keep it.", file=sys.stderr)
    return 0


def _list(settings: Settings, options: argparse.Namespace) -> int:
    found = [_public(key) for key in _write(settings, keys.every)]
    if options.json:
        print(json.dumps(found))
        return 0
    rows = [tuple(key.values()) for key in found]
    rows.insert(0, ("id", "name", "scopes", "created", "revoked"))
    widths = [max(len(str(row[column])) for row in rows) for column in range(5)]
    for row in rows:
        cells = (str(cell or "").ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
    return 0


def _revoke(settings: Settings, options: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    if _write(settings, lambda connection: keys.revoke(connection, options.id, now)):
        return 0
    print(f"hamlet: no key {options.id!r} that is valid", file=sys.stderr)
    return 1


def _public(key: Key) -> dict[str, str | None]:
    revoked = key.revoked_at.isoformat(timespec="seconds") if key.revoked_at else None
    created = key.created_at.isoformat(timespec="seconds")
    return {
        "id": key.id,
        "name": key.name,
        "scopes": key.scopes,
        "created": created,
        "revoked": revoked,
    }


def _write(settings: Settings, step: Callable[[AsyncConnection], Awaitable[R]]) -> R:
    async def run() -> R:
        database = Database(settings.database_url)
        try:
            async with database.write() as connection:
                return await step(connection)
        finally:
            await database.aclose()

    return asyncio.run(run())
