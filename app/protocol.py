"""HTTP/1.1 as uvicorn speaks it, with its one error page as a problem like all others, and what is
too much refused before it becomes a request."""

import asyncio
import math
import re
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.admission import Entrance, RawHeaders
from app.errors import BadRequest, problem_response
from app.middleware import request_id

# A POST that begins and ends with what was received, framed by its length alone, with no header
# that bears on the connection or on the answer. No part of it is matched in two ways.
_HEADERS = (
    rb"(?:(?!content-length|transfer-encoding|connection|expect|upgrade|x-request-id)"
    rb"[\w-]++:[^\r\n\0]*+\r\n)*+"
)
_PLAIN_POST = re.compile(
    rb"POST /[!-~]*+ HTTP/1\.1\r\n%bcontent-length: ?(\d{1,9})\r\n%b\r\n" % (_HEADERS, _HEADERS),
    re.IGNORECASE,
)
# In the place of a request: one whose answer is out, and of whose body nothing is kept.
_REFUSED: Any = SimpleNamespace(response_complete=True, message_event=asyncio.Event())


class Protocol(HttpToolsProtocol):
    """What cannot be parsed never becomes a request: the answer is written here. So is the answer
    to a body longer than its Content-Length, whose rest looks like another, broken request.

    This parser also swallows the rest of a body that was refused, so that a caller who sends
    everything before it reads gets to read the refusal.

    What app.admission would refuse is refused as soon as its headers are there, in a fraction of
    the time that it takes as a request; what arrived in one piece and is plain, as nearly all that
    comes in an overload, without the parser and without anything that is kept.
    """

    _between = True  # whether the parser has seen the whole of each request, and of no next one
    _refused_at = -math.inf  # when the parser was last passed by, in the loop's time

    lost: Callable[[], None] = staticmethod(lambda: None)  # to be told that the connection is

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost()

    def data_received(self, data: bytes) -> None:
        entrance = self._entrance()
        if (
            entrance is None
            or not entrance.is_full()
            or not self._between
            or not _is_plain_post(data)
        ):
            super().data_received(data)
            return
        self._send(entrance.whole_refusal())
        # A timer anew for each would take as long as all the rest.
        self._refused_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._close_later(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        left = self._refused_at + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._close_later(left)
        else:
            super().timeout_keep_alive_handler()

    def _close_later(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )

    def on_message_begin(self) -> None:
        self._between = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        self._between = True
        super().on_message_complete()

    def on_headers_complete(self) -> None:
        entrance = self._entrance()
        if entrance is None or self.parser.get_method() != b"POST":
            super().on_headers_complete()
            return
        if not entrance.is_full():
            super().on_headers_complete()
            entrance.arrived(self.loop)  # after it, which is to have the request begin first
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

    def _entrance(self) -> Entrance | None:
        """Where a POST that came now is counted; None while an earlier one is unanswered, whose
        turn is first."""
        if self.cycle is not None and not self.cycle.response_complete:
            return None
        return self.app_state.get("entrance")

    def send_400_response(self, msg: str) -> None:
        refusal = problem_response(BadRequest(f"No HTTP/1.1 request: {msg}"), uuid.uuid4().hex)
        headers = [*refusal.raw_headers, (b"connection", b"close")]
        self._write(b"400 Bad Request", headers, bytes(refusal.body))
        self.transport.close()

    def _write(self, status: bytes, headers: RawHeaders, body: bytes) -> None:
        head = b"".join(b"%s: %s\r\n" % header for header in headers)
        self._send(b"HTTP/1.1 %s\r\n%s\r\n%s" % (status, head, body))

    def _send(self, response: bytes) -> None:
        """Who reads none of what is written here is written no more of it."""
        if self.flow.write_paused:
            self.transport.abort()
        else:
            self.transport.write(response)


def _is_plain_post(data: bytes) -> bool:
    found = _PLAIN_POST.match(data)
    return found is not None and found.end() + int(found[1]) == len(data)
