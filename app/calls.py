"""What each call of a client sends and what it makes of the answer; no input or output is here."""

import base64
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Generic, Literal, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from app.schemas import (
    Batch,
    Classification,
    FieldsForm,
    HistoryDetail,
    HistoryPage,
    Problem,
    ServedModel,
    Sorting,
)

R = TypeVar("R")
M = TypeVar("M", bound=BaseModel)

# A text as it is pasted, a whole mail as it travels, or subject and body.
Message = str | bytes | FieldsForm
Label = Literal["spam", "ham"]

WORTH_ANOTHER_TRY = (429, 503)


class ServiceError(Exception):
    """The service gave no answer. `problem` is what it said, None when it said nothing;
    `retry_after` is how many seconds it asked to be left alone."""

    def __init__(
        self, reason: str, problem: Problem | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(reason)
        self.problem = problem
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a call is tried again, and how long at most, in seconds, it waits for that."""

    times: int = 4
    first_pause: float = 0.25
    longest_pause: float = 60.0

    def pause(self, tried: int, asked: float | None) -> float:
        """Before the next try, after `tried` of them; `asked`: by the service."""
        if asked is None:
            # A jitter, so that many clients do not come back together.
            asked = self.first_pause * 2 ** (tried - 1) * random.uniform(0.5, 1.0)
        return min(asked, self.longest_pause)


@dataclass(frozen=True, slots=True)
class Call(Generic[R]):
    """One request, and what to make of its answer."""

    method: str
    path: str
    read: Callable[[httpx.Response], R]
    content: dict[str, Any] = field(default_factory=dict)  # of httpx's request


def _model(kind: type[M]) -> Callable[[httpx.Response], M]:
    return lambda response: kind.model_validate_json(response.content)


def _nothing(_: httpx.Response) -> None:
    return None


def classify(message: Message, explain: bool) -> Call[Classification]:
    content: dict[str, Any] = {"params": {"explain": "true"}} if explain else {}
    if isinstance(message, bytes):
        content |= {"content": message, "headers": {"content-type": "message/rfc822"}}
    else:
        content["json"] = _form(message)
    return Call("POST", "/classify", _model(Classification), content)


def batch(messages: Sequence[Message], explain: bool) -> Call[list[Classification | Problem]]:
    content: dict[str, Any] = {"json": {"messages": [_form(message) for message in messages]}}
    if explain:
        content["params"] = {"explain": "true"}
    return Call(
        "POST", "/classify/batch", lambda response: _model(Batch)(response).results, content
    )


def _form(message: Message) -> dict[str, str]:
    if isinstance(message, bytes):
        return {"raw": base64.b64encode(message).decode("ascii")}
    if isinstance(message, FieldsForm):
        return message.model_dump()
    return {"text": message}


def sort(numbers: Sequence[float], order: str) -> Call[Sorting]:
    content = {"json": {"numbers": list(numbers), "order": order}}
    return Call("POST", "/sort", _model(Sorting), content)


def correct(entry_id: str, label: Label) -> Call[None]:
    return Call("POST", "/feedback", _nothing, {"json": {"id": entry_id, "label": label}})


def take_back(entry_id: str) -> Call[None]:
    return Call("DELETE", f"/feedback/{entry_id}", _nothing)


def history(wanted: dict[str, Any], cursor: str | None) -> Call[HistoryPage]:
    params = {name: value for name, value in wanted.items() if value is not None}
    if cursor is not None:
        params["cursor"] = cursor
    return Call("GET", "/history", _model(HistoryPage), {"params": params})


def entry(entry_id: str) -> Call[HistoryDetail]:
    return Call("GET", f"/history/{entry_id}", _model(HistoryDetail))


SERVED = Call("GET", "/model", _model(ServedModel))


def headers(key: str | None) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"} if key else {}


def read(call: Call[R], response: httpx.Response) -> R:
    """Raises ServiceError for a refusal, and for an answer of some other server."""
    if not response.is_success:
        raise refusal(response)
    try:
        return call.read(response)
    except ValidationError:
        raise ServiceError(f"{response.url} is no service of this version") from None


def refusal(response: httpx.Response) -> ServiceError:
    """What the service said, in its own words if it has any."""
    wait = _retry_after(response)
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        reason = f"HTTP {response.status_code} {response.reason_phrase}"
        return ServiceError(reason, retry_after=wait)
    reason = f"{problem.title} ({problem.status}): {problem.detail}"
    return ServiceError(reason, problem, wait)


def unreachable(url: httpx.URL, error: httpx.TransportError) -> ServiceError:
    return ServiceError(f"{url} does not answer: {error or type(error).__name__}")


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds, given as such or as a date; None: it does not say, or nothing that can be read."""
    value = response.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
