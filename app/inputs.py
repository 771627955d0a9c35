"""The forms a message can come in -> Submission. Pure and CPU-bound: runs in a worker thread.

Raises BadRequest, UnsupportedMediaType and InvalidRequest.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message as Headers
from typing import Any, Literal

from pydantic import ValidationError

from app.errors import BadRequest, InvalidRequest, UnsupportedMediaType
from app.schemas import Fault, FieldsForm, RawForm, TextForm
from app.strings import printable
from model.mime import Message, decode, from_fields, from_text, parse

JSON, NDJSON, RFC822, PLAIN = (
    "application/json",
    "application/x-ndjson",
    "message/rfc822",
    "text/plain",
)
Source = Literal["text", "fields", "raw", "rfc822", "plain"]

_FORMS: dict[str, type[TextForm | FieldsForm | RawForm]] = {
    "text": TextForm,
    "subject": FieldsForm,
    "body": FieldsForm,
    "raw": RawForm,
}
_EXACTLY_ONE = 'give exactly one of "text", "raw", or "subject" and "body"'
_WHITE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Submission:
    """A message as it came in. `content` is what its hash and its size are taken of. `offsets`: how
    far into the text that was sent its subject and body begin, of those that stand there as they
    are; what was decoded or rendered has no place in it."""

    source: Source
    content: bytes
    message: Message
    offsets: Mapping[str, int] = field(default_factory=dict)


def media_type(content_type: str) -> str:
    """The type alone, in lower case: `text/plain; charset=x` -> `text/plain`."""
    return content_type.partition(";")[0].strip().lower()


def check_type(content_type: str, *accepted: str) -> None:
    """Raises UnsupportedMediaType; to be asked before a body is read."""
    if media_type(content_type) not in accepted:
        got = printable(content_type) or "none"
        raise UnsupportedMediaType(f"Content-Type is {got}; send {' or '.join(accepted)}.")


def read_body(content_type: str, body: bytes) -> Submission:
    """One message that is a whole request body of one of the accepted types."""
    kind = media_type(content_type)
    if kind == JSON:
        return read_form(load_json(body))
    if not body.strip():
        raise InvalidRequest(Fault(reason="the message is empty"))
    if kind == RFC822:
        return Submission("rfc822", body, parse(body))
    text = decode(body, _charset(content_type))
    message = from_text(text)
    return Submission("plain", body, message, _offsets(text, message))


def read_line(line: bytes) -> Submission:
    """One message that is a line of NDJSON."""
    return read_form(load_json(line))


def load_json(body: bytes) -> object:
    """Parse JSON (RFC 8259: UTF-8; a byte order mark is forgiven). Raises BadRequest."""
    try:
        parsed: object = json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadRequest(f"The body is not UTF-8: byte {error.start} is wrong.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise BadRequest(f"The body is not JSON: {error.msg} at {where}.") from None
    except RecursionError:
        raise BadRequest("The body is not JSON that can be read: it nests too deeply.") from None
    except ValueError:  # an integer of thousands of digits
        raise BadRequest("The body is not JSON that can be read: a number is too long.") from None
    return parsed


def read_form(value: object) -> Submission:
    """One message as a JSON value."""
    members = json_object(value)
    form = _pick(members)
    try:
        filled = form.model_validate(members)
    except ValidationError as error:
        raise InvalidRequest(*member_faults(error)) from None
    if isinstance(filled, TextForm):
        return _from_text(filled.text)
    if isinstance(filled, FieldsForm):
        return _from_fields(filled)
    return _from_raw(filled.raw)


def form_size(value: object) -> int:
    """About how many bytes of text are in a message as a JSON value."""
    texts = value.values() if isinstance(value, dict) else ()
    return sum(len(text) for text in texts if isinstance(text, str))


def read_batch(body: bytes, most: int) -> list[object]:
    """The messages of a JSON batch, each still to be read."""
    members = json_object(load_json(body))
    if members.keys() != {"messages"} or not isinstance(members["messages"], list):
        raise InvalidRequest(Fault(pointer="", reason='give one member, the list "messages"'))
    messages: list[object] = members["messages"]
    if len(messages) > most:
        reason = f"{len(messages)} messages; at most {most} in one batch, or stream {NDJSON}"
        raise InvalidRequest(Fault(pointer="/messages", reason=reason))
    return messages


def json_object(value: object) -> dict[str, Any]:
    """Raises InvalidRequest for any other JSON value."""
    if not isinstance(value, dict):
        raise InvalidRequest(Fault(pointer="", reason="must be a JSON object"))
    return value


def _pick(members: dict[str, Any]) -> type[TextForm | FieldsForm | RawForm]:
    unknown = [name for name in members if name not in _FORMS]
    if unknown:
        raise InvalidRequest(*(Fault(pointer=pointer(n), reason="unknown") for n in unknown[:10]))
    forms = {_FORMS[name] for name in members}
    if len(forms) != 1:
        got = " and ".join(f'"{name}"' for name in members) or "none of them"
        raise InvalidRequest(Fault(pointer="", reason=f"{_EXACTLY_ONE}, not {got}"))
    return forms.pop()


def member_faults(error: ValidationError) -> Iterator[Fault]:
    """What pydantic found wrong with the members of an object; their values are not repeated."""
    for fault in error.errors(include_url=False, include_input=False):
        yield Fault(pointer=pointer(str(fault["loc"][0])), reason=fault["msg"])


def pointer(name: str) -> str:
    """A JSON pointer (RFC 6901) to a member of the body."""
    return "/" + printable(name).replace("~", "~0").replace("/", "~1")


def _from_text(text: str) -> Submission:
    if not text.strip():
        raise InvalidRequest(Fault(pointer="/text", reason="the message is empty"))
    message = from_text(text)
    content = text.encode("utf-8", "surrogatepass")
    return Submission("text", content, message, _offsets(text, message))


def _from_fields(form: FieldsForm) -> Submission:
    if not (form.subject.strip() or form.body.strip()):
        raise InvalidRequest(Fault(pointer="", reason="the message is empty"))
    content = f"{form.subject}\0{form.body}".encode("utf-8", "surrogatepass")
    message = from_fields(form.subject, form.body)
    offsets = {"subject": 0, "body": 0} if message.body == form.body else {"subject": 0}
    return Submission("fields", content, message, offsets)


def _offsets(text: str, message: Message) -> dict[str, int]:
    if not message.body or not text.endswith(message.body):
        return {}
    body = len(text) - len(message.body)
    subject = text.find(message.subject, 0, body) if message.subject else -1
    return {"body": body} | ({"subject": subject} if subject >= 0 else {})


def _from_raw(text: str) -> Submission:
    """base64 (RFC 4648, section 4) with or without line breaks."""
    try:
        raw = base64.b64decode(_WHITE.sub("", text), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest(Fault(pointer="/raw", reason="must be base64")) from None
    if not raw.strip():
        raise InvalidRequest(Fault(pointer="/raw", reason="the message is empty"))
    return Submission("raw", raw, parse(raw))


def _charset(content_type: str) -> str:
    headers = Headers()
    headers["Content-Type"] = content_type
    return headers.get_content_charset("")
