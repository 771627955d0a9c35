"""GET /dashboard: what came in, drawn on the server."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.dashboard import SPANS, SpanName, charts, tiles
from app.dependencies import MayRead, Spam, Storage
from app.drift import measure
from app.page import PageRoute, render
from app.queries.dashboard import corrected, slots

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/dashboard")
async def dashboard(
    request: Request, spam: Spam, database: Storage, _: MayRead, span: SpanName = "day"
) -> Response:
    """A day, a week or a month of the request log."""
    chosen, now = SPANS[span], datetime.now(UTC)
    first = chosen.first(now)
    async with database.read() as connection:
        read = await slots(connection, first, chosen.step, chosen.count)
        made = await corrected(connection, first)
    reference = spam.predictor.reference
    drift = None if reference is None else await measure(database, reference, now)
    context = {
        "spans": SPANS,
        "span": span,
        "now": now,
        "tiles": tiles(read, made, drift),
        "charts": charts(chosen, read, spam.verdict.spam_from, spam.verdict.ham_below),
    }
    return render(request, "dashboard.html", context)
