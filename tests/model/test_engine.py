"""The engine batches by padded cost, answers everyone, and survives what its callers do."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from model.engine import Answer, Engine, EngineClosed, EngineOverloaded, PredictionFailed


class Doubler:
    """Doubles strings, remembers its batches, and can be held back to let a queue build up."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.threads: set[int] = set()
        self.go = threading.Event()
        self.go.set()

    def __call__(self, batch: Sequence[str]) -> list[str]:
        self.go.wait(5)
        self.threads.add(threading.get_ident())
        self.batches.append(list(batch))
        if "bad" in batch:
            raise ValueError("bad item")
        return [item * 2 for item in batch]


async def held(engine: Engine[str, str], doubler: Doubler) -> "asyncio.Task[object]":
    """Occupy the engine with one item, so that what comes next queues up."""
    doubler.go.clear()
    task: asyncio.Task[object] = asyncio.create_task(engine.submit("first"))
    await settle()
    return task


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_results_come_back_to_their_own_callers_in_few_batches() -> None:
    async def scenario() -> None:
        doubler = Doubler()
        async with Engine(doubler) as engine:
            first = await held(engine, doubler)
            rest = [asyncio.create_task(engine.submit(f"item {i}")) for i in range(50)]
            await settle()
            doubler.go.set()
            await first
            answers = await asyncio.gather(*rest)
        assert [a.result for a in answers] == [f"item {i}" * 2 for i in range(50)]
        assert [len(batch) for batch in doubler.batches] == [1, 50]
        assert len(doubler.threads) == 1
        assert threading.get_ident() not in doubler.threads
        assert all(a.queue_ms > 0 and a.inference_ms > 0 for a in answers)

    asyncio.run(scenario())


def test_a_batch_costs_its_longest_row_times_its_rows() -> None:
    async def scenario() -> None:
        doubler = Doubler()
        async with Engine(doubler, max_batch_cost=12) as engine:
            first = await held(engine, doubler)
            items = ["aa", "bb", "cccc", "d", "x" * 40, "e"]
            rest = [asyncio.create_task(engine.submit(item)) for item in items]
            await settle()
            doubler.go.set()
            await asyncio.gather(first, *rest)
        # 2 x 2, then with the four-letter row 3 x 4 = 12; one more would make 4 x 4 = 16.
        assert doubler.batches[1:] == [["aa", "bb", "cccc"], ["d"], ["x" * 40], ["e"]]

    asyncio.run(scenario())


def test_a_custom_cost_replaces_the_length() -> None:
    async def scenario() -> None:
        seen: list[list[int]] = []

        def negate(batch: Sequence[int]) -> list[int]:
            seen.append(list(batch))
            return [-n for n in batch]

        async with Engine(negate, cost=lambda n: n, max_batch_cost=10, max_wait=5) as engine:
            answers = await asyncio.gather(engine.submit(5), engine.submit(5))
        assert [a.result for a in answers] == [-5, -5]
        assert seen == [[5, 5]]

    asyncio.run(scenario())


def test_max_wait_gathers_company_and_then_goes_alone() -> None:
    async def scenario() -> None:
        doubler = Doubler()
        async with Engine(doubler, max_wait=0.2) as engine:
            early = asyncio.create_task(engine.submit("early"))
            await asyncio.sleep(0.02)
            late = asyncio.create_task(engine.submit("late"))
            answer = await early
            await late
            assert doubler.batches == [["early", "late"]]
            assert 150 < answer.queue_ms < 5000
            await engine.submit("alone")
        assert doubler.batches[1:] == [["alone"]]

    asyncio.run(scenario())


def test_a_small_batch_runs_in_the_loop_and_a_large_one_in_a_thread() -> None:
    async def scenario() -> None:
        doubler = Doubler()
        async with Engine(doubler, inline=lambda cost: cost <= 3) as engine:
            assert (await engine.submit("abc")).result == "abcabc"
            assert doubler.threads == {threading.get_ident()}
            assert (await engine.submit("abcd")).result == "abcdabcd"
            assert len(doubler.threads) == 2
            with pytest.raises(PredictionFailed):
                await engine.submit("bad")
            assert (await engine.submit("ok")).result == "okok"

    asyncio.run(scenario())


def test_a_full_queue_refuses_at_once_and_recovers() -> None:
    async def scenario() -> None:
        doubler = Doubler()
        async with Engine(doubler, max_queue=2) as engine:
            first = await held(engine, doubler)
            queued = [asyncio.create_task(engine.submit(item)) for item in "ab"]
            await settle()
            with pytest.raises(EngineOverloaded):
                await engine.submit("c")
            doubler.go.set()
            await asyncio.gather(first, *queued)
            assert (await engine.submit("c")).result == "cc"

    asyncio.run(scenario())


def test_cancelled_waiters_are_skipped() -> None:
    async def scenario() -> None:
        doubler = Doubler()
        async with Engine(doubler) as engine:
            first = await held(engine, doubler)
            gone = asyncio.create_task(engine.submit("gone"))
            stays = asyncio.create_task(engine.submit("stays"))
            await settle()
            gone.cancel()
            first.cancel()  # already in the network: its result is thrown away
            doubler.go.set()
            assert (await stays).result == "staysstays"
            assert gone.cancelled()
        assert doubler.batches == [["first"], ["stays"]]

    asyncio.run(scenario())


def test_a_poisonous_item_fails_alone_and_the_engine_goes_on() -> None:
    async def scenario() -> None:
        doubler = Doubler()
        async with Engine(doubler) as engine:
            first = await held(engine, doubler)
            rest = [asyncio.create_task(engine.submit(item)) for item in ("good", "bad", "fine")]
            await settle()
            doubler.go.set()
            await first
            good, bad, fine = await asyncio.gather(*rest, return_exceptions=True)
            assert isinstance(good, Answer)
            assert good.result == "goodgood"
            assert type(bad) is PredictionFailed
            assert isinstance(fine, Answer)
            assert fine.result == "finefine"
            assert (await engine.submit("good")).result == "goodgood"

    asyncio.run(scenario())


def test_when_every_prediction_fails_every_waiter_hears_of_it() -> None:
    async def scenario() -> None:
        doubler = Doubler()
        async with Engine(doubler) as engine:
            first = await held(engine, doubler)
            rest = [asyncio.create_task(engine.submit("bad")) for _ in range(3)]
            await settle()
            doubler.go.set()
            await first
            outcomes = await asyncio.gather(*rest, return_exceptions=True)
            assert [type(o) for o in outcomes] == [PredictionFailed] * 3

    asyncio.run(scenario())


def test_a_predictor_that_loses_a_row_fails_the_batch() -> None:
    async def scenario() -> None:
        losing: Engine[str, str] = Engine(lambda batch: batch[1:])
        async with losing as engine:
            with pytest.raises(PredictionFailed):
                await engine.submit("lost")

    asyncio.run(scenario())


def test_closing_answers_what_is_queued_and_refuses_the_rest() -> None:
    async def scenario() -> None:
        doubler = Doubler()
        engine: Engine[str, str] = Engine(doubler, max_wait=60)
        queued = [asyncio.create_task(engine.submit(item)) for item in "abc"]
        await settle()
        await engine.aclose()
        assert [task.result().result for task in queued] == ["aa", "bb", "cc"]
        with pytest.raises(EngineClosed):
            await engine.submit("d")
        await engine.aclose()

    asyncio.run(scenario())
