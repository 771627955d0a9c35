"""One request too many, over real connections: refused before its body is there, and the connection
stays of use."""

import asyncio
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from app.admission import Entrance
from app.main import create_app
from app.metrics import Metrics
from app.protocol import Protocol
from app.settings import Settings
from tests.app.asserts import assert_problem
from tests.app.test_socket import Server, answer, running
from tests.conftest import create_database

_REFUSED = "hamlet_requests_refused_total "
BODY = b'{"text": "viagra"}'
JSON = {"Content-Type": "application/json"}


def head(method: str = "POST", path: str = "/classify", *more: str, length: int = 0) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *more]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path: Path = tmp_path_factory.mktemp("admission") / "hamlet.db"
    asyncio.run(create_database(path))
    with running(path, HAMLET_MAX_REQUESTS="1") as server:
        yield server
        assert not any("Traceback" in line for line in server.log), server.log


def test_it_is_refused_at_its_headers_and_answered_later(server: Server) -> None:
    with server.connect() as slow, server.connect() as other:
        slow.sendall(head(length=len(BODY)))
        time.sleep(0.2)
        other.sendall(head("POST", "/classify", "X-Request-ID: mine", length=70_000))
        refused = answer(other)
        assert_problem(refused, 503)
        other.sendall(b" " * 70_000)
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["x-request-id"] == refused.json()["request_id"] == "mine"
        for _ in range(3):
            other.sendall(head(length=len(BODY)) + BODY)
            assert_problem(answer(other), 503)
        assert httpx.get(f"{server.url}/health/ready", trust_env=False).status_code == 200
        slow.sendall(BODY)
        assert answer(slow).json()["label"] == "spam"
        other.sendall(head(length=len(BODY)) + BODY)
        assert answer(other).json()["label"] == "spam"


WHOLE = head(length=len(BODY)) + BODY
CHUNKED = head("POST", "/classify", "Transfer-Encoding: chunked").replace(
    b"Content-Length: 0\r\n", b""
)


@pytest.mark.parametrize(
    ("pieces", "refusals"),
    [
        pytest.param([WHOLE], 1, id="whole"),
        pytest.param([head("POST", "/nowhere")], 1, id="no body"),
        pytest.param([2 * WHOLE], 2, id="two at once"),
        pytest.param([head(length=len(BODY)), BODY], 1, id="body later"),
        pytest.param([WHOLE[:20], WHOLE[20:]], 1, id="cut"),
        pytest.param([WHOLE[:-5], WHOLE[-5:]], 1, id="body cut"),
        pytest.param(
            [head(length=9), head(length=0)[:9], WHOLE],
            2,
            id="a body that looks like a request",
        ),
        pytest.param([CHUNKED + b"3\r\n{} \r\n0\r\n\r\n"], 1, id="chunked"),
    ],
)
def test_however_it_is_sent_it_is_refused_once_and_the_connection_stays(
    server: Server, pieces: list[bytes], refusals: int
) -> None:
    with server.connect() as slow, server.connect() as other:
        slow.sendall(head(length=len(BODY)))
        time.sleep(0.1)
        for piece in pieces:
            other.sendall(piece)
            time.sleep(0.05)
        for _ in range(refusals):
            assert_problem(answer(other), 503)
        slow.sendall(BODY)
        assert answer(slow).status_code == 200
        other.sendall(head(length=len(BODY)) + BODY)
        assert answer(other).json()["label"] == "spam"


def _send_on(connection: socket.socket, times: int) -> None:
    for _ in range(times):
        connection.sendall(WHOLE)


def test_who_reads_no_refusal_is_dropped(server: Server) -> None:
    with server.connect() as slow, server.connect() as deaf:
        slow.sendall(head(length=len(BODY)))
        time.sleep(0.1)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            _send_on(deaf, 5_000_000)  # more than the kernel's buffers hold, however far behind
        slow.sendall(BODY)
        assert answer(slow).status_code == 200


def test_whoever_hangs_up_then_is_let_go(server: Server) -> None:
    with server.connect() as slow, server.connect() as other:
        slow.sendall(head(length=len(BODY)))
        time.sleep(0.2)
        other.sendall(head("POST", "/classify", "Connection: close", length=len(BODY)) + BODY)
        refused = answer(other)
        assert_problem(refused, 503)
        assert refused.headers["connection"] == "close"
        assert other.recv(1) == b""
        slow.sendall(BODY)
        assert answer(slow).status_code == 200


def test_who_sends_the_next_before_the_answer_is_answered_in_order(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(2 * (head(length=len(BODY)) + BODY))
        received = b""
        while received.count(b'"label"') + received.count(b'"title"') < 2:
            received += connection.recv(65536)
        assert received.startswith(b"HTTP/1.1 200 OK")
        assert received.count(b"HTTP/1.1 ") == 2


def test_of_many_that_come_at_once_one_takes_the_place_and_gives_it_back(server: Server) -> None:
    for _ in range(3):
        connections = [server.connect() for _ in range(20)]
        for connection in connections:
            connection.sendall(WHOLE)
        answers = [answer(connection) for connection in connections]
        for connection in connections:
            connection.close()
        assert {answered.status_code for answered in answers} == {200, 503}
    url = f"{server.url}/classify"
    assert httpx.post(url, content=BODY, headers=JSON, trust_env=False).status_code == 200


def test_who_is_refused_again_and_again_is_hung_up_on_only_when_silent() -> None:
    """For longer than a connection is kept that nothing comes on: a second here."""

    async def refused(request: bytes) -> tuple[list[bytes], float]:
        config = Config(create_app(Settings()), timeout_keep_alive=1, log_config=None)
        config.load()
        loop = asyncio.get_running_loop()
        state = ServerState()
        entrance = Entrance(0, Metrics())
        server = await loop.create_server(
            lambda: Protocol(config, state, {"entrance": entrance}), "127.0.0.1"
        )
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            answers = []
            for _ in range(4):
                writer.write(request)
                answers.append(await reader.readuntil(b"}"))
                await asyncio.sleep(0.5)
            began = loop.time()
            assert await reader.read() == b""
            writer.close()
            return answers, loop.time() - began

    answers, silent = asyncio.run(refused(WHOLE))
    assert all(answered.startswith(b"HTTP/1.1 503 ") for answered in answers)
    assert 0 < silent < 5


def test_every_refusal_has_a_name_of_its_own_and_all_are_counted(server: Server) -> None:
    def counted() -> float:
        text = httpx.get(f"{server.url}/metrics", trust_env=False).text
        (line,) = (line for line in text.splitlines() if line.startswith(_REFUSED))
        return float(line.removeprefix(_REFUSED))

    before = counted()
    with server.connect() as slow, server.connect() as other:
        slow.sendall(head(length=len(BODY)))
        time.sleep(0.1)
        names = []
        for times in (1, 1, 1, 5, 1):
            other.sendall(times * WHOLE)
            for _ in range(times):
                refused = answer(other)
                assert refused.headers["x-request-id"] == refused.json()["request_id"]
                names.append(refused.json()["request_id"])
        slow.sendall(BODY)
        assert answer(slow).status_code == 200
    assert len(set(names)) == 9
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in names)
    assert counted() - before == 9


def test_who_has_arrived_takes_a_place_before_it_runs() -> None:
    async def arrive() -> list[bool]:
        entrance = Entrance(1, Metrics())
        entrance.arrived(asyncio.get_running_loop())
        full = [entrance.is_full(), entrance.is_overfull()]
        await asyncio.sleep(0)
        return [*full, entrance.is_full()]

    assert asyncio.run(arrive()) == [True, False, False]
