"""POST /sort: the very numbers come back, in the network's order, checked and logged."""

import asyncio
import json
import math
import random
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.secret import keyed_hash, load_key
from app.settings import ROOT, Settings
from app.sorting import first_break
from model.sorting import SorterPredictor
from tests.app.asserts import JSON, assert_problem
from tests.conftest import Serve

WEIGHTS = ROOT / "model" / "weights" / "sorter" / "config.json"
pytestmark = pytest.mark.skipif(
    not WEIGHTS.is_file(), reason="no trained weights in model/weights/sorter"
)


def sorts(path: Path) -> list[dict[str, Any]]:
    """The committed rows, as another process sees them."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute("SELECT * FROM sorts ORDER BY id")]
    finally:
        connection.close()


def ask(serve: Serve, *bodies: Any, query: str = "", **settings: Any) -> list[httpx.Response]:
    """The answers to POST /sort, asked one after the other; a body is text or a JSON value."""

    async def scenario() -> list[httpx.Response]:
        async with serve(**settings) as client:
            return [
                await client.post(
                    f"/sort{query}",
                    content=body if isinstance(body, str) else json.dumps(body),
                    headers=JSON,
                )
                for body in bodies
            ]

    return asyncio.run(scenario())


def test_the_whole_answer(serve: Serve, database_path: Path) -> None:
    (response,) = ask(serve, {"numbers": [3, 1.5, -2, 1.5]})
    assert response.status_code == 200
    answer = response.json()
    assert list(answer) == ["id", "sorted", "permutation", "exact", "model", "timing_ms"]
    assert answer["sorted"] == [-2, 1.5, 1.5, 3]
    assert answer["permutation"] == [2, 1, 3, 0]
    assert answer["exact"] is True
    assert answer["model"]["name"] == "sorter"
    assert set(answer["timing_ms"]) == {"queue", "inference"}
    assert [row["id"] for row in sorts(database_path)] == [answer["id"]]


def test_the_very_numbers_come_back(serve: Serve) -> None:
    written = "[9007199254740993, 1.0, 1, -0.0, 0, 1e-7, 123456789012345678901234567890]"
    (response,) = ask(serve, f'{{"numbers": {written}}}')
    answer = response.json()
    assert answer["permutation"] == [3, 4, 5, 1, 2, 0, 6]
    got = json.loads(response.text)["sorted"]
    assert [type(x) for x in got] == [float, int, float, float, int, int, int]
    assert math.copysign(1, got[0]) == -1
    assert got[5:] == [2**53 + 1, 123456789012345678901234567890]
    assert answer["exact"] is True


def test_descending_and_equal_numbers_keep_their_order(serve: Serve) -> None:
    numbers = [2, 1, 2.0, 3, 1.0]
    up, down = ask(
        serve,
        {"numbers": numbers, "order": "ascending"},
        {"numbers": numbers, "order": "descending"},
    )
    assert up.json()["permutation"] == [1, 4, 0, 2, 3]
    assert down.json()["permutation"] == [3, 0, 2, 1, 4]
    assert down.json()["exact"] is True


@pytest.mark.parametrize("length", [1, 2, 40, 256])
def test_lists_up_to_the_limit(length: int, serve: Serve) -> None:
    numbers = [random.Random(length).uniform(-1e6, 1e6) for _ in range(length)]
    (response,) = ask(serve, {"numbers": numbers})
    assert response.json()["sorted"] == sorted(numbers)
    assert response.json()["exact"] is True


def test_a_wrong_order_is_told_and_not_corrected(serve: Serve, database_path: Path) -> None:
    """To double precision both are 2^53, and equal numbers keep their order."""
    (response,) = ask(serve, f'{{"numbers": [{2**53 + 1}, {2**53}, 7]}}')
    answer = response.json()
    assert answer["sorted"] == [7, 2**53 + 1, 2**53]
    assert answer["exact"] is False
    assert answer["first_break"] == 2
    (row,) = sorts(database_path)
    assert (row["exact"], row["first_break"]) == (0, 2)


def test_where_an_order_first_breaks() -> None:
    assert first_break([1, 2, 2, 3], descending=False) is None
    assert first_break([1, 3, 2, 1], descending=False) == 2
    assert first_break([1, 3, 2], descending=True) == 1
    assert first_break([5], descending=True) is None
    assert first_break([2**53, 2.0**53, 2**53 + 1], descending=False) is None


def test_attention_on_request(serve: Serve) -> None:
    numbers = [0.3, -1, 5]
    (response,) = ask(serve, {"numbers": numbers}, query="?attention=true")
    attention = response.json()["attention"]
    assert [len(row) for row in attention] == [3, 3, 3]
    for step, index in zip(attention, response.json()["permutation"], strict=True):
        assert sum(step) == pytest.approx(1, abs=1e-3)
        assert max(step) == step[index]


FAULTY = [
    ('{"numbers": [1, NaN]}', "/numbers/1", "finite"),
    ('{"numbers": [1, 2, -Infinity]}', "/numbers/2", "finite"),
    ('{"numbers": [1e999]}', "/numbers/0", "finite"),
    ('{"numbers": [0, "1"]}', "/numbers/1", "number"),
    ('{"numbers": [0, [1]]}', "/numbers/1", "number"),
    ('{"numbers": [null]}', "/numbers/0", "number"),
    ('{"numbers": [5, true]}', "/numbers/1", "number"),
    (f'{{"numbers": [1, 2, {10**400}]}}', "/numbers/2", "double"),
    ('{"numbers": []}', "/numbers", "empty"),
    ('{"numbers": {"0": 1}}', "/numbers", "list"),
    ('{"order": "ascending"}', "", "numbers"),
    ('{"numbers": [1], "order": "up"}', "/order", "ascending or descending"),
    ('{"numbers": [1], "order": null}', "/order", "ascending or descending"),
    ('{"numbers": [1], "Numbers": [1]}', "/Numbers", "unknown"),
    ("[1, 2]", "", "object"),
]


@pytest.mark.parametrize(("body", "pointer", "reason"), FAULTY, ids=[f[0][:30] for f in FAULTY])
def test_what_is_no_list_of_numbers_is_422_and_says_where(
    body: str, pointer: str, reason: str, serve: Serve, database_path: Path
) -> None:
    (response,) = ask(serve, body)
    errors = assert_problem(response, 422)["errors"]
    assert [fault["pointer"] for fault in errors] == [pointer]
    assert reason in errors[0]["reason"]
    assert not sorts(database_path)


def test_every_faulty_number_is_named_up_to_ten(serve: Serve) -> None:
    (response,) = ask(serve, {"numbers": [0] + ["x"] * 30})
    pointers = [fault["pointer"] for fault in assert_problem(response, 422)["errors"]]
    assert pointers == [f"/numbers/{index}" for index in range(1, 11)]


def test_too_many_numbers(serve: Serve) -> None:
    full, over = ask(serve, {"numbers": [1, 2, 3]}, {"numbers": [1, 2, 3, 4]}, max_numbers=3)
    assert full.status_code == 200
    (fault,) = assert_problem(over, 422)["errors"]
    assert fault["pointer"] == "/numbers/3"
    assert "4 numbers; at most 3" in fault["reason"]


def test_bytes_that_are_no_json_and_other_types(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            broken = await client.post("/sort", content=b'{"numbers": [1,', headers=JSON)
            assert_problem(broken, 400)
            text = await client.post("/sort", content=b"1 2", headers={"content-type": "text/csv"})
            assert_problem(text, 415)
            assert_problem(await client.get("/sort"), 405)
            flag = await client.post("/sort?attention=perhaps", json={"numbers": [1]})
            assert assert_problem(flag, 422)["errors"][0]["parameter"] == "attention"

    asyncio.run(scenario())


def test_the_log_holds_no_numbers_unless_it_should(serve: Serve, database_path: Path) -> None:
    secret = "a secret of the operator"
    body = {"numbers": [2, 1.0], "order": "descending"}
    (response,) = ask(serve, body, log_secret=secret)
    (row,) = sorts(database_path)
    created = datetime.fromisoformat(row.pop("created_at")).replace(tzinfo=UTC)
    assert timedelta(0) <= datetime.now(UTC) - created < timedelta(minutes=1)
    key = load_key(Settings.model_validate({"log_secret": secret}))
    answer = response.json()
    assert row == {
        "id": answer["id"],
        "request_id": response.headers["x-request-id"],
        "numbers_hash": keyed_hash(b"[2, 1.0]", key),
        "count": 2,
        "descending": 1,
        "exact": 1,
        "first_break": None,
        "key_id": None,
        "model_version": answer["model"]["version"],
        "queue_ms": answer["timing_ms"]["queue"],
        "inference_ms": answer["timing_ms"]["inference"],
        "numbers": None,
    }
    ask(serve, body, store_text=True)
    assert sorts(database_path)[1]["numbers"] == "[2, 1.0]"


def test_lists_that_come_together_are_decoded_together(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    predict = SorterPredictor.predict

    def counting(self: SorterPredictor, batch: Any) -> Any:
        batches.append(len(batch))
        return predict(self, batch)

    monkeypatch.setattr(SorterPredictor, "predict", counting)
    lists = [[random.Random(n).random() for _ in range(n + 1)] for n in range(20)]

    async def scenario() -> None:
        async with serve(max_wait=0.2) as client:
            posts = [client.post("/sort", json={"numbers": numbers}) for numbers in lists]
            answers = await asyncio.gather(*posts)
        for answer, numbers in zip(answers, lists, strict=True):
            assert answer.json()["sorted"] == sorted(numbers)

    asyncio.run(scenario())
    assert sum(batches) == 20
    assert len(batches) <= 5


def test_a_full_log_is_503_and_gives_no_answer(serve: Serve, database_path: Path) -> None:
    async def scenario() -> None:
        async with serve() as client:
            with sqlite3.connect(database_path) as connection:
                connection.execute("DROP TABLE sorts")
            connection.close()
            response = await client.post("/sort", json={"numbers": [2, 1]})
            assert_problem(response, 503)
            classified = await client.post("/classify", json={"text": "still there"})
            assert classified.status_code == 200

    asyncio.run(scenario())
