"""HTTP/1.1 as uvicorn speaks it, with its one error page as a problem like all others, and what is
too much refused before it becomes a request."""

import asyncio
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.admission import Entrance, RawHeaders
from app.errors import BadRequest, problem_response
from app.middleware import request_id

# In the place of a request: one whose answer is out, and of whose body nothing is kept.
_REFUSED: Any = SimpleNamespace(response_complete=True, message_event=asyncio.Event())


class Protocol(HttpToolsProtocol):
    """What cannot be parsed never becomes a request: the answer is written here. So is the answer
    to a body longer than its Content-Length, whose rest looks like another, broken request.

    This parser also swallows the rest of a body that was refused, so that a caller who sends
    everything before it reads gets to read the refusal.

    What app.admission would refuse is refused as soon as its headers are there, in a fraction of
    the time that it takes as a request.
    """

    lost: Callable[[], None] = staticmethod(lambda: None)  # to be told that the connection is

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost()

    def on_headers_complete(self) -> None:
        entrance: Entrance | None = self.app_state.get("entrance")
        method = self.parser.get_method().decode("ascii")
        earlier = self.cycle is not None and not self.cycle.response_complete
        if entrance is None or earlier or not entrance.refuses(method):
            super().on_headers_complete()
            return
        headers, body = entrance.refusal(request_id(cast(Scope, self.scope)))
        stays = self.parser.get_http_version() == "1.1" and self.parser.should_keep_alive()
        if not stays:
            headers.append((b"connection", b"close"))
        self._write(b"503 Service Unavailable", headers, body)
        self.cycle = _REFUSED
        if stays:
            self.on_response_complete()
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        refusal = problem_response(BadRequest(f"No HTTP/1.1 request: {msg}"), uuid.uuid4().hex)
        headers = [*refusal.raw_headers, (b"connection", b"close")]
        self._write(b"400 Bad Request", headers, bytes(refusal.body))
        self.transport.close()

    def _write(self, status: bytes, headers: RawHeaders, body: bytes) -> None:
        head = b"".join(b"%s: %s\r\n" % header for header in headers)
        self.transport.write(b"HTTP/1.1 %s\r\n%s\r\n%s" % (status, head, body))
