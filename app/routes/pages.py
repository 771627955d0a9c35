"""GET / and POST /: the first page for people. The form works with and without JavaScript: the
result is rendered here in either case, and a script puts it in place without a new page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from app.classification import Classifier
from app.dependencies import MayClassify, Numbers, RequestName, SettingsInUse, Spam
from app.errors import HamletError
from app.exchange import unless_gone
from app.forms import check_same_origin
from app.highlight import Shown, Word, listed, show
from app.inputs import Submission
from app.page import PART, PageRoute, render
from app.schemas import Classification
from app.settings import ROOT, Settings
from app.sorting import Sorter
from app.uploads import read_upload

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_MOST_ECHOED = 100_000  # characters put back into the text field; browsers are slow with more


@dataclass(frozen=True, slots=True)
class Result:
    """A verdict and the message it is about, as the page shows them."""

    answer: Classification
    subject: Shown
    body: Shown
    words: list[Word]


def static_files() -> StaticFiles:
    """What the pages load."""
    return StaticFiles(directory=ROOT / "app" / "static")


@router.get("/")
async def page(
    request: Request, spam: Spam, numbers: Numbers, settings: SettingsInUse, _: MayClassify
) -> Response:
    """Two panels: classify a message, sort numbers."""
    return render(request, "index.html", _about(spam, numbers, settings))


@router.post("/")
async def classify_form(
    request: Request,
    spam: Spam,
    numbers: Numbers,
    settings: SettingsInUse,
    request_id: RequestName,
    caller: MayClassify,
) -> Response:
    """The same page with the verdict on the message that the form holds, or what is wrong."""
    check_same_origin(request)
    upload = await read_upload(request, settings.max_body_bytes)
    outcome: Mapping[str, object]
    try:
        submission = await spam.in_thread(upload.read)
        size = len(submission.content)
        asked = spam.classify(
            lambda: submission, size, request_id, explain=True, key_id=caller.key_id
        )
        answer = await unless_gone(request, asked)
        outcome, status = {"result": result(answer, submission)}, 200
    except HamletError as error:
        outcome, status = {"problem": error}, error.status
    if request.headers.get(PART):
        return render(request, "_result.html", outcome, status)
    text = upload.text if len(upload.text) <= _MOST_ECHOED else ""
    context = {**_about(spam, numbers, settings), **outcome, "text": text}
    return render(request, "index.html", context, status)


def result(answer: Classification, submission: Submission) -> Result:
    """Put the words where they stand in the message."""
    message, words = submission.message, answer.explanation or []
    fields = {"subject": message.subject, "body": message.body}
    largest = max((abs(word.weight) for word in words), default=0.0)
    return Result(
        answer,
        show(message.subject, [word for word in words if word.field == "subject"]),
        show(message.body, [word for word in words if word.field == "body"]),
        [listed(fields[word.field], word, largest) for word in words],
    )


def _about(spam: Classifier[Any], numbers: Sorter, settings: Settings) -> dict[str, object]:
    return {
        "classifier": spam.predictor,
        "threshold": spam.verdict.spam_from,
        "ham_threshold": spam.verdict.ham_below,
        "sorter": numbers.predictor,
        "most_numbers": settings.max_numbers,
        "stores": settings.store_text,
    }
