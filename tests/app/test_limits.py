"""Rate limits by key and by address, and the limits of size."""

import asyncio
import json
import multiprocessing
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from app.auth import Caller
from app.counters import Counters
from app.errors import TooManyRequests
from app.limits import RateLimits
from app.settings import Settings
from app.turn import Turn
from tests.app.asserts import JSON, NDJSON, assert_problem
from tests.app.double import WordCounter
from tests.app.test_keys import TEXT, bearer, new_key
from tests.app.test_socket import running
from tests.conftest import Serve

NOBODY = Caller(None, frozenset())


def limits(**values: str) -> RateLimits:
    return RateLimits(Settings.model_validate(values))


def scope(host: str) -> dict[str, Any]:
    return {"type": "http", "client": (host, 4711), "state": {}}


def lets_in(rates: RateLimits, host: str, messages: int = 1) -> bool:
    try:
        rates.charge(scope(host), NOBODY, messages)
    except TooManyRequests:
        return False
    return True


def test_what_is_left_is_told_and_then_refused(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve(rate_limit_address="2/day") as client:
            for left in (1, 0):
                answer = await client.post("/classify", json=TEXT)
                assert answer.status_code == 200
                assert answer.headers["ratelimit-limit"] == "2"
                assert answer.headers["ratelimit-remaining"] == str(left)
                assert answer.headers["ratelimit-policy"] == '"address";q=2;w=86400'
                assert answer.headers["ratelimit"].startswith(f'"address";r={left};t=')
            refused = await client.post("/classify", json=TEXT)
            assert "2 messages in 86400 seconds" in assert_problem(refused, 429)["detail"]
            assert 0 < int(refused.headers["retry-after"]) <= 86400
            assert refused.headers["retry-after"] == refused.headers["ratelimit-reset"]
            assert refused.headers["ratelimit-remaining"] == "0"
            for free in ("/health/live", "/openapi.json"):
                assert (await client.get(free)).status_code == 200

    asyncio.run(scenario())


def test_without_a_limit_nothing_is_said_of_one(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            answer = await client.post("/classify", json=TEXT)
            assert not [name for name in answer.headers if name.startswith("ratelimit")]

    asyncio.run(scenario())


def test_a_key_is_counted_for_itself_and_not_its_address(serve: Serve, database_url: str) -> None:
    async def scenario() -> None:
        async with serve(rate_limit_key="2/day", rate_limit_address="1/day") as client:
            post = partial(client.post, "/classify", json=TEXT)
            keys = [(await new_key(database_url, "classify"))[1] for _ in range(2)]
            assert (await post()).status_code == 200
            assert_problem(await post(), 429)
            for key in keys:
                for _ in range(2):
                    assert (await post(headers=bearer(key))).status_code == 200
                last = await post(headers=bearer(key))
                assert_problem(last, 429)
                assert last.headers["ratelimit-policy"].startswith('"key"')

    asyncio.run(scenario())


def test_wrong_keys_are_counted_by_address(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve(rate_limit_address="2/day", require_key="always") as client:
            statuses = [
                (await client.get("/model", headers=bearer(f"wrong{n}"))).status_code
                for n in range(3)
            ]
            assert statuses == [401, 401, 429]

    asyncio.run(scenario())


BATCHES: list[tuple[str, Callable[[int], dict[str, Any]]]] = [
    ("/classify/batch", lambda n: {"messages": [TEXT] * n}),
    ("/feedback/batch", lambda n: {"corrections": [{"id": "x", "label": "ham"}] * n}),
]


@pytest.mark.parametrize(("path", "batch"), BATCHES)
def test_a_batch_costs_what_it_holds_and_all_or_none_of_it(
    serve: Serve, path: str, batch: Callable[[int], dict[str, Any]]
) -> None:
    async def scenario() -> None:
        async with serve(rate_limit_address="10/day") as client:
            answer = await client.post(path, json=batch(7))
            assert (answer.status_code, answer.headers["ratelimit-remaining"]) == (200, "3")
            never = assert_problem(await client.post(path, json=batch(11)), 422)
            assert "11 messages at once; the rate limit is 10 per 1 day" in never["detail"]
            assert_problem(await client.post(path, json=batch(3)), 429)
            last = await client.post(path, json=batch(1))
            assert (last.status_code, last.headers["ratelimit-remaining"]) == (200, "0")

    asyncio.run(scenario())


def test_a_stream_is_slowed_down_to_the_limit(serve: Serve) -> None:
    lines = b"".join(b'{"text": "viagra %d"}\n' % n for n in range(5))

    async def scenario() -> None:
        async with serve(rate_limit_address="2/second") as client:
            answer = await client.post("/classify/batch", content=lines, headers=NDJSON)
            results = [json.loads(line) for line in answer.text.splitlines()]
            assert [result["label"] for result in results] == ["spam"] * 5

    asyncio.run(scenario())


def test_a_line_that_would_wait_too_long_is_refused_in_its_place(serve: Serve) -> None:
    lines = b"".join(b'{"text": "viagra %d"}\n' % n for n in range(5))

    async def scenario() -> None:
        async with serve(rate_limit_address="2/day", request_timeout=60) as client:
            answer = await client.post("/classify/batch", content=lines, headers=NDJSON)
            results = [json.loads(line) for line in answer.text.splitlines()]
            assert [result.get("status", 200) for result in results] == [200, 200, 429, 429, 429]

    asyncio.run(scenario())


def test_several_limits_hold_at_once() -> None:
    rates = limits(rate_limit_address="3/day;5/year")
    asked = scope("192.0.2.1")
    assert [lets_in(rates, "192.0.2.1") for _ in range(4)] == [True] * 3 + [False]
    with pytest.raises(TooManyRequests):
        rates.charge(asked, NOBODY)
    assert asked["state"]["standing"].limit == 3


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("not an address", "neither", True),
    ],
)
def test_who_counts_as_one_address(first: str, second: str, same: bool) -> None:
    rates = limits(rate_limit_address="1/day")
    assert lets_in(rates, first)
    assert lets_in(rates, second) is not same


def test_many_addresses_take_bounded_memory() -> None:
    counters = Counters(most=100)
    for number in range(1000):
        assert counters.incr(str(number), expiry=3600) == 1
        assert counters.get(str(number)) == 1
    assert 50 < len(counters) <= 100
    assert counters.reset() <= 100
    assert len(counters) == 0


def test_a_window_ends() -> None:
    counters = Counters(most=100)
    counters.incr("ended", expiry=0, amount=5)
    assert (counters.get("ended"), len(counters)) == (0, 0)
    assert counters.incr("ended", expiry=3600) == 1


def test_what_would_end_first_makes_room() -> None:
    counters = Counters(most=1)
    counters.incr("first", expiry=10, amount=3)
    counters.incr("second", expiry=3600)
    assert (counters.get("first"), counters.get("second")) == (0, 1)
    counters.clear("second")
    assert counters.get("second") == 0


def test_forked_processes_count_together() -> None:
    def count(counters: Counters) -> None:
        for _ in range(2000):
            with counters.lock():
                counters.incr("one", expiry=3600)

    with Turn() as turn:
        counters = Counters(100, turn.taken)
        fork = multiprocessing.get_context("fork")
        children = [fork.Process(target=count, args=(counters,)) for _ in range(2)]
        for child in children:
            child.start()
        count(counters)
        for child in children:
            child.join()
        assert counters.get("one") == 6000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate_limit_key", "many"),
        ("rate_limit_key", "0/minute"),
        ("rate_limit_address", ""),
        ("trusted_proxies", "*"),
        ("trusted_proxies", "proxy.example"),
        ("trusted_proxies", "10.0.0.1/8"),
        ("trusted_proxies", ""),
    ],
)
def test_a_senseless_limit_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({name: value})


def ask(url: str, forwarded: str) -> httpx.Response:
    headers = {"x-forwarded-for": forwarded}
    return httpx.post(f"{url}/classify", json=TEXT, headers=headers, trust_env=False, timeout=60)


def test_only_a_trusted_proxy_is_believed(database_path: Path) -> None:
    settings = {"HAMLET_RATE_LIMIT_ADDRESS": "1/day", "HAMLET_REQUIRE_KEY": "never"}
    with running(database_path, **settings) as server:
        assert ask(server.url, "192.0.2.1").status_code == 200
        assert_problem(ask(server.url, "192.0.2.2"), 429)
    proxies = "127.0.0.0/8, 198.51.100.7"
    with running(database_path, HAMLET_TRUSTED_PROXIES=proxies, **settings) as server:
        assert ask(server.url, "192.0.2.1").status_code == 200
        assert_problem(ask(server.url, "192.0.2.1"), 429)
        # What a caller invents stands to the left of what the proxies add.
        assert_problem(ask(server.url, "203.0.113.9, 192.0.2.1, 198.51.100.7"), 429)
        assert ask(server.url, "2001:db8::1").status_code == 200
        assert_problem(ask(server.url, "2001:db8::2"), 429)


def test_body_batch_and_list_have_limits_that_are_settings(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve(max_body_bytes=99, max_batch_messages=2, max_numbers=3) as client:
            long = {"text": "x" * 100}
            assert_problem(await client.post("/classify", json=long, headers=JSON), 413)
            for path, batch in BATCHES:
                assert (await client.post(path, json=batch(2))).status_code == 200
                assert_problem(await client.post(path, json=batch(3)), 422)
            assert_problem(await client.post("/sort", json={"numbers": [1, 2, 3, 4]}), 422)

    asyncio.run(scenario())


def test_a_pass_of_the_network_has_a_limit_that_is_a_setting(serve: Serve) -> None:
    predictor = WordCounter()
    four_words = {"text": "buy viagra from us"}

    async def scenario() -> None:
        async with serve(predictor, max_batch_tokens=8, max_wait=10) as client:
            batch = {"messages": [four_words] * 6}
            assert (await client.post("/classify/batch", json=batch)).status_code == 200

    asyncio.run(scenario())
    assert predictor.batches == [2, 2, 2]
