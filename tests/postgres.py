"""A private PostgreSQL from the server binaries that Debian ships, for as long as the tests run."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from app import migrate
from app.database import Database

_TEMPLATE = "migrated"


def binaries() -> Path | None:
    """Where `initdb` and `postgres` are; the newest."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    path = shutil.which("initdb")
    return Path(path).resolve().parent if path else None


class Server:
    """One running server. Each database is a copy of one that was migrated once."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._numbers = count()
        self._run(f'CREATE DATABASE "{_TEMPLATE}"')
        asyncio.run(_migrate(self._url(_TEMPLATE)))

    def new_database(self) -> str:
        """The URL of a fresh database with the newest schema."""
        name = f"test{next(self._numbers)}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{_TEMPLATE}"')
        return self._url(name)

    def empty_database(self) -> str:
        name = f"test{next(self._numbers)}"
        self._run(f'CREATE DATABASE "{name}"')
        return self._url(name)

    def _url(self, name: str) -> str:
        return f"postgresql+asyncpg://hamlet@127.0.0.1:{self._port}/{name}"

    def _run(self, statement: str) -> None:
        async def run() -> None:
            url = make_url(self._url("postgres")).set(drivername="postgresql")
            connection = await asyncpg.connect(url.render_as_string())
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(run())


async def _migrate(url: str) -> None:
    database = Database(url)
    await migrate.upgrade(database)
    await database.aclose()


@contextmanager
def running(binaries: Path, folder: Path) -> Iterator[Server]:
    """Start a server whose data lie below `folder`, and stop it. It refuses to run as root, so that
    the user whom its package made runs it then."""
    as_whom: list[str] = []
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        as_whom = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    data = str(folder / "data")
    initdb = [*as_whom, str(binaries / "initdb"), "-D", data, "--no-sync", "-E", "UTF8"]
    initdb += ["-U", "hamlet", "-A", "trust"]
    subprocess.run(initdb, check=True, capture_output=True, cwd="/")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # No fsync: these tests kill services, never the machine.
    options = ["-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", "", "-F"]
    with (folder / "log").open("wb") as log:
        command = [*as_whom, str(binaries / "postgres"), "-D", data, *options]
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
    try:
        _wait(port, process)
        yield Server(port)
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    async def answers() -> None:
        async with asyncio.timeout(60):
            while process.poll() is None:
                try:
                    url = f"postgresql://hamlet@127.0.0.1:{port}/postgres"
                    await (await asyncpg.connect(url)).close()
                    return
                except (OSError, asyncpg.PostgresError):
                    await asyncio.sleep(0.1)
        raise RuntimeError("PostgreSQL did not start")

    asyncio.run(answers())
