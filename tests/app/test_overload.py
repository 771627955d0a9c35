"""POST /classify when much is asked at once: passes are shared, and what is too much is refused."""

import asyncio

from tests.app.asserts import assert_problem
from tests.app.double import WordCounter
from tests.conftest import Rows, Serve


def test_requests_that_come_together_share_passes(serve: Serve) -> None:
    async def scenario() -> None:
        predictor = WordCounter()
        async with serve(predictor) as client:
            predictor.go.clear()
            posts = [client.post("/classify", json={"text": f"viagra {i}"}) for i in range(20)]
            waiting = [asyncio.create_task(post) for post in posts]
            await asyncio.sleep(0.5)
            predictor.go.set()
            answers = await asyncio.gather(*waiting)
        assert all(answer.status_code == 200 for answer in answers)
        assert sum(predictor.batches) == 20
        assert len(predictor.batches) <= 3

    asyncio.run(scenario())


def test_a_full_queue_is_503_with_retry_after(serve: Serve, rows: Rows) -> None:
    async def scenario() -> None:
        predictor = WordCounter()
        async with serve(predictor, max_queue=2) as client:
            predictor.go.clear()
            waiting = []
            for i in range(3):
                post = client.post("/classify", json={"text": f"message {i}"})
                waiting.append(asyncio.create_task(post))
                await asyncio.sleep(0.2)
            refused = await client.post("/classify", json={"text": "one too many"})
            predictor.go.set()
            answers = await asyncio.gather(*waiting)
        assert_problem(refused, 503)
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["title"] == "Overloaded"
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert len(rows()) == 3

    asyncio.run(scenario())


def test_one_request_too_many_is_503_at_once(serve: Serve, rows: Rows) -> None:
    async def scenario() -> None:
        predictor = WordCounter()
        async with serve(predictor, max_requests=2) as client:
            predictor.go.clear()
            waiting = []
            for i in range(2):
                post = client.post("/classify", json={"text": f"message {i}"})
                waiting.append(asyncio.create_task(post))
            await asyncio.sleep(0.2)
            named = {"X-Request-ID": "mine"}
            refused = await client.post("/classify", json={"text": "no more"}, headers=named)
            looked = await client.get("/metrics")
            predictor.go.set()
            answers = await asyncio.gather(*waiting)
            again = await client.post("/classify", json={"text": "now"})
        assert_problem(refused, 503)
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["x-request-id"] == refused.json()["request_id"] == "mine"
        assert "hamlet_requests_refused_total 1.0" in looked.text
        assert [answer.status_code for answer in [*answers, again]] == [200] * 3
        assert len(rows()) == 3

    asyncio.run(scenario())
