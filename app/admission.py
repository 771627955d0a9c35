"""How many requests may be under way at once: what comes on top is refused before it costs much.

Who offers ten times what the service can do gets nine refusals an answer, so a refusal has to take
a fraction of an answer's time, and those who are let in must not wait for those who are not.
"""

import asyncio
import itertools
import secrets

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Overloaded, problem_response
from app.metrics import Metrics
from app.middleware import new_id, request_id

RawHeaders = list[tuple[bytes, bytes]]


class Entrance:
    """Lets in `most` POST requests at a time: those under way, and those that have arrived but do
    not run yet. Without the latter all that are read in one turn of the event loop would find the
    one free place, and be refused at many times the cost."""

    def __init__(self, most: int, metrics: Metrics) -> None:
        self.under_way = 0
        self._arrived = 0
        self._most = most
        self._metrics = metrics
        self._uncounted = 0
        # Names of refusals: 16 digits that no other process has, and which one it is; a new name by
        # chance would be one more system call for each.
        self._process = secrets.token_hex(8).encode()
        self._numbers = itertools.count()
        # All refusals are alike but for their name, so one is written beforehand.
        named = new_id()
        refusal = problem_response(Overloaded("Too many requests are under way."), named)
        self._body = bytes(refusal.body).split(named.encode())
        self._headers = [
            header
            for header in refusal.raw_headers
            if header[0] not in (b"content-length", b"x-request-id")
        ]
        head = b"".join(b"%s: %s\r\n" % header for header in refusal.raw_headers)
        whole = b"HTTP/1.1 503 Service Unavailable\r\n%s\r\n%s" % (head, bytes(refusal.body))
        self._whole = whole.split(named.encode())

    def is_single(self) -> bool:
        """Whether none is under way but, maybe, the one that asks."""
        return self.under_way <= 1

    def is_full(self) -> bool:
        return self.under_way + self._arrived >= self._most

    def arrived(self, loop: asyncio.AbstractEventLoop) -> None:
        """A request has just been handed to the event loop. It counts until the loop comes to what
        was handed to it next: by then it is under way, or will never be."""
        self._arrived += 1
        loop.call_soon(self._began)

    def _began(self) -> None:
        self._arrived -= 1

    def is_overfull(self) -> bool:
        """Whether none may begin, even of those that have arrived."""
        return self.under_way >= self._most

    def refusal(self, name: str) -> tuple[RawHeaders, bytes]:
        """Headers and body of a 503 for the request of that name."""
        self._metrics.refused(1)
        encoded = name.encode()
        body = encoded.join(self._body)
        length = str(len(body)).encode()
        return [*self._headers, (b"content-length", length), (b"x-request-id", encoded)], body

    def whole_refusal(self) -> bytes:
        """The same as it is sent over HTTP/1.1, for a request that has no name yet."""
        if not self._uncounted:  # they come in hundreds a turn of the event loop
            asyncio.get_running_loop().call_soon(self._count)
        self._uncounted += 1
        return (b"%b%016x" % (self._process, next(self._numbers))).join(self._whole)

    def _count(self) -> None:
        self._metrics.refused(self._uncounted)
        self._uncounted = 0


class Admission:
    """Counts those under way; refuses one too many with 503 and `Retry-After`, unread and without a
    line in the access log. app.protocol does so earlier; what reaches this one had its headers read
    while an earlier request of its connection was under way."""

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        self.app = app
        self._gate = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            return await self.app(scope, receive, send)
        if self._gate.is_overfull():
            headers, body = self._gate.refusal(request_id(scope))
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            return await send({"type": "http.response.body", "body": body})
        self._gate.under_way += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._gate.under_way -= 1
