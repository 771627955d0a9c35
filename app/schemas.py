"""Requests and responses, as the OpenAPI document shows them.

Request bodies are read by `app.inputs`; the models of them here check one form each.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

PROBLEM_TYPE = "application/problem+json"


class Fault(BaseModel):
    """One thing that is wrong with a request, and where."""

    pointer: str | None = Field(None, description="JSON pointer (RFC 6901) into the body.")
    parameter: str | None = Field(None, description="Name of the query parameter.")
    reason: str


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(description="URI of the kind of problem; about:blank: as the status says.")
    title: str
    status: int
    detail: str
    instance: str = Field(description="URI of this occurrence.")
    request_id: str
    errors: list[Fault] | None = Field(None, description="Of a 422: what is wrong, and where.")


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


# Something that is no white space to Python; app.inputs says so in a sentence of its own.
SAYS_SOMETHING: JsonDict = {
    "pattern": r"[^\x09-\x0d\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
}
_BASE64 = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$"


class TextForm(_Form):
    """What a person pastes: plain text, `Subject:` line and body, HTML or a mail's source."""

    text: str = Field(
        json_schema_extra=SAYS_SOMETHING, examples=["You have won a prize, click here"]
    )


class FieldsForm(_Form):
    """Subject and body apart; either may be missing. The body may be HTML."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [name], "properties": {name: SAYS_SOMETHING}}
                for name in ("subject", "body")
            ]
        }
    )

    subject: str = Field("", examples=["Thursday"])
    body: str = Field("", examples=["Shall we move the review to 3pm? Room 4 is free."])


class RawForm(_Form):
    """A whole mail (RFC 5322), base64-encoded."""

    raw: str = Field(
        json_schema_extra={"contentEncoding": "base64", "pattern": _BASE64},
        examples=["U3ViamVjdDogaGVsbG8KClNlZSB5b3Ugb24gVHVlc2RheS4K"],
    )


MessageForm = TextForm | FieldsForm | RawForm


class BatchForm(_Form):
    """Many messages, each in any form."""

    messages: list[MessageForm]


class SortForm(_Form):
    """Numbers to sort; integers and fractions may be mixed."""

    numbers: list[int | float] = Field(
        min_length=1,
        description="At most HAMLET_MAX_NUMBERS; within the range of double precision.",
        examples=[[3, 1.5, -2, 1e-9]],
    )
    order: Literal["ascending", "descending"] = "ascending"


class CorrectionForm(_Form):
    """What a message is, whatever the network said."""

    id: str = Field(
        min_length=1,
        max_length=64,
        description="Of an answer to POST /classify.",
        examples=["01a2083537ee7936b230cca16b1a17e6"],
    )
    label: Literal["spam", "ham"]


class CorrectionBatchForm(_Form):
    """Many corrections; of two of the same message the last one stands."""

    corrections: list[CorrectionForm]


class ModelName(BaseModel):
    """The network that answered."""

    name: str
    version: str


class Tokens(BaseModel):
    """How much of the message the network read."""

    used: int
    total: int


class Timing(BaseModel):
    """Milliseconds: waiting for the network, and the pass that the message shared."""

    queue: float
    inference: float


class WordWeight(BaseModel):
    """How far a stretch of the message moved the verdict; positive is towards spam."""

    field: Literal["subject", "body"]
    start: int = Field(description="Offset, in Unicode code points, into the decoded field.")
    end: int
    sent_start: int | None = Field(
        None,
        description="The same into the text that was sent: the member `text`, a plain body, or the "
        "member of the field. Not there for what was decoded or rendered first.",
    )
    sent_end: int | None = None
    text: str
    weight: float
    unknown: bool = Field(description="The vocabulary lacks it: it is known by its letters alone.")


class Unread(BaseModel):
    """What of the message the networks did not see, or did not know."""

    truncated_words: int = Field(description="Beyond the last word that is read.")
    unknown_words: int = Field(description="Of those the recurrence reads, not in the vocabulary.")
    hidden_characters: int = Field(description="Of HTML, hidden from a reader by its styles.")


class Classification(BaseModel):
    """The verdict on one message."""

    id: str = Field(description="Names the message in the request log.")
    label: Literal["spam", "ham", "unsure"]
    spam_probability: Annotated[float, Field(ge=0, le=1)]
    source: Literal["model", "correction"] = Field(
        description="Whose word the label is: the network's, or that of a person who corrected "
        "this message before."
    )
    threshold: float = Field(description="From this probability on the network says spam.")
    ham_threshold: float = Field(description="Below this one it says ham, between them unsure.")
    model: ModelName
    tokens: Tokens
    explanation: list[WordWeight] | None = Field(
        None, description="The strongest words first; there when asked for by ?explain=true."
    )
    unread: Unread | None = Field(None, description="There with an explanation.")
    timing_ms: Timing


class Sorting(BaseModel):
    """Numbers in the order that the network put them in: checked, never corrected."""

    id: str = Field(description="Names the list in the request log.")
    sorted: list[int | float] = Field(description="The very numbers that came in.")
    permutation: list[int] = Field(description="Where each of them stood; equal ones in order.")
    exact: bool = Field(description="Whether the order is right.")
    first_break: int | None = Field(
        None,
        description="When it is not: the first position in `sorted` with a number that "
        "should stand before the one in front of it.",
    )
    model: ModelName
    attention: list[list[float]] | None = Field(
        None,
        description="How the pointer was spread over the input, one row a step; there when asked "
        "for by ?attention=true.",
    )
    timing_ms: Timing


class Batch(BaseModel):
    """One result a message, in order; a message that failed has its problem in its place."""

    results: list[Classification | Problem]


class Corrected(BaseModel):
    """A correction of a batch that was kept."""

    id: str
    status: Literal[204] = 204


class CorrectedBatch(BaseModel):
    """One result a correction, in order; one that was not kept has its problem in its place."""

    results: list[Corrected | Problem]


class HistoryEntry(BaseModel):
    """A message that was classified, as the request log has it."""

    id: str
    created_at: datetime
    label: Literal["spam", "ham", "unsure"] = Field(description="As answered.")
    spam_probability: float
    threshold: float
    source: str = Field(description="The form the message came in.")
    decided_by: Literal["model", "correction"]
    corrected: Literal["spam", "ham"] | None = Field(description="What somebody said of it since.")
    corrected_at: datetime | None
    key_id: str | None = Field(description="The key that asked.")
    model_version: str
    tokens: Tokens
    content_bytes: int
    subject: str | None = Field(description="Kept only if the operator wants texts kept.")


class HistoryDetail(HistoryEntry):
    """The same with the text."""

    body: str | None = Field(description="Kept only if the operator wants texts kept.")


class HistoryPage(BaseModel):
    """Entries, newest first."""

    entries: list[HistoryEntry]
    next: str | None = Field(description="The cursor of the next page; null: there is no more.")


class Thresholds(BaseModel):
    """From which probabilities on a message is called spam, and unsure."""

    spam: float
    unsure: float
    shipped: float = Field(description="That of the checkpoint's published measures.")
    target_fpr: float = Field(description="The share of good mail that `spam` is for.")
    unsure_fpr: float = Field(description="The share of good mail that `unsure` is for.")


class ServedSorter(BaseModel):
    """What sorts numbers."""

    name: str
    version: str
    info: dict[str, Any]


class ServedModel(BaseModel):
    """What answers."""

    name: str
    version: str
    device: str
    thresholds: Thresholds
    info: dict[str, Any]
    sorter: ServedSorter


class Status(BaseModel):
    """The answer to a probe."""

    status: Literal["alive", "ready"]
