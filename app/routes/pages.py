"""GET /: the page for people. It asks the same calls as everyone, and loads from here alone."""

from fastapi import APIRouter, Request
from fastapi.templating import Jinja2Templates
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from app import __version__
from app.dependencies import Numbers, SettingsInUse, Spam
from app.settings import ROOT

router = APIRouter(include_in_schema=False)

# Nothing inline, nothing from elsewhere, in no one's frame (CSP level 3).
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_templates = Jinja2Templates(ROOT / "app" / "templates")


def static_files() -> StaticFiles:
    """What the page loads."""
    return StaticFiles(directory=ROOT / "app" / "static")


@router.get("/")
async def page(request: Request, spam: Spam, numbers: Numbers, settings: SettingsInUse) -> Response:
    """Two panels: classify a message, sort numbers."""
    context = {
        "version": __version__,
        "classifier": spam.predictor,
        "threshold": spam.verdict.spam_from,
        "sorter": numbers.predictor,
        "most_numbers": settings.max_numbers,
        "stores": settings.store_text,
    }
    return _templates.TemplateResponse(request, "index.html", context, headers=_HEADERS)
