"""GET and DELETE /history, GET and DELETE /history/{id}."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BeforeValidator
from starlette.responses import StreamingResponse

from app import history
from app.dependencies import EntryId, MayErase, MayRead, SettingsInUse, Storage
from app.inputs import NDJSON
from app.openapi import KEY_PROBLEMS, problems
from app.queries.history import Filter
from app.schemas import HistoryDetail, HistoryPage

router = APIRouter(tags=["history"])

CSV = "text/csv"
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_STREAMS: dict[int | str, dict[str, Any]] = {
    200: {"content": {CSV: {"schema": {"type": "string"}}, NDJSON: {"schema": {"type": "string"}}}}
}


def _no_number(value: object) -> object:
    """pydantic takes a number for seconds since 1970; a typing error should not be a time."""
    if isinstance(value, str) and not _DATE.match(value):
        raise ValueError("must be a time such as 2026-01-31T12:00:00Z")
    return value


Time = Annotated[
    datetime | None, BeforeValidator(_no_number), Query(description="UTC if no zone is given.")
]
Label = Annotated[Literal["spam", "ham", "unsure"] | None, Query(description="As answered.")]
Probability = Annotated[float | None, Query(ge=0, le=1)]
Corrected = Annotated[bool | None, Query(description="Whether somebody corrected the message.")]
Key = Annotated[str | None, Query(max_length=16, description="Id of the key that asked.")]
Text = Annotated[
    str | None,
    Query(min_length=1, max_length=200, description="In subject or body, if texts are kept."),
]


async def _filter(
    settings: SettingsInUse,
    after: Time = None,
    before: Time = None,
    label: Label = None,
    min_probability: Probability = None,
    max_probability: Probability = None,
    corrected: Corrected = None,
    key: Key = None,
    text: Text = None,
) -> Filter:
    wanted = Filter(
        _aware(after), _aware(before), label, min_probability, max_probability, corrected, key, text
    )
    return history.checked(wanted, settings)


Wanted = Annotated[Filter, Depends(_filter)]


@router.get(
    "/history", response_model=HistoryPage, responses=KEY_PROBLEMS | problems(422) | _STREAMS
)
async def read_history(
    request: Request,
    database: Storage,
    _: MayRead,
    wanted: Wanted,
    cursor: Annotated[
        str | None, Query(pattern="^[0-9a-f]{32}$", description="`next` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    format: Annotated[Literal["json", "csv", "ndjson"] | None, Query()] = None,
) -> HistoryPage | StreamingResponse:
    """What was asked and answered, newest first. While there is a `next`, there may be more, even
    when a page is not full: rare entries are looked for in a long log a stretch at a time.

    As CSV or NDJSON, by `format` or by `Accept`, all that matches comes as one stream.
    """
    form = format or _accepted(request.headers.get("accept", ""))
    if form == "csv":
        headers = {"Content-Disposition": 'attachment; filename="hamlet-history.csv"'}
        return StreamingResponse(history.as_csv(database, wanted), headers=headers, media_type=CSV)
    if form == "ndjson":
        return StreamingResponse(history.as_ndjson(database, wanted), media_type=NDJSON)
    return await history.page(database, wanted, cursor, limit)


@router.get("/history/{entry_id}", responses=KEY_PROBLEMS | problems(404, 422))
async def read_entry(entry_id: EntryId, database: Storage, _: MayRead) -> HistoryDetail:
    """One entry, with the text of its message if that was kept."""
    return await history.entry(database, entry_id)


@router.delete("/history/{entry_id}", status_code=204, responses=KEY_PROBLEMS | problems(404, 422))
async def erase_entry(entry_id: EntryId, database: Storage, _: MayErase) -> None:
    """Forget one entry, and what was said of its message."""
    await history.erase(database, entry_id)


@router.delete("/history", status_code=204, responses=KEY_PROBLEMS | problems(422))
async def erase_key(
    database: Storage, _: MayErase, key: Annotated[str, Query(min_length=1, max_length=16)]
) -> None:
    """Forget all that was asked with one key: messages, corrections of them, and sorts."""
    await history.erase_key(database, key)


def _aware(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)


def _accepted(accept: str) -> str:
    """The one stream that a caller asks for; JSON for who takes anything."""
    for form, name in ((CSV, "csv"), (NDJSON, "ndjson")):
        if form in accept.lower():
            return name
    return "json"
