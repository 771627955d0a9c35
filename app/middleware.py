"""What every request goes through, in this order: app.admission's Admission, RequestId, AccessLog,
app.time_limit's TimeLimit, BodyLimit, app.limits' RateLimitHeaders."""

import asyncio
import logging
import re
import secrets
import time
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BodyTimeout, PayloadTooLarge, problem_response
from app.inputs import NDJSON, media_type
from app.metrics import Metrics

_access = logging.getLogger("hamlet.access")
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def new_id() -> str:
    """32 hexadecimal digits that nobody else has."""
    return secrets.token_hex(16)


def request_id(scope: Scope) -> str:
    """A caller's own X-Request-ID, when it is short and plain, or a new one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _SANE_ID.fullmatch(given) else new_id()


class RequestId:
    """Names the request: `scope["state"]["request_id"]` and the header X-Request-ID."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        name = request_id(scope)
        scope.setdefault("state", {})["request_id"] = name

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = name
            await send(message)

        await self.app(scope, receive, named)


class AccessLog:
    """One line a request, and its measures. The path is quoted: it may hold line breaks. What the
    line says is there as attributes of the record too, for a log in JSON."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began = time.perf_counter()
        status, sent = 500, 0

        async def counted(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            sent += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, counted)
        finally:
            seconds = time.perf_counter() - began
            self.metrics.answered(_template(scope), scope["method"], status, seconds)
            said = {
                "method": scope["method"],
                "path": quote(scope["path"], errors="replace")[:200],
                "status": status,
                "bytes": sent,
                "ms": round(1000 * seconds, 1),
                "request_id": scope["state"]["request_id"],
            }
            _access.info("%s %s %d %d bytes %.1f ms %s", *said.values(), extra=said)


def _template(scope: Scope) -> str:
    """Of the route that answered: a path would be a label for every id and every typing error."""
    route = scope.get("route")
    return str(getattr(route, "path", "")) or "none"


class BodyLimit:
    """Refuses a body longer than `limit` bytes, as they are counted, not as they are announced,
    and one of which no more comes for `timeout` seconds.

    An NDJSON stream is exempt: it has no end, and its route bounds every line. Every other route
    refuses that type unread.
    """

    def __init__(self, app: ASGIApp, limit: int, timeout: float) -> None:
        self.app = app
        self.limit = limit
        self.timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if scope["type"] != "http" or media_type(headers.get("content-type", "")) == NDJSON:
            return await self.app(scope, receive, send)
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > self.limit:
            # The server goes on to swallow the body, so that a caller still sending reads this.
            refusal = problem_response(PayloadTooLarge(self.limit), scope["state"]["request_id"])
            return await refusal(scope, receive, send)
        await self.app(scope, self._limited(receive), send)

    def _limited(self, receive: Receive) -> Receive:
        seen = 0
        more = True

        async def limited() -> Message:
            nonlocal seen, more
            if not more:
                return await receive()
            try:
                async with asyncio.timeout(self.timeout):
                    message = await receive()
            except TimeoutError:
                raise BodyTimeout(f"Nothing came for {self.timeout:g} seconds.") from None
            seen += len(message.get("body", b""))
            more = message.get("more_body", False)
            if seen > self.limit:
                raise PayloadTooLarge(self.limit)
            return message

        return limited
