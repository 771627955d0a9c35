"""Fields that a browser sends -> a model. Raises InvalidRequest that names the field."""

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from fastapi import Request
from pydantic import BaseModel, ValidationError

from app.errors import CrossOrigin, InvalidRequest
from app.schemas import Fault

M = TypeVar("M", bound=BaseModel)

_MOST_FIELDS = 8
_MOST_BYTES = 4000  # of one field


def fill(model: type[M], values: Mapping[str, object]) -> M:
    """The model of these fields."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise InvalidRequest(
            *(Fault(parameter=str(fault["loc"][0]), reason=fault["msg"]) for fault in faults)
        ) from None


async def read_form(request: Request, model: type[M]) -> M:
    """A short form that a page of ours sent. Raises CrossOrigin, too."""
    check_same_origin(request)
    # Read here, not by the framework, which would read it before it asks who sends it.
    async with request.form(
        max_files=0, max_fields=_MOST_FIELDS, max_part_size=_MOST_BYTES
    ) as fields:
        return fill(model, dict(fields))


def check_same_origin(request: Request) -> None:
    """Refuse what another site's page sent. Raises CrossOrigin.

    The algorithm is that of Go's net/http.CrossOriginProtection: browsers tell by Sec-Fetch-Site,
    over plain HTTP by Origin; a caller that sends neither is no browser, and nobody's victim.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise CrossOrigin("It was sent from another site.")
        return
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise CrossOrigin("It was sent from another site.")
