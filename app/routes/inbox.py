"""GET /inbox and /inbox/{id}, and the form that corrects an entry: the request log for people."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app import feedback, history
from app.dependencies import EntryId, MayCorrect, MayRead, Measures, SettingsInUse, Storage
from app.forms import read_form
from app.highlight import show
from app.inbox import PATH, CorrectionButton, address, line, read_query
from app.page import PageRoute, render
from app.schemas import CorrectionForm

router = APIRouter(include_in_schema=False, route_class=PageRoute, prefix=PATH)

_LINES = 50  # on a page


@router.get("")
async def inbox(
    request: Request, database: Storage, settings: SettingsInUse, _: MayRead
) -> Response:
    """The newest messages that the form asks for, a page of them."""
    form = read_query(request.query_params)
    wanted = history.checked(form.filter(), settings)
    found = await history.page(database, wanted, form.cursor, _LINES)
    context = {
        "form": form,
        "lines": [line(entry) for entry in found.entries],
        "older": form.url(cursor=found.next) if found.next else None,
        "newest": form.url(cursor=None) if form.cursor else None,
        "back": request.url.query,
        "stores": settings.store_text,
    }
    return render(request, "inbox.html", context)


@router.get("/{entry_id}")
async def entry(request: Request, entry_id: EntryId, database: Storage, _: MayRead) -> Response:
    """One message: what was answered, and its text if that was kept."""
    found = await history.entry(database, entry_id)
    context = {
        "entry": found,
        "subject": None if found.subject is None else show(found.subject),
        "body": None if found.body is None else show(found.body),
    }
    return render(request, "entry.html", context)


@router.post("/{entry_id}/correction")
async def correct(
    request: Request, entry_id: EntryId, database: Storage, caller: MayCorrect, measures: Measures
) -> Response:
    """Say what a message is, or take that back; then show the list again, or the message."""
    button = await read_form(request, CorrectionButton)
    if button.label == "none":
        await feedback.take_back(database, entry_id)
    else:
        correction = CorrectionForm(id=entry_id, label=button.label)
        (unknown,) = await feedback.correct(database, [correction], caller.key_id)
        if unknown:
            raise unknown
        measures.corrected(button.label)
    back = button.back
    place = f"{PATH}/{entry_id}" if back is None else address(back, entry_id)
    return RedirectResponse(place, status_code=303)
