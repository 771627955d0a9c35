"""Load, and how it was borne: wrk on many connections, and sockets of our own one by one.

wrk fills up its latencies with ones that nobody waited for (its correction for coordinated
omission), so times come from our own sockets: from the first byte of a request to the last of its
answer. To connect is not counted, though rspamd and spamd want it done for every message.
"""

import json
import resource
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Protocol

from tests.benchmarks.servers import RFC822, Target

CONNECTIONS = 8
_TIMEOUT = 300  # seconds

_SCRIPT = """\
local requests, at = {}, 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "message/rfc822"

function init(args)
  for name in io.lines(args[1]) do
    local file = assert(io.open(name, "rb"))
    requests[#requests + 1] = wrk.format(nil, nil, nil, file:read("*a"))
    file:close()
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    '{"requests": %d, "refused": %d, "broken": %d, "seconds": %f, "p50_us": %d, "p95_us": %d, ' ..
    '"p99_us": %d}\\n',
    summary.requests, e.status, e.connect + e.read + e.write + e.timeout,
    summary.duration / 1e6, latency:percentile(50), latency:percentile(95),
    latency:percentile(99)))
end
"""


class LoadFailed(Exception):
    """What was asked did not answer as it should."""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk counted. `refused` are answers of status 400 and above, `broken` connections that
    failed; the percentiles, in microseconds, are wrk's (see above). `processor`: how many cores wrk
    itself took."""

    requests: int
    refused: int
    broken: int
    seconds: float
    p50_us: float
    p95_us: float
    p99_us: float
    processor: float

    @property
    def rate(self) -> float:
        """Messages a second that were classified."""
        return (self.requests - self.refused) / self.seconds


def wrk(
    target: Target, mails: Sequence[Path], out: Path, seconds: float, connections: int = CONNECTIONS
) -> Load:
    """Post the mails in turn, each connection its next as soon as it is answered. Raises
    LoadFailed when an answer is missing."""
    script, names = out / "load.lua", out / "load.txt"
    script.write_text(_SCRIPT)
    names.write_text("\n".join(str(mail) for mail in mails))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout=300s"]
    command += ["-s", str(script), target.url, "--", str(names)]
    before = _by_children()
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    counted = json.loads(said.splitlines()[-1])
    load = Load(**counted, processor=(_by_children() - before) / counted["seconds"])
    if load.broken or not load.requests:
        raise LoadFailed(f"{target.url}: {said}")
    return load


def _by_children() -> float:
    """Seconds of processors that processes took which this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Asker(Protocol):
    """Someone to ask about one mail after the other."""

    def ask(self, mail: bytes) -> float:
        """Seconds until the answer was there. Raises LoadFailed when it is none."""

    def close(self) -> None: ...


class HttpAsker:
    """One connection, kept for as long as the server keeps it."""

    def __init__(self, target: Target) -> None:
        self._address = ("127.0.0.1", target.port)
        self._head = f"POST {target.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {RFC822}\r\n"
        self._socket: socket.socket | None = None

    def ask(self, mail: bytes) -> float:
        if self._socket is None:
            self._socket = connect(self._address)
        request = f"{self._head}Content-Length: {len(mail)}\r\n\r\n".encode() + mail
        began = time.perf_counter()
        self._socket.sendall(request)
        head, body = read_answer(self._socket)
        took = time.perf_counter() - began
        if head[9:12] != b"200":
            raise LoadFailed(f"{head!r} {body!r}")
        if b"connection: close" in head.lower():
            self.close()
        return took

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class SpamdAsker:
    """The protocol of spamc: a connection a message."""

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)

    def ask(self, mail: bytes) -> float:
        with connect(self._address) as spamd:
            began = time.perf_counter()
            spamd.sendall(b"CHECK SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % len(mail) + mail)
            spamd.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: spamd.recv(65_536), b""))
            took = time.perf_counter() - began
        if b"EX_OK" not in answer or b"Spam:" not in answer:
            raise LoadFailed(f"spamd: {answer!r}")
        return took

    def close(self) -> None: ...


def connect(address: tuple[str, int]) -> socket.socket:
    connected = socket.create_connection(address, _TIMEOUT)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


def read_answer(connected: socket.socket) -> tuple[bytes, bytes]:
    """The head and the body of an HTTP answer that says how long it is."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += _received(connected)
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    )
    while len(body) < length:
        body += _received(connected)
    return head, body


def _received(connected: socket.socket) -> bytes:
    piece = connected.recv(65_536)
    if not piece:
        raise LoadFailed("hung up before the answer was whole")
    return piece


def passes(make: Callable[[], Asker], mails: Sequence[bytes], threads: int = CONNECTIONS) -> float:
    """Ask about each mail once, so many at a time; the seconds that it took."""
    waiting: Iterator[bytes] = iter(mails)

    def work(_: int) -> None:
        asker = make()
        while (mail := next(waiting, None)) is not None:  # a list's iterator: safe by the GIL
            asker.ask(mail)
        asker.close()

    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    return time.perf_counter() - began


def alone(make: Callable[[], Asker], mails: Sequence[bytes], count: int) -> list[float]:
    """The seconds that each of `count` mails took, one after the other on one connection."""
    asker = make()
    try:
        return [asker.ask(mail) for mail in islice(cycle(mails), count)]
    finally:
        with suppress(OSError):
            asker.close()


def percentile(values: Sequence[float], share: int) -> float:
    """The value that `share` per cent do not exceed."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]
