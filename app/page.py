"""What all pages for people share: the templates, the headers, and errors as pages."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.templating import Jinja2Templates
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app import __version__
from app.charts import log_odds_place
from app.errors import HamletError, as_hamlet_error
from app.settings import ROOT

# Nothing inline, nothing from elsewhere, in no one's frame (CSP level 3).
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    # Not no-referrer: browsers would then send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",  # pages show mail
}
# A request of our script wants no more than what it replaces.
PART = "x-hamlet-part"
_templates = Jinja2Templates(ROOT / "app" / "templates")
_templates.env.filters["log_odds_place"] = log_odds_place
_templates.env.trim_blocks = _templates.env.lstrip_blocks = True


def render(
    request: Request, template: str, context: Mapping[str, Any], status: int = 200
) -> Response:
    """A page of ours."""
    return _templates.TemplateResponse(
        request,
        template,
        {"version": __version__, **context},
        status_code=status,
        headers=_HEADERS,
    )


class PageRoute(APIRoute):
    """A route whose errors are pages. What nobody foresaw goes on to the one handler."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await answer(request)
            except (HamletError, HTTPException, RequestValidationError) as error:
                return render_problem(request, as_hamlet_error(error))

        return handle


def render_problem(request: Request, problem: HamletError) -> Response:
    """An error as a page of its own, with a form for a key where one is missing."""
    template = "_result.html" if request.headers.get(PART) else "problem.html"
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    context = {"problem": problem, "next": asked if request.method == "GET" else "/"}
    response = render(request, template, context, problem.status)
    response.headers.update(problem.headers)
    return response
