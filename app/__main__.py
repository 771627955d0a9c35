"""`python -m app`: migrate the database, load the network, serve. One process, one worker.
`python -m app keys`: the keys of the interface."""

import argparse
import asyncio
import logging
import os
import socket
import sqlite3
import sys
from contextlib import suppress
from typing import Any

import uvicorn
from pydantic import ValidationError
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from app import keys_command, log, migrate
from app.auth import needs_key
from app.classification import Predictor
from app.database import Database
from app.main import create_app
from app.protocol import Protocol
from app.queries.keys import any_valid
from app.secret import SecretError, load_key
from app.settings import PREFIX, Settings, unknown_variables
from model.checkpoint import CheckpointError
from model.predictor import ClassifierPredictor
from model.sorting import SorterPredictor

_log = logging.getLogger("hamlet")


class StartupError(Exception):
    """The service cannot start; the message is for the operator."""


class _Server(uvicorn.Server):
    """Says where it listens once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in sockets or ():
            url = _url(listening)
            _log.info("listening on %s; try:", url)
            _log.info(
                "  curl -H 'Content-Type: application/json' -d '%s' %s/classify",
                '{"text": "You have won a prize, click here"}',
                url,
            )


def main() -> int:
    """Exit status 0 after a stop that was asked for, 1 when the service cannot start."""
    options = _parser().parse_args()
    log.begin()
    for name in unknown_variables(os.environ):
        _log.warning("%s is no setting of this version", name)
    try:
        settings = _settings()
        log.use(settings.log_format)
        _prepare_database(settings)
        return int(options.command(settings, options))
    except StartupError as error:
        print(f"hamlet: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    description = "Settings are environment variables, HAMLET_*: see docs/settings.md."
    parser = argparse.ArgumentParser(prog="python -m app", description=description)
    parser.set_defaults(command=_serve)
    commands = parser.add_subparsers(metavar="command")
    commands.add_parser("serve", help="what it does without a command")
    keys = commands.add_parser("keys", help="make, list and revoke API keys")
    keys_command.add_arguments(keys)
    keys.set_defaults(command=keys_command.run)
    return parser


def _serve(settings: Settings, _: argparse.Namespace) -> int:
    _check_keys(settings)
    return serve(settings)


def serve(settings: Settings, predictor: Predictor[Any] | None = None) -> int:
    """Serve the predictor, or the checkpoint of the settings, and the sorter, until SIGINT or
    SIGTERM; by the latter the process ends, after its requests, as one that was terminated.

    The schema must be there. Raises StartupError.
    """
    with _listen(settings) as listening:
        config = uvicorn.Config(
            create_app(settings, predictor or _load(settings), _load_sorter(settings)),
            http=Protocol,
            ws="none",
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies or "",
            log_config=None,
            log_level="warning",
            timeout_graceful_shutdown=8,
        )
        server = _Server(config)
        with suppress(KeyboardInterrupt):  # uvicorn raises the signal again once it has stopped
            server.run(sockets=[listening])
    return 0 if server.started else 1


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        faults = (f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise StartupError("; ".join(faults)) from None


def _prepare_database(settings: Settings) -> None:
    """Open the database and the key of the log, and bring the schema up to date."""
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


def _check_keys(settings: Settings) -> None:
    """Nobody listens where strangers call without a way to tell them apart."""
    if needs_key(settings) and not asyncio.run(_has_key(settings)):
        raise StartupError(
            f"callers at {settings.host} need an API key, and there is none; make one with "
            "`python -m app keys create NAME`, or let everybody in with HAMLET_REQUIRE_KEY=never"
        )


async def _has_key(settings: Settings) -> bool:
    database = Database(settings.database_url)
    try:
        async with database.read() as connection:
            return await any_valid(connection)
    finally:
        await database.aclose()


async def _migrate(settings: Settings) -> None:
    database = Database(settings.database_url)
    try:
        await migrate.upgrade(database)
    finally:
        await database.aclose()


def _load(settings: Settings) -> Predictor[Any]:
    try:
        return ClassifierPredictor.load(settings.model_dir, settings.device)
    except CheckpointError as error:
        raise StartupError(f"the checkpoint is refused: {error}") from None
    except (RuntimeError, AssertionError) as error:  # torch, of a device that is not there
        reason = str(error).splitlines()[0]
        raise StartupError(f"the network does not run on {settings.device}: {reason}") from None


def _load_sorter(settings: Settings) -> SorterPredictor:
    try:
        return SorterPredictor.load(settings.sorter_dir)
    except CheckpointError as error:
        raise StartupError(f"the sorter's checkpoint is refused: {error}") from None


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        where = f"{settings.host} port {settings.port}"
        raise StartupError(f"cannot listen on {where}: {error.strerror or error}") from None


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


if __name__ == "__main__":
    sys.exit(main())
