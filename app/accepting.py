"""Which of several processes that listen at one socket takes a connection: one that has the fewest.

Left to the kernel, of eight connections one process may get six, and computes while the other
waits: it shares them out by chance, or gives all to the first that wakes.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from functools import partial
from mmap import mmap

from app.protocol import Protocol

_log = logging.getLogger("hamlet.accepting")

_PAUSE = 0.0005  # seconds for which one that has more leaves a connection to the others
_OUT_OF_FILES = 1.0  # seconds until another try


class Loads:
    """How many connections each process has, in memory that forked processes share."""

    def __init__(self, processes: int) -> None:
        self._counts = memoryview(mmap(-1, 4 * processes)).cast("I")
        self._own = 0

    def begin(self, own: int) -> None:
        """As the process of that number, which has none yet."""
        self._own = own
        self._counts[own] = 0

    def add(self, number: int) -> None:
        self._counts[self._own] += number

    def are_least_here(self) -> bool:
        return self._counts[self._own] <= min(self._counts)


class Acceptor:
    """Takes connections from the socket for protocols that `make` makes, one by one, in a running
    event loop. One with more connections than another takes what is still there after a moment: the
    other may be busy, or dead."""

    def __init__(self, at: socket.socket, make: Callable[[], Protocol], loads: Loads) -> None:
        self._loop = asyncio.get_running_loop()
        self._at = at
        self._make = make
        self._loads = loads
        self._later: asyncio.TimerHandle | None = None
        self._connecting: set[asyncio.Task[None]] = set()
        at.setblocking(False)
        self._loop.add_reader(at, self._ready)

    def stop(self) -> None:
        """What has not been taken is left to others."""
        self._loop.remove_reader(self._at)
        if self._later is not None:
            self._later.cancel()

    def _ready(self) -> None:
        if self._loads.are_least_here():
            self._accept()
        else:
            self._pause(_PAUSE)

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._at)
        self._later = self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._loop.add_reader(self._at, self._ready)
        self._accept()

    def _accept(self) -> None:
        try:
            connection, _ = self._at.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):  # another was first
            return
        except OSError as error:
            _log.error("no connection can be accepted: %s", error.strerror)
            self._pause(_OUT_OF_FILES)
            return
        self._loads.add(1)
        task = self._loop.create_task(self._connect(connection))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        await self._loop.connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> Protocol:
        made = self._make()
        made.lost = partial(self._loads.add, -1)
        return made
