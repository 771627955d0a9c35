"""Every error the service can answer with, and the one handler that turns them into
`application/problem+json` (RFC 9457).

    HamletError
    ├── BadRequest            400  the bytes are not what their content type says
    ├── Unauthorized          401  no key, or none of ours
    ├── Forbidden             403  a key that may not do this
    ├── CrossOrigin           403  a form that another site's page sent
    ├── NotFound              404  no such entry in the request log
    ├── BodyTimeout           408  the body stopped coming
    ├── PayloadTooLarge       413
    ├── UnsupportedMediaType  415
    ├── InvalidRequest        422  well-formed, but no request; lists what is wrong and where
    ├── TooManyRequests       429  more than the rate limit allows; with Retry-After
    ├── ServerFailure         500  a fault of ours
    ├── RouterError           404, 405 …  what the framework raises
    └── Unavailable           503  with Retry-After
        ├── Overloaded             too much is waiting
        ├── PredictionUnavailable  the network failed on a batch
        ├── RequestTimeout         it took too long
        ├── LogUnavailable         the request log could not be written
        └── NotReady
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from app.schemas import PROBLEM_TYPE, Fault, Problem
from app.strings import printable

_MOST_FAULTS = 10


class HamletError(Exception):
    """An error with a status. `detail` is for the caller and must not quote a message's text."""

    status = 500
    title = "Internal error"
    name = "internal"

    def __init__(
        self,
        detail: str,
        *,
        faults: list[Fault] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults
        self.headers = dict(headers or {})

    @property
    def type(self) -> str:
        return f"urn:hamlet:problem:{self.name}"


class BadRequest(HamletError):
    status, title, name = 400, "Malformed request", "malformed"


class Unauthorized(HamletError):
    status, title, name = 401, "Unauthorized", "unauthorized"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="hamlet"'})


class Forbidden(HamletError):
    status, title, name = 403, "Forbidden", "forbidden"


class CrossOrigin(HamletError):
    status, title, name = 403, "Form of another site", "cross-origin"


class NotFound(HamletError):
    status, title, name = 404, "Not found", "not-found"


class BodyTimeout(HamletError):
    status, title, name = 408, "Request body timed out", "body-timeout"


class PayloadTooLarge(HamletError):
    status, title, name = 413, "Content too large", "too-large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The limit is {limit} bytes.")


class UnsupportedMediaType(HamletError):
    status, title, name = 415, "Unsupported media type", "media-type"


class InvalidRequest(HamletError):
    status, title, name = 422, "Invalid request", "invalid"

    def __init__(self, *faults: Fault) -> None:
        shown = list(faults[:_MOST_FAULTS])
        super().__init__(" ".join(_sentence(fault) for fault in shown[:3]), faults=shown)


class TooManyRequests(HamletError):
    """Worth another try after `seconds`."""

    status, title, name = 429, "Too many requests", "rate-limit"

    def __init__(self, limit: int, window: int, seconds: int) -> None:
        self.seconds = max(1, seconds)
        allowed = f"{limit} messages in {window} seconds are allowed"
        super().__init__(
            f"{allowed}. Try again in {self.seconds} seconds.",
            headers={"Retry-After": str(self.seconds)},
        )


class ServerFailure(HamletError):
    pass


class Unavailable(HamletError):
    """Worth another try, after `Retry-After` seconds."""

    status, title, name = 503, "Service unavailable", "unavailable"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Retry-After": "1"})


class Overloaded(Unavailable):
    title, name = "Overloaded", "overloaded"


class RequestTimeout(Unavailable):
    title, name = "Request timed out", "timeout"


class PredictionUnavailable(Unavailable):
    title, name = "Prediction failed", "prediction-failed"


class LogUnavailable(Unavailable):
    title, name = "Request log unavailable", "log-unavailable"


class NotReady(Unavailable):
    title, name = "Not ready", "not-ready"


class RouterError(HamletError):
    """An error of the framework, which has no meaning beyond its status."""

    def __init__(self, error: HTTPException) -> None:
        super().__init__(printable(str(error.detail)), headers=error.headers)
        self.status = error.status_code
        self.title = HTTPStatus(error.status_code).phrase

    @property
    def type(self) -> str:
        return "about:blank"


def problem(error: HamletError, request_id: str) -> Problem:
    """The problem details of an error, as they are sent."""
    return Problem(
        type=error.type,
        title=error.title,
        status=error.status,
        detail=error.detail,
        instance=f"urn:hamlet:request:{request_id}",
        request_id=request_id,
        errors=error.faults,
    )


def problem_response(error: HamletError, request_id: str) -> Response:
    """The whole answer to a request that failed; a 500 is sent from outside the middleware that
    would name it."""
    content = problem(error, request_id).model_dump(exclude_none=True)
    headers = {**error.headers, "X-Request-ID": request_id}
    return JSONResponse(content, error.status, headers, media_type=PROBLEM_TYPE)


def as_hamlet_error(error: Exception) -> HamletError:
    """Any exception as one of the tree. What nobody foresaw is told to nobody."""
    if isinstance(error, HamletError):
        return error
    if isinstance(error, HTTPException):
        return RouterError(error)
    if isinstance(error, RequestValidationError):
        return InvalidRequest(*(_fault(fault) for fault in error.errors()))
    if isinstance(error, ClientDisconnect):
        return BadRequest("The request ended before its body did.")
    return ServerFailure("The service failed; its log says why.")


async def handle(request: Request, error: Exception) -> Response:
    """The one exception handler. The server logs what nobody foresaw, trace and all."""
    known = as_hamlet_error(error)
    if known.status == HTTPStatus.METHOD_NOT_ALLOWED:
        known.headers["Allow"] = _allowed(request)
    return problem_response(known, request.scope["state"]["request_id"])


def _allowed(request: Request) -> str:
    """The methods of all routes of this path (RFC 9110, 10.2.1); the framework names the first
    route's alone."""
    routes = request.app.router.routes
    return ", ".join(
        method
        for method in ("DELETE", "GET", "POST")
        if any(r.matches({**request.scope, "method": method})[0] is Match.FULL for r in routes)
    )


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem."""
    for kind in (HamletError, HTTPException, RequestValidationError, ClientDisconnect, Exception):
        app.add_exception_handler(kind, handle)


def _fault(error: Mapping[str, Any]) -> Fault:
    """What the framework found wrong with a parameter; its input is not repeated."""
    return Fault(parameter=str(error["loc"][-1]), reason=str(error["msg"]))


def _sentence(fault: Fault) -> str:
    where = fault.parameter or fault.pointer
    return f"{where}: {fault.reason}." if where else f"{fault.reason}."
