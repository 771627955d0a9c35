"""The two ends of an exchange that the framework leaves open: a caller who hangs up while we
work, and one who is answered while still sending."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

R = TypeVar("R")


async def unless_gone(request: Request, work: Coroutine[Any, Any, R]) -> R:
    """Do the work, and drop it when the caller hangs up, so that no batch carries it.

    The body must have been read. Raises ClientDisconnect.
    """
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_hang_up(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _hang_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class DuplexResponse(StreamingResponse):
    """A stream that is written while the request's body is still being read.

    Starlette's own watches for a hang-up by receiving, and so would swallow the body. Here the
    reader of the body notices. Nothing is sent before the first piece is there: a caller that
    waits for `100 Continue` gets it.
    """

    def __init__(self, content: AsyncGenerator[bytes, None], media_type: str) -> None:
        super().__init__(content, media_type=media_type)
        self.content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self.content) as pieces:
            piece = await anext(pieces, b"")
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while piece:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await anext(pieces, b"")
            await send({"type": "http.response.body", "body": b""})
