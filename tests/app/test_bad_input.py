"""What is wrong is refused with a problem that says what, and the service goes on."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.settings import Settings
from tests.app.asserts import JSON, assert_problem
from tests.conftest import Rows, Serve

RFC822 = {"content-type": "message/rfc822"}
TOO_MUCH = Settings.model_fields["max_body_bytes"].default + 1

# name: (request, status, what the detail says)
BAD: dict[str, tuple[dict[str, Any], int, str]] = {
    "no body": ({"headers": JSON}, 400, "not JSON"),
    "not JSON": ({"content": b"text=hello", "headers": JSON}, 400, "line 1 column 1"),
    "half of a JSON": ({"content": b'{"text": "he', "headers": JSON}, 400, "not JSON"),
    "JSON of a thousand brackets": ({"content": b"[" * 100_000, "headers": JSON}, 400, "deep"),
    "a number of ten thousand digits": (
        {"content": b'{"text": ' + b"9" * 10_000 + b"}", "headers": JSON},
        400,
        "number",
    ),
    "UTF-8 that is none": (
        {"content": b'{"text": "\xff"}', "headers": JSON},
        400,
        "not UTF-8: byte 10",
    ),
    "UTF-16": ({"content": '{"text": "x"}'.encode("utf-16"), "headers": JSON}, 400, "UTF-8"),
    "a list": ({"json": ["hello"]}, 422, "object"),
    "null": ({"json": None, "headers": JSON, "content": b"null"}, 422, "object"),
    "no form at all": ({"json": {}}, 422, "exactly one"),
    "a number for text": ({"json": {"text": 5}}, 422, "/text"),
    "null for text": ({"json": {"text": None}}, 422, "/text"),
    "a list for a subject": ({"json": {"subject": [], "body": "x"}}, 422, "/subject"),
    "NaN for text": ({"content": b'{"text": NaN}', "headers": JSON}, 422, "/text"),
    "text and raw": (
        {"json": {"text": "hello", "raw": "aGVsbG8="}},
        422,
        'not "text" and "raw"',
    ),
    "text and subject": ({"json": {"text": "hello", "subject": "x"}}, 422, "exactly one"),
    "a typing error": ({"json": {"txet": "hello"}}, 422, "/txet"),
    "base64 that is none": ({"json": {"raw": "a*b="}}, 422, "base64"),
    "base64 cut short": ({"json": {"raw": "aGVsbG8"}}, 422, "base64"),
    "base64 with a letter of no alphabet": ({"json": {"raw": "aGVsbG8é"}}, 422, "base64"),
    "empty text": ({"json": {"text": ""}}, 422, "empty"),
    "white text": ({"json": {"text": " \n\t\u3000"}}, 422, "empty"),
    "empty fields": ({"json": {"subject": " ", "body": ""}}, 422, "empty"),
    "empty base64": ({"json": {"raw": ""}}, 422, "empty"),
    "base64 of white space": (
        {"json": {"raw": base64.b64encode(b"\r\n\r\n").decode()}},
        422,
        "empty",
    ),
    "a mail of no bytes": ({"content": b"", "headers": RFC822}, 422, "empty"),
    "a mail of blank lines": ({"content": b"\r\n\r\n", "headers": RFC822}, 422, "empty"),
    "no content type": ({"content": b"hello"}, 415, "none"),
    "a form": ({"data": {"text": "hello"}}, 415, "application/json"),
    "NDJSON, one at a time": (
        {"content": b"{}", "headers": {"content-type": "application/x-ndjson"}},
        415,
        "x-ndjson",
    ),
    "a mail that is too long": ({"content": b"a" * TOO_MUCH, "headers": RFC822}, 413, "bytes"),
    "a parameter of a wrong type": (
        {"json": {"text": "hello"}, "params": {"explain": "perhaps"}},
        422,
        "explain",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_refused(name: str, serve: Serve, rows: Rows) -> None:
    call, status, says = BAD[name]

    async def scenario() -> None:
        async with serve() as client:
            refused = await client.post("/classify", **call)
            assert says in assert_problem(refused, status)["detail"]
            good = await client.post("/classify", json={"text": "hello"})
            assert good.status_code == 200
        assert [row["id"] for row in rows()] == [good.json()["id"]]

    asyncio.run(scenario())


def test_fifty_megabytes_of_base64(serve: Serve) -> None:
    async def scenario() -> None:
        raw = base64.b64encode(bytes(50 * 10**6)).decode()
        async with serve() as client:
            assert_problem(await client.post("/classify", json={"raw": raw}), 413)
            assert (await client.post("/classify", json={"text": "hello"})).status_code == 200

    asyncio.run(scenario())


def test_bytes_are_counted_not_believed(serve: Serve) -> None:
    """Without a Content-Length, and with one that is too small."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 100

    async def scenario() -> None:
        async with serve(max_body_bytes=1000) as client:
            chunked = await client.post("/classify", content=chunks(), headers=RFC822)
            assert_problem(chunked, 413)
            liar = RFC822 | {"content-length": "5"}
            assert_problem(await client.post("/classify", content=b"x" * 1001, headers=liar), 413)
            fits = await client.post("/classify", content=b"x" * 1000, headers=RFC822)
            assert fits.status_code == 200

    asyncio.run(scenario())


def test_a_body_that_stops_coming_times_out(serve: Serve) -> None:
    async def stuck() -> AsyncIterator[bytes]:
        yield b"half"
        await asyncio.sleep(60)

    async def scenario() -> None:
        async with serve(body_timeout=0.1) as client:
            response = await client.post("/classify", content=stuck(), headers=RFC822)
            assert_problem(response, 408)

    asyncio.run(scenario())


def test_what_the_caller_sent_is_not_sent_back(serve: Serve) -> None:
    long = "secret" * 10_000
    calls: list[dict[str, Any]] = [
        {"json": {long: "x"}},
        {"json": {"text": [long]}},
        {"json": {"raw": long + "*"}},
        {"content": long.encode(), "headers": JSON},
        {"content": b"x", "headers": {"content-type": long}},
        {"json": {"text": "x"}, "params": {"explain": long}},
        {"content": json.dumps({f"{n}{long[:500]}": 1 for n in range(500)}), "headers": JSON},
    ]

    async def scenario() -> None:
        async with serve() as client:
            for call in calls:
                response = await client.post("/classify", **call)
                body = assert_problem(response, response.status_code)
                assert 400 <= body["status"] < 500
                assert len(response.content) < 5000
                assert "secret" * 12 not in response.text

    asyncio.run(scenario())


def test_a_pointer_says_where(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            content = json.dumps({"a/b~c": 1, "\ud800\n": 2})
            response = await client.post("/classify", content=content, headers=JSON)
        assert assert_problem(response, 422)["errors"] == [
            {"pointer": "/a~1b~0c", "reason": "unknown"},
            {"pointer": "/\ufffd\ufffd", "reason": "unknown"},
        ]

    asyncio.run(scenario())


def test_errors_of_the_router_are_problems_too(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            nowhere = await client.get("/nowhere/%0aHTTP/1.1")
            assert assert_problem(nowhere, 404)["type"] == "about:blank"
            method = await client.get("/classify")
            assert assert_problem(method, 405)["title"] == "Method Not Allowed"
            assert method.headers["allow"] == "POST"
            assert_problem(await client.post("/classify/", json={"text": "hello"}), 404)

    asyncio.run(scenario())


def test_what_nobody_foresaw_tells_nothing(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise LookupError("the text of a message")

    monkeypatch.setattr("app.classification.keyed_hash", broken)

    async def scenario() -> None:
        async with serve(raising=False) as client:
            response = await client.post("/classify", json={"text": "hello"})
            body = assert_problem(response, 500)
            assert body["detail"] == "The service failed; its log says why."
            batch = await client.post("/classify/batch", json={"messages": [{"text": "hello"}]})
            assert batch.json()["results"][0]["detail"] == body["detail"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/history/x", "DELETE, GET"),
        ("/history", "DELETE, GET"),
        ("/classify", "POST"),
        ("/feedback/x", "DELETE"),
    ],
)
def test_a_method_that_is_not_there_names_those_that_are(
    serve: Serve, path: str, allowed: str
) -> None:
    async def scenario() -> None:
        async with serve() as client:
            for method in ("PUT", "OPTIONS"):
                refused = await client.request(method, path)
                assert_problem(refused, 405)
                assert refused.headers["allow"] == allowed

    asyncio.run(scenario())
