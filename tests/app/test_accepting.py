"""Two processes at one socket: connections are shared out evenly, and a dead one takes none."""

import asyncio
import multiprocessing
import os
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from app.accepting import Acceptor, Loads
from app.protocol import Protocol

fork = multiprocessing.get_context("fork")


class _Names(Protocol):
    """Says which process has taken the connection."""

    def __init__(self) -> None:  # no server around it
        pass

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"%8d" % os.getpid())

    def data_received(self, data: bytes) -> None:
        pass

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost()


def take(at: socket.socket, loads: Loads, number: int) -> None:
    async def serve() -> None:
        loads.begin(number)
        Acceptor(at, _Names, loads)
        await asyncio.sleep(60)

    asyncio.run(serve())


@pytest.fixture
def pair() -> Iterator[tuple[int, list[int]]]:
    """The port, and the processes behind it."""
    loads = Loads(2)
    with socket.create_server(("127.0.0.1", 0)) as at:
        taking = [fork.Process(target=take, args=(at, loads, number)) for number in range(2)]
        for process in taking:
            process.start()
        yield at.getsockname()[1], [process.pid or 0 for process in taking]
        for process in taking:
            process.kill()
            process.join()


def ask(stack: ExitStack, port: int) -> int:
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), 20))
    return int(connection.recv(8))


def test_each_gets_as_many(pair: tuple[int, list[int]]) -> None:
    port, both = pair
    with ExitStack() as stack:
        for _ in both:  # once both are there
            while len({ask(stack, port) for _ in range(2)}) < 2:
                pass
        before = Counter(ask(stack, port) for _ in range(40))
    # One that is held up for a moment is not waited for: on a busy machine some go astray.
    assert sum(before.values()) == 40
    assert min(before[number] for number in both) >= 15


def test_one_that_is_dead_is_not_waited_for(pair: tuple[int, list[int]]) -> None:
    port, (dead, alive) = pair
    with ExitStack() as stack:
        while alive not in {ask(stack, port) for _ in range(2)}:
            pass
        os.kill(dead, signal.SIGKILL)
        assert [ask(stack, port) for _ in range(10)] == [alive] * 10
