"""The inbox: what its form asks of the request log, and entries as the page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel, Field

from app.forms import fill
from app.highlight import Shown, show
from app.queries.history import Filter
from app.schemas import HistoryEntry

PATH = "/inbox"
_SUBJECT_CHARACTERS = 200
Percent = Annotated[float | None, Field(ge=0, le=100, allow_inf_nan=False)]


class InboxForm(BaseModel):
    """The form above the list, and the place in it. A field that was left empty is not there."""

    label: Literal["spam", "unsure", "ham"] | None = None
    corrected: bool | None = None
    at_least: Percent = None
    at_most: Percent = None
    since: date | None = None
    until: date | None = Field(None, description="This day is included.")
    text: Annotated[str | None, Field(max_length=200)] = None
    key: Annotated[str | None, Field(max_length=16)] = None
    cursor: Annotated[str | None, Field(pattern="^[0-9a-f]{32}$")] = None

    def filter(self) -> Filter:
        """What the request log is asked for."""
        last = self.until if self.until != date.max else None  # no day comes after that one
        return Filter(
            after=_midnight(self.since) if self.since else None,
            before=_midnight(last) + timedelta(days=1) if last else None,
            label=self.label,
            min_probability=None if self.at_least is None else self.at_least / 100,
            max_probability=None if self.at_most is None else self.at_most / 100,
            corrected=self.corrected,
            key=self.key,
            text=self.text,
        )

    def url(self, *, cursor: str | None) -> str:
        """The same list from another place on."""
        asked = self.model_dump(mode="json", exclude_none=True, exclude={"cursor"})
        return address(urlencode(asked | ({"cursor": cursor} if cursor else {})))


class CorrectionButton(BaseModel):
    """The button that was pressed, and the query of the list to go back to."""

    label: Literal["spam", "ham", "none"]
    back: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of the list; its subject in pieces, None if it was not kept."""

    entry: HistoryEntry
    subject: Shown | None


def read_query(query: Mapping[str, str]) -> InboxForm:
    """Raises InvalidRequest. Browsers send the fields that are empty, too."""
    return fill(InboxForm, {name: value for name, value in query.items() if value.strip()})


def line(entry: HistoryEntry) -> Line:
    """An entry as the list shows it."""
    if entry.subject is None:
        return Line(entry, None)
    return Line(entry, show(entry.subject, most=_SUBJECT_CHARACTERS))


def address(query: str, entry_id: str = "") -> str:
    """A place in the inbox. Whatever came as a query is one again: no other page, no header."""
    fields = urlencode(parse_qsl(query))
    place = f"#e-{entry_id}" if entry_id else ""
    return f"{PATH}?{fields}{place}" if fields else PATH + place


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
