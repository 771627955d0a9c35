"""POST /classify and POST /classify/batch."""

from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.batches import classify_stream, each, in_order, result_or_problem
from app.dependencies import (
    Explain,
    Limits,
    MayClassify,
    RequestName,
    SettingsInUse,
    Spam,
    request_name,
    state,
)
from app.exchange import DuplexResponse, unless_gone
from app.inputs import (
    JSON,
    NDJSON,
    PLAIN,
    RFC822,
    Submission,
    check_type,
    form_size,
    media_type,
    read_batch,
    read_body,
    read_form,
    read_line,
)
from app.openapi import BATCH_BODY, BATCH_STREAM, BODY_PROBLEMS, MESSAGE_BODY
from app.schemas import Batch, Classification, Problem

router = APIRouter(tags=["classify"])


@router.post(
    "/classify",
    response_model=Classification,
    responses=BODY_PROBLEMS,
    openapi_extra=MESSAGE_BODY,
)
async def classify(request: Request, caller: MayClassify, explain: Explain = False) -> Response:
    """Say whether one message is spam. The answer is in the request log before it is sent."""
    # What other routes are handed by the framework is taken here: that costs a tenth of an answer,
    # and so does checking the answer once more.
    spam, request_id = state(request)["classifier"], request_name(request)
    content_type = request.headers.get("content-type", "")
    check_type(content_type, JSON, RFC822, PLAIN)
    body = await request.body()
    read = partial(read_body, content_type, body)
    asked = spam.classify(read, len(body), request_id, explain=explain, key_id=caller.key_id)
    answer = await unless_gone(request, asked)
    return Response(answer.model_dump_json(exclude_none=True), media_type=JSON)


@router.post(
    "/classify/batch",
    response_model=Batch,
    responses=BODY_PROBLEMS | BATCH_STREAM,
    openapi_extra=BATCH_BODY,
    response_model_exclude_none=True,
)
async def classify_batch(
    request: Request,
    spam: Spam,
    settings: SettingsInUse,
    limits: Limits,
    caller: MayClassify,
    request_id: RequestName,
    explain: Explain = False,
) -> Batch | Response:
    """Classify many messages: a JSON list, or NDJSON, one message a line, answered line by line
    while more lines come in. Results are in order; in the place of a bad message stands its
    problem. A caller that streams must read while it writes."""
    content_type = request.headers.get("content-type", "")
    check_type(content_type, JSON, NDJSON)

    def one(read: Callable[[], Submission], size: int) -> Coroutine[Any, Any, Classification]:
        return spam.classify(read, size, request_id, explain=explain, key_id=caller.key_id)

    if media_type(content_type) == NDJSON:
        paid = 1  # to be let in cost one message

        async def paced(line: bytes) -> Classification:
            nonlocal paid
            if not paid:
                await limits.wait(request.scope, caller, settings.request_timeout)
            paid = 0
            return await one(partial(read_line, line), len(line))

        lines = classify_stream(
            request.stream(),
            paced,
            request_id,
            line_limit=settings.max_body_bytes,
        )
        return DuplexResponse(lines, media_type=NDJSON)
    read = partial(read_batch, await request.body(), settings.max_batch_messages)
    messages = await spam.in_thread(read)
    limits.charge(request.scope, caller, len(messages), counted=1)

    async def result(message: object) -> Classification | Problem:
        read_one = partial(read_form, message)
        return await result_or_problem(one(read_one, form_size(message)), request_id)

    return await unless_gone(request, _all(in_order(each(messages), result)))


async def _all(results: AsyncIterator[Classification | Problem]) -> Batch:
    return Batch(results=[result async for result in results])
