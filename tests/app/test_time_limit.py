"""How long a request may take."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
from starlette.responses import StreamingResponse

from app.time_limit import TimeLimit
from tests.app.asserts import NDJSON, assert_problem
from tests.app.double import WordCounter
from tests.app.test_keys import TEXT
from tests.app.test_socket import running
from tests.conftest import Serve


def test_an_answer_that_does_not_come_is_given_up(serve: Serve) -> None:
    network = WordCounter()
    network.go.clear()

    async def scenario() -> None:
        async with serve(network, request_timeout=0.2) as client:
            try:
                late = await client.post("/classify", json=TEXT)
            finally:
                network.go.set()
            assert "0.2 seconds" in assert_problem(late, 503)["detail"]
            assert late.headers["retry-after"]

    asyncio.run(scenario())


def test_a_body_that_drips_is_given_up(database_path: Path) -> None:
    """Each piece is in time, and the whole would take for ever."""
    settings = {"HAMLET_REQUEST_TIMEOUT": "0.5", "HAMLET_BODY_TIMEOUT": "20"}

    with running(database_path, **settings) as server, server.connect() as connection:
        connection.sendall(
            b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        connection.settimeout(0.05)
        assert drip_until_answered(connection).startswith(b"HTTP/1.1 408 ")


def drip_until_answered(connection: socket.socket) -> bytes:
    for _ in range(400):
        connection.sendall(b"1\r\n \r\n")
        with suppress(TimeoutError):
            return connection.recv(4096)
    return b""


def test_a_stream_of_lines_may_take_its_time(serve: Serve) -> None:
    async def lines() -> AsyncIterator[bytes]:
        for number in range(3):
            await asyncio.sleep(0.15)
            yield b'{"text": "viagra %d"}\n' % number

    async def scenario() -> None:
        async with serve(request_timeout=0.1) as client:
            answer = await client.post("/classify/batch", content=lines(), headers=NDJSON)
            assert [json.loads(line)["label"] for line in answer.text.splitlines()] == ["spam"] * 3

    asyncio.run(scenario())


def test_what_has_begun_may_take_its_time() -> None:
    async def pieces() -> AsyncIterator[str]:
        for piece in ("one", "two"):
            yield piece
            await asyncio.sleep(0.15)

    async def scenario() -> None:
        app = TimeLimit(StreamingResponse(pieces()), seconds=0.1)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            assert (await client.get("http://test/")).text == "onetwo"

    asyncio.run(scenario())
