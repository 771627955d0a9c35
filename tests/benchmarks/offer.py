"""Offers mails at a rate, whatever becomes of them: the load of an overload, as a process alone.

    python -m tests.benchmarks.offer PORT PATH --rate 9000 --seconds 60 --connections 1000 --mails M

The connections are there before it begins, so that what is measured is the service and not how the
kernel queues those who knock all at once. A request that no connection is free for is counted as
not sent; the time of any other runs from the moment that it was due. Prints two lines of JSON: one
as soon as the last request is out, with the time; and what became of them all.
"""

import argparse
import asyncio
import json
import random
import resource
import time
from collections import Counter
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from typing import cast

import uvloop

from tests.benchmarks.load import percentile
from tests.benchmarks.servers import RFC822

_TICK = 0.002  # seconds between two looks at what is due
_PATIENCE = 30.0  # for the last answers
_AT_A_TIME = 50  # connections that are opened together


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the requests. `accepted` were answered with 200, `within` of them before the
    last one was offered, `refused` with 503; times are in seconds. `processor`: how many cores this
    process took while it offered."""

    offered: int
    not_sent: int
    broken: int
    accepted: int
    within: int
    refused: int
    without_retry_after: int
    others: int
    seconds: float
    connections: int
    accepted_p50: float
    accepted_p99: float
    refused_p50: float
    refused_p99: float
    processor: float


class _Connection(asyncio.Protocol):
    """One connection, and the one request that is on it."""

    def __init__(self, offer: "Offer", request: bytes | None = None, due: float = 0.0) -> None:
        self._offer, self._due, self._got = offer, due, b""
        self._request = request
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        if self._request is not None:
            self._transport.write(self._request)
        else:
            self._offer.idle.append(self)

    def send(self, request: bytes, due: float) -> None:
        assert self._transport is not None
        self._request, self._due = request, due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, there, body = self._got.partition(b"\r\n\r\n")
        if not there or self._request is None:
            return
        head = head.lower()
        _, _, length = head.partition(b"content-length:")
        if len(body) < int(length.split(b"\r\n", 1)[0]):
            return
        self._got, self._request = b"", None
        self._offer.answered(head, self._due)
        if b"connection: close" in head:
            assert self._transport is not None
            self._transport.close()
        else:
            self._offer.idle.append(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._offer.lost(self, busy=self._request is not None)


class Offer:
    """The connections and what they came to."""

    def __init__(self, port: int, requests: list[bytes], most: int) -> None:
        self.idle: list[_Connection] = []
        self._port, self._most = port, most
        self._requests = cycle(requests)
        self._chance = random.Random(1)
        self._open = self._opened = self._busy = 0
        self._counts: Counter[str] = Counter()
        self._accepted: list[tuple[float, float]] = []  # when, and how long it took
        self._refused: list[float] = []
        self._connecting: set[asyncio.Task[None]] = set()
        self._processor = 0.0  # seconds

    async def connect(self) -> None:
        """Open all connections. Raises OSError."""
        while self._open < self._most:
            few = range(min(_AT_A_TIME, self._most - self._open))
            self._open += len(few)
            self._opened += len(few)
            await asyncio.gather(*(self._connect(_Connection(self)) for _ in few))

    async def run(self, rate: float, seconds: float) -> tuple[float, float]:
        """Offer; when it began and when it ended."""
        before = time.process_time()
        began = now = time.monotonic()
        while now < began + seconds:
            for _ in range(int((now - began) * rate) - self._counts["offered"]):
                self._offer(now)
            await asyncio.sleep(_TICK)
            now = time.monotonic()
        self._processor = time.process_time() - before
        return began, now

    async def finish(self) -> None:
        """Wait for what is not answered yet."""
        end = time.monotonic() + _PATIENCE
        while self._busy and time.monotonic() < end:
            await asyncio.sleep(0.01)

    def outcome(self, began: float, ended: float) -> Outcome:
        took = [seconds for _, seconds in self._accepted] or [0.0]
        refused = self._refused or [0.0]
        return Outcome(
            offered=self._counts["offered"],
            not_sent=self._counts["not sent"],
            broken=self._counts["broken"] + self._busy,
            accepted=len(self._accepted),
            within=sum(when <= ended for when, _ in self._accepted),
            refused=len(self._refused),
            without_retry_after=self._counts["without Retry-After"],
            others=self._counts["others"],
            seconds=ended - began,
            connections=self._opened,
            accepted_p50=percentile(took, 50),
            accepted_p99=percentile(took, 99),
            refused_p50=percentile(refused, 50),
            refused_p99=percentile(refused, 99),
            processor=self._processor / (ended - began),
        )

    def _offer(self, due: float) -> None:
        self._counts["offered"] += 1
        request = next(self._requests)
        if self.idle:
            self._busy += 1
            self._any_idle().send(request, due)
        elif self._open < self._most:  # one was closed
            self._busy += 1
            self._open += 1
            self._opened += 1
            task = asyncio.create_task(self._connect_again(_Connection(self, request, due)))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)
        else:
            self._counts["not sent"] += 1

    def _any_idle(self) -> _Connection:
        """One by chance, as callers know nothing of each other. In turn, those that one process
        has answered together would stay together: it would get hundreds of requests at once and
        then none, while the other process does. Not the last one always: those never used would be
        closed by the service, maybe just then."""
        chosen = self._chance.randrange(len(self.idle))
        self.idle[chosen], self.idle[-1] = self.idle[-1], self.idle[chosen]
        return self.idle.pop()

    async def _connect(self, connection: _Connection) -> None:
        await asyncio.get_running_loop().create_connection(
            lambda: connection, "127.0.0.1", self._port
        )

    async def _connect_again(self, connection: _Connection) -> None:
        try:
            await self._connect(connection)
        except OSError:
            self.lost(connection, busy=True)

    def answered(self, head: bytes, due: float) -> None:
        """`head` in lower case."""
        self._busy -= 1
        now = time.monotonic()
        if head[9:12] == b"200":
            self._accepted.append((now, now - due))
        elif head[9:12] == b"503":
            self._refused.append(now - due)
            self._counts["without Retry-After"] += b"\r\nretry-after:" not in head
        else:
            self._counts["others"] += 1

    def lost(self, connection: _Connection, *, busy: bool) -> None:
        self._open -= 1
        if busy:
            self._busy -= 1
            self._counts["broken"] += 1
        elif connection in self.idle:
            self.idle.remove(connection)


async def _main(given: argparse.Namespace) -> None:
    mails = [Path(name).read_bytes() for name in given.mails.read_text().splitlines()]
    head = f"POST {given.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {RFC822}\r\n"
    requests = [f"{head}Content-Length: {len(mail)}\r\n\r\n".encode() + mail for mail in mails]
    offer = Offer(given.port, requests, given.connections)
    await offer.connect()
    began, ended = await offer.run(given.rate, given.seconds)
    print(json.dumps({"ended": ended}), flush=True)
    await offer.finish()
    print(json.dumps(asdict(offer.outcome(began, ended))), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("--rate", type=float, required=True, help="requests a second")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--mails", type=Path, required=True, help="a file of file names")
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(_main(given))


if __name__ == "__main__":
    main()
