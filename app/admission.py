"""How many requests may be under way at once: what comes on top is refused before it costs much.

Who offers ten times what the service can do gets nine refusals an answer, so a refusal has to take
a fraction of an answer's time, and those who are let in must not wait for those who are not.
"""

from uuid import uuid4

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Overloaded, problem_response
from app.metrics import Metrics
from app.middleware import request_id


class Traffic:
    """How many POST requests are under way."""

    def __init__(self) -> None:
        self.under_way = 0

    def is_single(self) -> bool:
        """Whether there is none but, maybe, the one that asks."""
        return self.under_way <= 1


class Admission:
    """Lets in `most` POST requests at a time; refuses one more with 503 and `Retry-After`, unread
    and without a line in the access log."""

    def __init__(self, app: ASGIApp, most: int, metrics: Metrics, traffic: Traffic) -> None:
        self.app = app
        self._most = most
        self._metrics = metrics
        self._traffic = traffic
        # All refusals are alike but for their name, so one is written beforehand.
        named = uuid4().hex
        refusal = problem_response(Overloaded("Too many requests are under way."), named)
        self._body = bytes(refusal.body).split(named.encode())
        self._headers = [
            header
            for header in refusal.raw_headers
            if header[0] not in (b"content-length", b"x-request-id")
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            return await self.app(scope, receive, send)
        if self._traffic.under_way >= self._most:
            return await self._refuse(scope, send)
        self._traffic.under_way += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._traffic.under_way -= 1

    async def _refuse(self, scope: Scope, send: Send) -> None:
        self._metrics.refused()
        name = request_id(scope).encode()
        body = name.join(self._body)
        length = str(len(body)).encode()
        headers = [*self._headers, (b"content-length", length), (b"x-request-id", name)]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": body})
