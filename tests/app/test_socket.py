"""The service as a process behind a real socket: what only a network can do to it."""

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from app.settings import ROOT
from tests.app.asserts import JSON, NDJSON, assert_problem
from tests.conftest import create_database

post = partial(httpx.post, trust_env=False, timeout=60)


class Server:
    """A running process, its address and what it logs."""

    def __init__(self, database: Path, **settings: str) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HAMLET_DATABASE_URL": f"sqlite+aiosqlite:///{database}",
            "HAMLET_PORT": "0",
            **settings,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.app.serve_double"],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.log: list[str] = []
        for line in self.process.stderr:
            self.log.append(line)
            if listening := re.search(r"listening on (http://\S+);", line):
                break
        else:
            self.process.stderr.close()
            pytest.fail("the server did not start: " + "".join(self.log))
        self.url = listening[1]
        self._reader = threading.Thread(target=self.log.extend, args=(self.process.stderr,))
        self._reader.start()

    def connect(self) -> socket.socket:
        address = urlsplit(self.url)
        return socket.create_connection((address.hostname, address.port), timeout=20)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        status = self.process.wait(20)
        self._reader.join(20)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return status


@contextmanager
def running(database: Path, **settings: str) -> Iterator[Server]:
    server = Server(database, **settings)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop(signal.SIGKILL)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests that leave it running: to start one takes seconds."""
    path = tmp_path_factory.mktemp("server") / "hamlet.db"
    asyncio.run(create_database(path))
    with running(path, HAMLET_BODY_TIMEOUT="1") as server:
        yield server
        assert server.process.poll() is None, server.log
        assert not any("Traceback" in line for line in server.log), server.log


def answer(connection: socket.socket) -> httpx.Response:
    """The next answer on a raw connection, up to its end and no further."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += _received(connection, 1)
    lines = head.decode().split("\r\n")[:-2]
    headers = dict(line.split(": ", 1) for line in lines[1:])
    body = b""
    while len(body) < int(headers["content-length"]):
        body += _received(connection, int(headers["content-length"]) - len(body))
    return httpx.Response(int(lines[0].split()[1]), headers=headers, content=body)


def _received(connection: socket.socket, most: int) -> bytes:
    received = connection.recv(most)
    assert received, "the connection was closed before the end of an answer"
    return received


@pytest.fixture
def unharmed(server: Server) -> Iterator[Server]:
    yield server
    response = post(f"{server.url}/classify", json={"text": "viagra"})
    assert response.json()["label"] == "spam"


def test_fifty_megabytes(unharmed: Server) -> None:
    """Announced, and in chunks of unknown number; the caller gets to read the refusal, though it
    sends everything before it looks."""
    content = json.dumps({"raw": "QUJD" * (50 * 2**20 // 4)}).encode()
    for body in (content, (content[i : i + 2**16] for i in range(0, len(content), 2**16))):
        response = post(f"{unharmed.url}/classify", content=body, headers=JSON)
        assert_problem(response, 413)


def test_a_length_that_promises_too_much(unharmed: Server) -> None:
    with unharmed.connect() as connection:
        connection.sendall(
            b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b'Content-Length: 1000\r\n\r\n{"text": "hello"}'
        )
        assert_problem(answer(connection), 408)


def test_a_length_that_promises_too_little(unharmed: Server) -> None:
    with unharmed.connect() as connection:
        connection.sendall(
            b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b'Content-Length: 5\r\n\r\n{"text": "hello"}'
        )
        assert_problem(answer(connection), 400)


def test_a_caller_that_hangs_up(unharmed: Server) -> None:
    for path, kind in (
        ("/classify", "message/rfc822"),
        ("/classify/batch", NDJSON["content-type"]),
    ):
        with unharmed.connect() as connection:
            connection.sendall(
                f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
                'Content-Length: 100000\r\n\r\n{"text": "hello"}\n'.encode()
            )


def test_two_lengths(unharmed: Server) -> None:
    """Request smuggling: refused by the parser, before there is a request to answer."""
    with unharmed.connect() as connection:
        connection.sendall(
            b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        )
        assert_problem(answer(connection), 400)


def test_a_stream_is_answered_line_by_line_while_it_is_sent(server: Server) -> None:
    def chunk(data: bytes) -> bytes:
        return b"%x\r\n%s\r\n" % (len(data), data)

    with server.connect() as connection, connection.makefile("rb") as incoming:
        connection.sendall(
            b"POST /classify/batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/x-ndjson\r\n\r\n"
        )
        for number, text in enumerate(("viagra", "lunch", "viagra")):
            connection.sendall(chunk(json.dumps({"text": text}).encode() + b"\n"))
            if number == 0:
                assert incoming.readline() == b"HTTP/1.1 200 OK\r\n"
                while incoming.readline() != b"\r\n":
                    pass
            incoming.readline()  # the length of the chunk
            label = json.loads(incoming.readline())["label"]
            assert label == ("spam" if text == "viagra" else "ham")
            incoming.readline()
        connection.sendall(chunk(b""))
        assert incoming.readline() == b"0\r\n"


def test_a_long_stream_through_a_client_that_sends_first(server: Server) -> None:
    lines = b"".join(b'{"text": "viagra %d"}\n' % n for n in range(3000))
    response = post(f"{server.url}/classify/batch", content=lines, headers=NDJSON)
    results = [json.loads(line) for line in response.text.splitlines()]
    assert [result["label"] for result in results] == ["spam"] * 3000


def test_what_was_answered_survives_kill_9(database_path: Path) -> None:
    with running(database_path) as server:
        answered = set()
        stream = b"".join(b'{"text": "message %d"}\n' % n for n in range(5000))

        with (
            server.connect() as connection,
            connection.makefile("rb") as incoming,
        ):
            connection.sendall(
                b"POST /classify/batch HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"
                b"Content-Type: application/x-ndjson\r\n\r\n" % len(stream)
            )
            sender = threading.Thread(target=send_all, args=(connection, stream))
            sender.start()
            for line in incoming:
                if line.startswith(b"{"):
                    answered.add(json.loads(line)["id"])
                if len(answered) == 500:
                    server.stop(signal.SIGKILL)
                    break
            sender.join(20)
        with sqlite3.connect(database_path) as connection_:
            logged = {row[0] for row in connection_.execute("SELECT id FROM requests")}
        connection_.close()
    assert len(answered) == 500
    assert answered <= logged


def send_all(connection: socket.socket, data: bytes) -> None:
    with suppress(OSError):  # the server is killed meanwhile
        connection.sendall(data)


def start_for_real(**settings: str) -> subprocess.CompletedProcess[str]:
    """`python -m app` until it gives up."""
    return subprocess.run(
        [sys.executable, "-m", "app"],
        env={**os.environ, "PYTHONPATH": str(ROOT), **settings},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_taken_port_is_said_and_stopping_is_clean(database_path: Path) -> None:
    with running(database_path) as server:
        port = str(urlsplit(server.url).port)
        url = f"sqlite+aiosqlite:///{database_path}"
        second = start_for_real(HAMLET_PORT=port, HAMLET_DATABASE_URL=url)
        assert second.returncode == 1
        said = rf"hamlet: cannot listen on 127\.0\.0\.1 port {port}: .*\n"
        assert re.fullmatch(said, second.stderr)
        assert server.stop(signal.SIGINT) == 0
        assert any("curl" in line for line in server.log)
        assert not any("Traceback" in line for line in server.log)


def test_a_checkpoint_that_is_refused_is_said(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hamlet.db'}"
    refused = start_for_real(
        HAMLET_PORT="0", HAMLET_MODEL_DIR=str(tmp_path), HAMLET_DATABASE_URL=url
    )
    assert refused.returncode == 1
    assert refused.stderr == f"hamlet: the checkpoint is refused: {tmp_path} has no config.json\n"


def test_a_database_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'nowhere' / 'hamlet.db'}"
    refused = start_for_real(HAMLET_PORT="0", HAMLET_DATABASE_URL=url)
    assert refused.returncode == 1
    reason = "unable to open database file"
    assert refused.stderr == (
        f"hamlet: the database of HAMLET_DATABASE_URL cannot be opened: {reason}\n"
    )
