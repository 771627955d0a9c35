"""Whatever comes in is a message or an error of the caller; a caller that leaves is let go."""

import asyncio
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request

from app.errors import HamletError
from app.exchange import unless_gone
from app.inputs import JSON, PLAIN, RFC822, Submission, read_body, read_form, read_line
from app.strings import encodable, printable, storable

ANY_TEXT = st.text(st.characters())  # surrogates and NUL are among them
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["text", "subject", "body", "raw", "other"])


def outcome_of(read: Callable[[], Submission]) -> Submission | HamletError:
    try:
        return read()
    except HamletError as error:
        return error


@given(st.sampled_from([JSON, RFC822, PLAIN, "text/plain; charset=utf-7"]), st.binary())
def test_any_bytes(content_type: str, body: bytes) -> None:
    outcome = outcome_of(lambda: read_body(content_type, body))
    assert isinstance(outcome, Submission) or 400 <= outcome.status < 500


@given(VALUES | st.dictionaries(NAMES, VALUES))
def test_any_json(value: object) -> None:
    body = json.dumps(value).encode()
    for outcome in (outcome_of(lambda: read_form(value)), outcome_of(lambda: read_line(body))):
        if isinstance(outcome, HamletError):
            assert outcome.status == 422
            assert outcome.faults
            outcome.detail.encode()


@given(ANY_TEXT)
def test_strings_become_safe_without_moving(text: str) -> None:
    for safe in (encodable(text), storable(text)):
        assert len(safe) == len(text)
        safe.encode()
    assert "\0" not in storable(text)
    assert printable(text, 10).isprintable()
    assert len(printable(text, 10)) <= 11


def request_that(*messages: dict[str, object]) -> Request:
    """A request of which these ASGI messages are still to be received, and then none."""
    left = list(messages)

    async def receive() -> dict[str, object]:
        if left:
            return left.pop(0)
        await asyncio.Event().wait()
        return {}

    return Request({"type": "http"}, receive)


def test_work_ends_with_the_caller() -> None:
    async def scenario() -> None:
        began = asyncio.Event()
        dropped = False

        async def work() -> None:
            nonlocal dropped
            began.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                dropped = True
                raise

        with pytest.raises(ClientDisconnect):
            await unless_gone(request_that({"type": "http.disconnect"}), work())
        await asyncio.sleep(0)
        assert began.is_set()
        assert dropped

    asyncio.run(scenario())


def test_work_of_a_caller_that_stays_is_done() -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        return "done"

    async def fail() -> str:
        raise LookupError

    async def scenario() -> None:
        assert await unless_gone(request_that(), work()) == "done"
        with pytest.raises(LookupError):
            await unless_gone(request_that(), fail())

    asyncio.run(scenario())
