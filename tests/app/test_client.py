"""The client against the service on a real socket, and against servers that misbehave."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from app.calls import Message, refusal
from app.client import AsyncClient, Client, FieldsForm, Retries, ServiceError
from app.schemas import Classification, Problem
from app.settings import ROOT
from tests.app.test_socket import Server, running


@pytest.fixture
def service(database_path: Path) -> Iterator[Server]:
    with running(database_path) as server:
        yield server


AT_ONCE = Retries(times=3, first_pause=0.0)
MAIL = b"From: a@mail.example\r\nSubject: viagra\r\n\r\nfor you\r\n"


def test_every_call(service: Server) -> None:
    with Client(service.url) as hamlet:
        answer = hamlet.classify("cheap viagra", explain=True)
        assert answer.label == "spam"
        assert answer.explanation
        assert answer.explanation[0].text == "viagra"
        assert hamlet.classify(MAIL).label == "spam"
        assert hamlet.classify(FieldsForm(subject="hello", body="you")).label == "ham"
        hamlet.correct(answer.id, "ham")
        assert hamlet.classify("cheap viagra").source == "correction"
        hamlet.take_back(answer.id)
        assert hamlet.classify("cheap viagra").source == "model"
        assert hamlet.entry(answer.id).label == "spam"
        assert len(list(hamlet.history(limit=2))) == 5
        assert len(list(hamlet.history(label="ham"))) == 2
        assert hamlet.sort([3, 1, 2], "descending").sorted == [3, 2, 1]
        assert hamlet.model().name == "classifier"


def test_many_messages_come_back_in_order_and_bad_ones_in_their_place(service: Server) -> None:
    with Client(service.url) as hamlet:
        messages: list[Message] = [
            "viagra",
            "",
            MAIL,
            *(f"hello {n}" for n in range(200)),
            "viagra",
        ]
        results = list(hamlet.classify_many(iter(messages)))
    assert len(results) == len(messages)
    assert [type(r) for r in results[:3]] == [Classification, Problem, Classification]
    labels = [r.label for r in results if isinstance(r, Classification)]
    assert labels == ["spam", "spam", *["ham"] * 200, "spam"]


def test_every_call_can_be_awaited(service: Server) -> None:
    async def scenario() -> None:
        async with AsyncClient(service.url) as hamlet:
            answers = await asyncio.gather(*(hamlet.classify(f"viagra {n}") for n in range(5)))
            assert {answer.label for answer in answers} == {"spam"}
            results = [r async for r in hamlet.classify_many(["hello", ""])]
            assert [type(r) for r in results] == [Classification, Problem]
            await hamlet.correct(answers[0].id, "ham")
            await hamlet.take_back(answers[0].id)
            assert len([e async for e in hamlet.history(limit=4)]) == 6
            assert (await hamlet.entry(answers[0].id)).source == "text"
            assert (await hamlet.sort([2, 1])).exact
            assert (await hamlet.model()).name == "classifier"

    asyncio.run(scenario())


def test_a_refusal_is_told_in_the_services_own_words(service: Server) -> None:
    with Client(service.url) as hamlet, pytest.raises(ServiceError, match="empty") as caught:
        hamlet.classify("")
    assert caught.value.problem
    assert caught.value.problem.status == 422


Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def server(answers: Callable[[int], Answer | None]) -> Iterator[tuple[str, list[float]]]:
    """One that answers its n-th request so, or hangs up; and when its requests came."""
    came: list[float] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            came.append(datetime.now(UTC).timestamp())
            answer = answers(len(came))
            if answer is None:
                self.close_connection = True
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}", came
        finally:
            listening.shutdown()
            thread.join()


GOOD = (
    b'{"id": "1", "sorted": [1, 2], "permutation": [1, 0], "exact": true, '
    b'"model": {"name": "sorter", "version": "1"}, "timing_ms": {"queue": 0, "inference": 0}}'
)


@pytest.mark.parametrize("bad", [(503, {}, b""), (429, {"retry-after": "0"}, b"slow down"), None])
def test_what_may_pass_is_tried_again(bad: Answer | None) -> None:
    with server(lambda n: (200, {}, GOOD) if n == 3 else bad) as (url, came):
        with Client(url, retries=AT_ONCE) as hamlet:
            assert hamlet.sort([2, 1]).sorted == [1, 2]
        assert len(came) == 3
    with server(lambda n: (200, {}, GOOD) if n == 3 else bad) as (url, came):

        async def scenario() -> None:
            async with AsyncClient(url, retries=AT_ONCE) as hamlet:
                assert (await hamlet.sort([2, 1])).sorted == [1, 2]

        asyncio.run(scenario())
        assert len(came) == 3


def test_after_all_tries_the_last_refusal_is_told() -> None:
    with server(lambda _: (503, {}, b"")) as (url, came):
        with (
            Client(url, retries=AT_ONCE) as hamlet,
            pytest.raises(ServiceError, match="HTTP 503"),
        ):
            hamlet.sort([2, 1])
        assert len(came) == 4


def test_the_service_is_left_alone_as_long_as_it_asks() -> None:
    def answers(n: int) -> Answer:
        return (200, {}, GOOD) if n == 2 else (429, {"retry-after": "1"}, b"")

    with server(answers) as (url, came):
        with Client(url, retries=AT_ONCE) as hamlet:
            hamlet.sort([2, 1])
        assert came[1] - came[0] >= 1


@pytest.mark.parametrize("status", [400, 401, 404, 422, 500])
def test_what_will_not_pass_is_not_tried_again(status: int) -> None:
    with server(lambda _: (status, {}, b"")) as (url, came):
        with Client(url, retries=AT_ONCE) as hamlet, pytest.raises(ServiceError):
            hamlet.sort([2, 1])
        assert len(came) == 1


def test_an_answer_of_something_else_is_no_answer() -> None:
    with (
        server(lambda _: (200, {}, b"<html>hello</html>")) as (url, _),
        Client(url) as hamlet,
        pytest.raises(ServiceError, match="no service"),
    ):
        hamlet.sort([2, 1])


def test_nobody_there_is_said() -> None:
    with (
        Client("http://127.0.0.1:1", retries=AT_ONCE) as hamlet,
        pytest.raises(ServiceError, match="does not answer"),
    ):
        hamlet.model()


def test_a_date_is_understood_too() -> None:
    for seconds, least in ((100, 90), (-100, 0)):
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
        wait = refusal(httpx.Response(429, headers={"retry-after": date})).retry_after
        assert wait is not None
        assert least <= wait <= max(0, seconds)


@pytest.mark.parametrize("value", ["", "soon", "-1"])
def test_what_is_neither_seconds_nor_a_date_is_none(value: str) -> None:
    assert refusal(httpx.Response(429, headers={"retry-after": value})).retry_after is None


def test_to_import_it_takes_no_torch() -> None:
    code = "import sys, app.client; sys.exit('torch' in sys.modules or 'fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
