"""A list of numbers as JSON -> SortRequest. Pure. Raises BadRequest and InvalidRequest."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from app.errors import InvalidRequest
from app.inputs import json_object, load_json, pointer
from app.schemas import Fault

Number = int | float
_ORDERS = ("ascending", "descending")
_MOST_FAULTS = 10


@dataclass(frozen=True, slots=True)
class SortRequest:
    """What came in: the very numbers, never converted."""

    numbers: list[Number]
    descending: bool

    def content(self) -> bytes:
        """What its hash is taken of and what is stored: the numbers as JSON."""
        return json.dumps(self.numbers).encode()


def read_sort(body: bytes, most: int) -> SortRequest:
    """A request body. `most` is how many numbers it may hold."""
    members = json_object(load_json(body))
    if unknown := [name for name in members if name not in ("numbers", "order")]:
        raise InvalidRequest(*(Fault(pointer=pointer(n), reason="unknown") for n in unknown[:10]))
    order = members.get("order", "ascending")
    if order not in _ORDERS:
        raise InvalidRequest(Fault(pointer="/order", reason=f"must be {' or '.join(_ORDERS)}"))
    if "numbers" not in members:
        raise InvalidRequest(Fault(pointer="", reason='give the list "numbers"'))
    return SortRequest(_numbers(members["numbers"], most), order == "descending")


def _numbers(values: object, most: int) -> list[Number]:
    if not isinstance(values, list):
        raise InvalidRequest(Fault(pointer="/numbers", reason="must be a list of numbers"))
    if not values:
        raise InvalidRequest(Fault(pointer="/numbers", reason="the list is empty"))
    if len(values) > most:
        reason = f"{len(values)} numbers; at most {most} in one list"
        raise InvalidRequest(Fault(pointer=f"/numbers/{most}", reason=reason))
    if faults := list(islice(_faults(values), _MOST_FAULTS)):
        raise InvalidRequest(*faults)
    return values


def _faults(values: list[object]) -> Iterator[Fault]:
    for index, value in enumerate(values):
        if reason := _wrong(value):
            yield Fault(pointer=f"/numbers/{index}", reason=reason)


def _wrong(value: object) -> str | None:
    # A bool is an int to Python, not to JSON.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "must be a number"
    try:
        finite = math.isfinite(value)
    except OverflowError:
        return "must be within the range of double precision"
    return None if finite else "must be finite"
