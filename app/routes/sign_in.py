"""POST /sign-in and /sign-out: a key for the pages, kept by the browser in a cookie.

The cookie holds the key itself: no script sees it, no other site sends it, and it ends with the
browser. There is no session here, so a revoked key is out everywhere at once.
"""

import re
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app.dependencies import KEY_COOKIE, Gate, Limits
from app.forms import check_same_origin, read_form
from app.page import PageRoute

router = APIRouter(include_in_schema=False, route_class=PageRoute)

# The pages that one can be led back to; nothing else, and no other site.
_PAGE = re.compile(r"/(?:inbox(?:/[0-9a-f]{32})?|dashboard)?(?:\?[\w%.=&+-]*)?", re.ASCII)


class SignIn(BaseModel):
    """A key, and the page that asked for it."""

    key: Annotated[str, Field(max_length=200)]
    next: str = "/"


@router.post("/sign-in")
async def sign_in(request: Request, guard: Gate, limits: Limits) -> Response:
    """Keep a key that is one in the browser, and go on to the page that asked for it."""
    limits.charge(request.scope, None)
    form = await read_form(request, SignIn)
    await guard.caller(form.key.strip())
    response = RedirectResponse(form.next if _PAGE.fullmatch(form.next) else "/", 303)
    response.set_cookie(
        KEY_COOKIE,
        form.key.strip(),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """Forget the key."""
    check_same_origin(request)
    response = RedirectResponse("/", 303)
    response.delete_cookie(KEY_COOKIE, httponly=True, samesite="strict")
    return response
