"""POST /sort."""

from functools import partial

from fastapi import APIRouter, Request

from app.dependencies import Attention, MayClassify, Numbers, RequestName, SettingsInUse
from app.exchange import unless_gone
from app.inputs import JSON, check_type
from app.numbers import read_sort
from app.openapi import BODY_PROBLEMS, json_body
from app.schemas import SortForm, Sorting

router = APIRouter(tags=["sort"])


@router.post(
    "/sort",
    responses=BODY_PROBLEMS,
    openapi_extra=json_body(SortForm),
    response_model_exclude_none=True,
)
async def sort(
    request: Request,
    numbers: Numbers,
    settings: SettingsInUse,
    caller: MayClassify,
    request_id: RequestName,
    attention: Attention = False,
) -> Sorting:
    """Sort numbers with the network. `exact` says whether its order is right; a wrong one is not
    corrected. The answer is in the request log before it is sent."""
    check_type(request.headers.get("content-type", ""), JSON)
    read = partial(read_sort, await request.body(), settings.max_numbers)
    asked = numbers.sort(read, request_id, attention=attention, key_id=caller.key_id)
    return await unless_gone(request, asked)
