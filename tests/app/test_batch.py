"""POST /classify/batch: order, problems in place, streaming, bounds."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from app.batches import MOST_IN_FLIGHT, in_order, split_lines
from app.errors import PayloadTooLarge
from tests.app.asserts import JSON, NDJSON, assert_problem
from tests.app.double import WordCounter
from tests.conftest import Rows, Serve

MIXED: list[object] = [
    {"text": "viagra"},
    {"text": "lunch"},
    {"text": ""},
    {"raw": "***"},
    17,
    {"subject": "viagra", "body": ""},
    {"text": "a", "raw": "b"},
]
EXPECTED: list[object] = ["spam", "ham", 422, 422, 422, "spam", 422]


def outcomes(results: list[dict[str, Any]]) -> list[object]:
    return [result.get("label") or result["status"] for result in results]


def test_json_in_order_with_problems_in_place(serve: Serve, rows: Rows) -> None:
    async def scenario() -> None:
        async with serve() as client:
            response = await client.post("/classify/batch", json={"messages": MIXED})
        assert response.status_code == 200
        results = response.json()["results"]
        assert outcomes(results) == EXPECTED
        assert results[3]["detail"] == "/raw: must be base64."
        assert results[3]["request_id"] == response.headers["x-request-id"]
        assert {row["id"] for row in rows()} == {r["id"] for r in results if "id" in r}

    asyncio.run(scenario())


def test_a_batch_is_explained_when_asked(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            call = {"messages": [{"text": "buy viagra"}]}
            response = await client.post("/classify/batch?explain=true", json=call)
        assert response.json()["results"][0]["explanation"][0]["text"] == "viagra"

    asyncio.run(scenario())


def test_a_batch_that_is_none_is_refused_as_a_whole(serve: Serve) -> None:
    bad: list[tuple[dict[str, Any], int, str]] = [
        ({"json": []}, 422, "object"),
        ({"json": {}}, 422, "messages"),
        ({"json": {"messages": {"text": "x"}}}, 422, "messages"),
        ({"json": {"messages": [], "more": 1}}, 422, "messages"),
        ({"json": {"messages": [{"text": "x"}] * 4}}, 422, "4 messages; at most 3"),
        ({"content": b"{", "headers": JSON}, 400, "JSON"),
        ({"content": b"x", "headers": {"content-type": "text/plain"}}, 415, "x-ndjson"),
    ]

    async def scenario() -> None:
        async with serve(max_batch_messages=3) as client:
            for call, status, says in bad:
                response = await client.post("/classify/batch", **call)
                assert says in assert_problem(response, status)["detail"]
            empty = await client.post("/classify/batch", json={"messages": []})
            assert empty.json() == {"results": []}

    asyncio.run(scenario())


def test_a_batch_larger_than_the_queue_waits_its_turn(serve: Serve) -> None:
    messages = [{"text": f"message {n}"} for n in range(300)]

    async def scenario() -> None:
        async with serve(max_queue=MOST_IN_FLIGHT) as client:
            response = await client.post("/classify/batch", json={"messages": messages})
        assert outcomes(response.json()["results"]) == ["ham"] * 300

    asyncio.run(scenario())


def test_ndjson_in_order_with_problems_in_place(serve: Serve, rows: Rows) -> None:
    lines = [json.dumps(message).encode() for message in MIXED] + [b"{not json", b"\xff"]
    body = b"\r\n".join(lines[:3]) + b"\n\n" + b"\n".join(lines[3:])

    async def scenario() -> None:
        async with serve() as client:
            response = await client.post("/classify/batch", content=body, headers=NDJSON)
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/x-ndjson"
        results = [json.loads(line) for line in response.text.splitlines()]
        assert outcomes(results) == [*EXPECTED, 400, 400]
        assert len(rows()) == 3

    asyncio.run(scenario())


def test_an_ndjson_line_that_is_too_long_costs_only_itself(serve: Serve) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"text": "viagra"}\n{"text": "'
        for _ in range(100):
            yield b"x" * 100
        yield b'"}\n{"text": "lunch"}'

    async def scenario() -> None:
        async with serve(max_body_bytes=1000) as client:
            response = await client.post("/classify/batch", content=chunks(), headers=NDJSON)
        results = [json.loads(line) for line in response.text.splitlines()]
        assert outcomes(results) == ["spam", 413, "ham"]

    asyncio.run(scenario())


def test_an_empty_stream_has_no_results(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            response = await client.post("/classify/batch", content=b"\n", headers=NDJSON)
        assert (response.status_code, response.content) == (200, b"")

    asyncio.run(scenario())


def test_a_failing_batch_of_the_network_stands_in_place(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve(WordCounter()) as client:
            body = b'{"text": "fault"}\n'
            response = await client.post("/classify/batch", content=body, headers=NDJSON)
        assert outcomes([json.loads(response.text)]) == [503]

    asyncio.run(scenario())


async def chunked(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def test_lines_do_not_depend_on_the_chunks() -> None:
    async def lines(*chunks: bytes) -> list[object]:
        found = [line async for line in split_lines(chunked(*chunks), 5)]
        return [413 if isinstance(line, PayloadTooLarge) else line for line in found]

    text = b"ab\n\n \ncdefg\nabcdef\nx\r\n123456"
    expected: list[object] = [b"ab", b"cdefg", 413, b"x\r", 413]

    async def scenario() -> None:
        assert await lines(text) == expected
        assert await lines(*(text[i : i + 1] for i in range(len(text)))) == expected
        for cut in range(len(text)):
            assert await lines(text[:cut], text[cut:]) == expected

    asyncio.run(scenario())


def test_no_more_is_in_flight_than_there_is_room_for() -> None:
    begun: list[int] = []
    running = 0
    most = 0

    async def numbers() -> AsyncIterator[int]:
        for n in range(50):
            yield n

    async def work(n: int) -> int:
        nonlocal running, most
        begun.append(n)
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001 * (n % 3))
        running -= 1
        return n

    async def scenario() -> None:
        results = in_order(numbers(), work, size=lambda n: 10, most=8, most_size=45)
        assert await anext(results) == 0
        await asyncio.sleep(0.05)
        assert len(begun) <= 5  # nobody takes the results: the source is left alone
        assert [n async for n in results] == list(range(1, 50))
        assert most == 4  # four of size ten

    asyncio.run(scenario())


def test_a_source_that_breaks_off_is_reported_after_its_results() -> None:
    async def broken() -> AsyncIterator[int]:
        yield 1
        raise ConnectionError

    async def work(n: int) -> int:
        await asyncio.sleep(0.01)
        return n

    async def scenario() -> None:
        got: list[int] = []
        try:
            async for n in in_order(broken(), work):
                got.append(n)
        except ConnectionError:
            got.append(-1)
        assert got == [1, -1]

    asyncio.run(scenario())


def test_closing_early_cancels_what_is_in_flight() -> None:
    cancelled: list[int] = []

    async def endless() -> AsyncIterator[int]:
        n = 0
        while True:
            yield n
            n += 1

    async def work(n: int) -> int:
        try:
            await asyncio.sleep(60 if n else 0)
        except asyncio.CancelledError:
            cancelled.append(n)
            raise
        return n

    async def scenario() -> None:
        results = in_order(endless(), work, most=4)
        assert await anext(results) == 0
        await asyncio.sleep(0.01)
        await results.aclose()
        assert sorted(cancelled) == [1, 2, 3]

    asyncio.run(scenario())
