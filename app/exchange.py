"""The two ends of an exchange that the framework leaves open: a caller who hangs up while we
work, and one who is answered while still sending."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from functools import partial
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

R = TypeVar("R")


async def unless_gone(request: Request, work: Coroutine[Any, Any, R]) -> R:
    """Do the work, and drop it when the caller hangs up, so that no batch carries it.

    The body must have been read. Raises ClientDisconnect.
    """
    caller = asyncio.current_task()
    assert caller is not None
    gone = asyncio.create_task(_hang_up(request))
    gone.add_done_callback(partial(_drop, caller))
    try:
        return await work
    except asyncio.CancelledError:
        if not _has_left(gone) or caller.uncancel():
            raise
        raise ClientDisconnect from None
    finally:
        gone.cancel()


def _drop(caller: asyncio.Task[Any], gone: asyncio.Task[None]) -> None:
    if _has_left(gone):
        caller.cancel()


def _has_left(gone: asyncio.Task[None]) -> bool:
    return gone.done() and not gone.cancelled()


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
