"""What people say of a verdict: read from a request, kept in the database."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import ValidationError

from app.database import DATABASE_ERRORS, Database
from app.errors import InvalidRequest, LogUnavailable, NotFound
from app.inputs import json_object, load_json, member_faults
from app.queries import feedback
from app.schemas import CorrectionForm, Fault

_UNKNOWN = "No message of this id is in the request log."


def read_correction(body: bytes) -> CorrectionForm:
    """A request body. Raises BadRequest and InvalidRequest."""
    return _form(load_json(body))


def read_corrections(body: bytes, most: int) -> list[CorrectionForm | InvalidRequest]:
    """The body of a batch; what is no correction has its error in its place. Raises BadRequest and
    InvalidRequest when it is no batch."""
    members = json_object(load_json(body))
    if members.keys() != {"corrections"} or not isinstance(members["corrections"], list):
        raise InvalidRequest(Fault(pointer="", reason='give one member, the list "corrections"'))
    values = members["corrections"]
    if len(values) > most:
        reason = f"{len(values)} corrections; at most {most} in one batch"
        raise InvalidRequest(Fault(pointer="/corrections", reason=reason))
    return [_form_or_error(value) for value in values]


async def correct(
    database: Database, corrections: Sequence[CorrectionForm], by: str | None
) -> list[NotFound | None]:
    """Keep all of them in one transaction; for each None, or NotFound when its id names no request.

    Raises LogUnavailable: nothing is kept then.
    """
    now = datetime.now(UTC)
    said = [feedback.Correction(c.id, c.label, now, by) for c in corrections]
    try:
        async with database.write() as connection:
            unknown = await feedback.correct(connection, said)
    except DATABASE_ERRORS:
        raise LogUnavailable("The correction could not be written.") from None
    return [NotFound(_UNKNOWN) if c.id in unknown else None for c in corrections]


async def take_back(database: Database, entry_id: str) -> None:
    """Forget the correction, if there is one. Raises NotFound, LogUnavailable."""
    try:
        async with database.write() as connection:
            found = await feedback.take_back(connection, entry_id)
    except DATABASE_ERRORS:
        raise LogUnavailable("The correction could not be taken back.") from None
    if not found:
        raise NotFound(_UNKNOWN)


def _form(value: object) -> CorrectionForm:
    try:
        return CorrectionForm.model_validate(json_object(value))
    except ValidationError as error:
        raise InvalidRequest(*member_faults(error)) from None


def _form_or_error(value: object) -> CorrectionForm | InvalidRequest:
    try:
        return _form(value)
    except InvalidRequest as error:
        return error
