"""How long an answer may be waited for."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BodyTimeout, HamletError, RequestTimeout, problem_response
from app.inputs import NDJSON, media_type


class TimeLimit:
    """Gives up on a request whose answer has not begun after `seconds`. What has begun may take its
    time: an export is as long as the log. An NDJSON stream is exempt, as in BodyLimit: its answer
    begins with its first line, whenever that comes.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = Headers(scope=scope).get("content-type", "") if scope["type"] == "http" else NDJSON
        if media_type(kind) == NDJSON:
            return await self.app(scope, receive, send)
        complete = False

        async def watched() -> Message:
            nonlocal complete
            message = await receive()
            complete = complete or not message.get("more_body", False)
            return message

        async def begun(message: Message) -> None:
            limit.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(self.seconds) as limit:
                await self.app(scope, watched, begun)
        except TimeoutError:
            if not limit.expired():
                raise
            refusal = problem_response(self._refusal(complete), scope["state"]["request_id"])
            await refusal(scope, receive, send)

    def _refusal(self, complete: bool) -> HamletError:
        if complete:
            return RequestTimeout(f"There was no answer within {self.seconds:g} seconds.")
        return BodyTimeout(f"The body took more than {self.seconds:g} seconds.")
