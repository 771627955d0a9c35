"""The request log of several processes, written by one.

Two processes that write to one SQLite file take turns at its lock, each with a commit for few rows,
and a commit waits for the disk. So those that serve hand their entries to one process that only
writes, over a Unix socket, and what all of them hand in while it commits shares the next commit.
"""

import asyncio
import signal
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from app.database import Database
from app.errors import LogUnavailable
from app.log_writer import LogWriter
from app.metrics import Metrics
from app.repository import Entry
from app.scratch import scratch_folder
from app.settings import Settings

E = TypeVar("E", bound=Entry)

_SIZE = struct.Struct("!I")

# A number for each frame of entries; then, of those that were written otherwise than they were
# handed in, place and entry, or why nothing was written.
_HANDED: TypeAdapter[tuple[int, list[Entry]]] = TypeAdapter(tuple[int, list[Entry]])
_ANSWER: TypeAdapter[tuple[int, dict[int, Entry] | str]] = TypeAdapter(
    tuple[int, dict[int, Entry] | str]
)


@contextmanager
def listening() -> Iterator[socket.socket]:
    """Where the log's process listens: in a folder that only this user can enter."""
    with scratch_folder() as folder, socket.socket(socket.AF_UNIX) as made:
        made.bind(str(Path(folder) / "log"))
        made.listen()
        yield made


class _Frames(asyncio.Protocol):
    """JSON in both directions, each value behind its size in bytes: what comes in is a `reads`."""

    def __init__(
        self, reads: TypeAdapter[Any], received: Callable[[Any], None], lost: Callable[[], None]
    ) -> None:
        self._reads = reads
        self._received = received
        self._lost = lost
        self._data = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._lost()

    def data_received(self, data: bytes) -> None:
        self._data += data
        while len(self._data) >= _SIZE.size:
            end = _SIZE.size + _SIZE.unpack_from(self._data)[0]
            if len(self._data) < end:
                return
            value = self._reads.validate_json(bytes(self._data[_SIZE.size : end]))
            del self._data[:end]
            self._received(value)

    def send(self, written: bytes) -> None:
        """Nothing, once the connection is lost."""
        if self._transport is not None:
            self._transport.write(_SIZE.pack(len(written)) + written)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def serve(settings: Settings, at: socket.socket) -> int:
    """Write what comes in until SIGTERM, and on until the last who hands in has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's, which all of its processes get
    asyncio.run(_serve(settings, at))
    return 0


async def _serve(settings: Settings, at: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    stop, gone = asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    database = Database(settings.database_url)
    # Nobody else needs this process's loop, and what arrives while it waits for the disk is kept.
    writer = LogWriter(database, metrics=Metrics(), alone=lambda: True)
    served: set[_Served] = set()

    def connected() -> _Frames:
        return _Served(writer, served, gone.set).frames

    server = await loop.create_unix_server(connected, sock=at)
    await stop.wait()
    server.close()
    while served:
        gone.clear()
        await gone.wait()
    await writer.aclose()
    await database.aclose()


class _Served:
    """One of those who hand in."""

    def __init__(
        self, writer: LogWriter, all_served: "set[_Served]", gone: Callable[[], None]
    ) -> None:
        self.frames = _Frames(_HANDED, self._received, self._lost)
        self._writer = writer
        self._all = all_served
        self._all.add(self)
        self._gone = gone

    def _lost(self) -> None:
        self._all.discard(self)
        self._gone()

    def _received(self, frame: tuple[int, list[Entry]]) -> None:
        number, entries = frame
        try:
            writing = self._writer.hand_in(entries)
        except LogUnavailable as error:
            self.frames.send(_ANSWER.dump_json((number, str(error))))
            return
        writing.add_done_callback(partial(self._answer, number, entries))

    def _answer(
        self, number: int, entries: Sequence[Entry], writing: "asyncio.Future[list[Entry]]"
    ) -> None:
        """What was written otherwise than it was handed in, by its place; or why nothing was."""
        if (error := writing.exception()) is not None:
            self.frames.send(_ANSWER.dump_json((number, str(error))))
            return
        pairs = enumerate(zip(entries, writing.result(), strict=True))
        other = {place: now for place, (before, now) in pairs if now is not before}
        self.frames.send(_ANSWER.dump_json((number, other)))


_Handed = list[tuple[Entry, "asyncio.Future[Entry]"]]


class RemoteLog:
    """app.log_writer.LogWriter, in another process. What is handed in by one turn of the event loop
    goes over together."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._frames: _Frames | None = None
        self._gathered: _Handed = []
        self._sent: dict[int, _Handed] = {}
        self._number = 0
        self._closed = False
        self._connecting: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        make = partial(_Frames, _ANSWER, self._answered, self._lost)
        _, self._frames = await loop.create_unix_connection(make, self._path)

    async def add(self, entry: E) -> E:
        """As LogWriter's."""
        if self._frames is None or self._closed:
            raise LogUnavailable("The request log takes no entries at present.")
        loop = asyncio.get_running_loop()
        if not self._gathered:
            loop.call_soon(self._send)
        future: asyncio.Future[Entry] = loop.create_future()
        self._gathered.append((entry, future))
        return cast(E, await future)

    async def aclose(self) -> None:
        """Wait for what is handed in, then hang up."""
        waiting = [future for handed in self._sent.values() for _, future in handed]
        waiting += [future for _, future in self._gathered]
        if waiting:
            await asyncio.wait(waiting)
        self._closed = True
        if self._frames is not None:
            self._frames.close()
        if self._connecting is not None:
            self._connecting.cancel()

    def _send(self) -> None:
        handed, self._gathered = self._gathered, []
        if self._frames is None:
            _fail(handed, "The request log takes no entries at present.")
            return
        self._number += 1
        self._sent[self._number] = handed
        frame = self._number, [entry for entry, _ in handed]
        self._frames.send(_HANDED.dump_json(frame))

    def _answered(self, frame: tuple[int, dict[int, Entry] | str]) -> None:
        number, outcome = frame
        handed = self._sent.pop(number)
        if isinstance(outcome, str):
            _fail(handed, outcome)
            return
        for place, (entry, future) in enumerate(handed):
            if not future.done():
                future.set_result(outcome.get(place, entry))

    def _lost(self) -> None:
        """The log's process has ended; another takes its place, at the same address."""
        self._frames = None
        sent, self._sent = self._sent, {}
        for handed in sent.values():
            _fail(handed, "The request log could not be written.")
        if not self._closed:
            self._connecting = asyncio.create_task(self.connect())


def _fail(handed: _Handed, reason: str) -> None:
    for _, future in handed:
        if not future.done():
            future.set_exception(LogUnavailable(reason))
