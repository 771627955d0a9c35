"""POST /classify and POST /classify/batch."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.batches import classify_stream, each, in_order, result_or_problem
from app.classification import Classifier
from app.dependencies import Explain, RequestName, SettingsInUse, Spam
from app.exchange import DuplexResponse, unless_gone
from app.inputs import (
    JSON,
    NDJSON,
    PLAIN,
    RFC822,
    check_type,
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
    responses=BODY_PROBLEMS,
    openapi_extra=MESSAGE_BODY,
    response_model_exclude_none=True,
)
async def classify(
    request: Request, spam: Spam, request_id: RequestName, explain: Explain = False
) -> Classification:
    """Say whether one message is spam. The answer is in the request log before it is sent."""
    content_type = request.headers.get("content-type", "")
    check_type(content_type, JSON, RFC822, PLAIN)
    read = partial(read_body, content_type, await request.body())
    return await unless_gone(request, spam.classify(read, request_id, explain=explain))


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
    request_id: RequestName,
    explain: Explain = False,
) -> Batch | Response:
    """Classify many messages: a JSON list, or NDJSON, one message a line, answered line by line
    while more lines come in. Results are in order; in the place of a bad message stands its
    problem. A caller that streams must read while it writes."""
    content_type = request.headers.get("content-type", "")
    check_type(content_type, JSON, NDJSON)
    if media_type(content_type) == NDJSON:
        lines = classify_stream(
            request.stream(),
            lambda line: spam.classify(partial(read_line, line), request_id, explain=explain),
            request_id,
            line_limit=settings.max_body_bytes,
        )
        return DuplexResponse(lines, media_type=NDJSON)
    read = partial(read_batch, await request.body(), settings.max_batch_messages)
    messages = await spam.in_thread(read)
    return await unless_gone(request, _classify_all(spam, messages, request_id, explain))


async def _classify_all(
    spam: Classifier[Any], messages: list[object], request_id: str, explain: bool
) -> Batch:
    async def one(message: object) -> Classification | Problem:
        read = partial(read_form, message)
        return await result_or_problem(spam.classify(read, request_id, explain=explain), request_id)

    return Batch(results=[result async for result in in_order(each(messages), one)])
