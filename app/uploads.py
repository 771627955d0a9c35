"""The page's form -> Submission: a mail's file, or pasted text."""

from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from app.errors import BadRequest, UnsupportedMediaType
from app.inputs import RFC822, Submission, media_type, read_body, read_form

FORM = "multipart/form-data"
_MOST_FIELDS = 8


@dataclass(frozen=True, slots=True)
class Upload:
    """What the form holds: the bytes of a chosen file, and what stood in the text field."""

    file: bytes
    text: str

    def read(self) -> Submission:
        """To be called in a thread. A file goes before text. Raises InvalidRequest."""
        return read_body(RFC822, self.file) if self.file else read_form({"text": self.text})


async def read_upload(request: Request, most_bytes: int) -> Upload:
    """Read a multipart form in memory: no message is written to a temporary file.

    Raises BadRequest, UnsupportedMediaType, and what reading the body raises.
    """
    content_type = request.headers.get("content-type", "")
    if media_type(content_type) != FORM:
        raise UnsupportedMediaType(f"The form must be sent as {FORM}.")
    if "charset" in content_type.lower():  # no browser says so; some codecs take quadratic time
        raise BadRequest(f"{FORM} has no charset.")
    parser = MultiPartParser(
        request.headers,
        request.stream(),
        max_files=1,
        max_fields=_MOST_FIELDS,
        max_part_size=most_bytes,
    )
    parser.spool_max_size = most_bytes
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise BadRequest(f"The form cannot be read: {error.message}") from None
    try:
        file, text = form.get("file"), form.get("text")
        return Upload(
            file=await file.read() if isinstance(file, UploadFile) else b"",
            # Forms send CR LF for the line breaks that were pasted.
            text=text.replace("\r\n", "\n") if isinstance(text, str) else "",
        )
    finally:
        await form.close()
