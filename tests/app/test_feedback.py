"""A person's word: it counts at once, it can be changed and taken back, and it needs no text."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from app.queries.feedback import Correction
from app.tables import CorrectionRow
from tests.conftest import ON_BOTH, Rows, Serve, opened

pytestmark = ON_BOTH

MESSAGE = {"text": "viagra for the ward, as ordered"}


async def classify(client: httpx.AsyncClient, message: dict[str, str] = MESSAGE) -> dict[str, Any]:
    response = await client.post("/classify", json=message)
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


async def correct(client: httpx.AsyncClient, entry_id: str, label: str = "ham") -> None:
    response = await client.post("/feedback", json={"id": entry_id, "label": label})
    assert (response.status_code, response.content) == (204, b"")


async def corrections(url: str) -> list[Correction]:
    row = CorrectionRow
    query = select(row.entry_id, row.label, row.corrected_at, row.corrected_by)
    async with opened(url) as database, database.read() as connection:
        return [Correction(*found) for found in await connection.execute(query)]


async def rename(url: str, table: str, name: str) -> None:
    async with opened(url) as database, database.write() as connection:
        await connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


def test_a_corrected_message_gets_the_corrected_verdict_when_it_comes_again(
    serve: Serve, rows: Rows
) -> None:
    async def scenario() -> None:
        async with serve() as client:
            first = await classify(client)
            assert (first["label"], first["source"]) == ("spam", "model")
            await correct(client, first["id"])
            again = await classify(client)
            assert (again["label"], again["source"]) == ("ham", "correction")
            assert again["spam_probability"] == first["spam_probability"]  # the network's word
            other = await classify(client, {"text": "viagra for you"})
            assert (other["label"], other["source"]) == ("spam", "model")
        assert [(row["label"], row["decided_by"]) for row in rows()] == [
            ("spam", "model"),
            ("ham", "correction"),
            ("spam", "model"),
        ]
        assert {row["body"] for row in rows()} == {None}

    asyncio.run(scenario())


def test_another_process_on_the_same_database_knows_it_too(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as one, serve() as other:
            await correct(one, (await classify(one))["id"])
            assert (await classify(other))["source"] == "correction"

    asyncio.run(scenario())


def test_it_outlives_the_process(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            await correct(client, (await classify(client))["id"])
        async with serve() as client:
            assert (await classify(client))["label"] == "ham"

    asyncio.run(scenario())


def test_in_a_batch_each_message_has_its_own_word(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            await correct(client, (await classify(client))["id"])
            messages = {"messages": [{"text": "viagra"}, MESSAGE, {"text": "hello"}]}
            results = (await client.post("/classify/batch", json=messages)).json()["results"]
            assert [(r["label"], r["source"]) for r in results] == [
                ("spam", "model"),
                ("ham", "correction"),
                ("ham", "model"),
            ]

    asyncio.run(scenario())


def test_to_say_it_again_changes_nothing_and_the_last_word_stands(
    serve: Serve, database_url: str
) -> None:
    async def scenario() -> None:
        async with serve() as client:
            first, second = await classify(client), await classify(client)
            await correct(client, first["id"])
            kept = await corrections(database_url)
            assert [(c.label, c.entry_id) for c in kept] == [("ham", first["id"])]
            await correct(client, first["id"])
            await correct(client, second["id"])  # another request of the same message
            assert await corrections(database_url) == kept
            await correct(client, second["id"], "spam")
            (kept_now,) = await corrections(database_url)
            assert (kept_now.label, kept_now.entry_id) == ("spam", second["id"])
            assert (await classify(client))["label"] == "spam"

    asyncio.run(scenario())


def test_a_correction_can_be_taken_back(serve: Serve, database_url: str) -> None:
    async def scenario() -> None:
        async with serve() as client:
            entry_id = (await classify(client))["id"]
            await correct(client, entry_id)
            for _ in range(2):
                assert (await client.delete(f"/feedback/{entry_id}")).status_code == 204
            assert await corrections(database_url) == []
            assert (await classify(client))["source"] == "model"

    asyncio.run(scenario())


def test_what_is_not_in_the_log_is_not_found(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            said = await client.post("/feedback", json={"id": "nobody", "label": "ham"})
            taken = await client.delete("/feedback/nobody")
            for response in (said, taken):
                assert response.status_code == 404
                assert response.json()["type"] == "urn:hamlet:problem:not-found"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/id"),
        ({"id": "x"}, "/label"),
        ({"id": "x", "label": "unsure"}, "/label"),
        ({"id": 7, "label": "ham"}, "/id"),
        ({"id": "", "label": "ham"}, "/id"),
        ({"id": "x", "label": "ham", "why": "because"}, "/why"),
        (["x"], ""),
    ],
)
def test_what_is_no_correction_is_refused_and_named(
    serve: Serve, body: object, pointer: str
) -> None:
    async def scenario() -> None:
        async with serve() as client:
            response = await client.post("/feedback", json=body)
            assert response.status_code == 422
            assert response.json()["errors"][0]["pointer"] == pointer

    asyncio.run(scenario())


def test_a_batch_keeps_what_it_can_and_says_what_it_could_not(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve(max_batch_messages=4) as client:
            entry_id = (await classify(client))["id"]
            said = [
                {"id": "nobody", "label": "ham"},
                {"id": entry_id, "label": "perhaps"},
                {"id": entry_id, "label": "ham"},
            ]
            response = await client.post("/feedback/batch", json={"corrections": said})
            assert response.status_code == 200
            results = response.json()["results"]
            assert [result["status"] for result in results] == [404, 422, 204]
            assert results[2] == {"id": entry_id, "status": 204}
            assert (await classify(client))["label"] == "ham"
            too_many = {"corrections": said + said}
            assert (await client.post("/feedback/batch", json=too_many)).status_code == 422
            assert (await client.post("/feedback/batch", json=said)).status_code == 422

    asyncio.run(scenario())


def test_without_its_database_nothing_is_kept_and_the_answer_says_so(
    serve: Serve, database_url: str
) -> None:
    async def scenario() -> None:
        async with serve() as client:
            entry_id = (await classify(client))["id"]
            await rename(database_url, "corrections", "mislaid")
            response = await client.post("/feedback", json={"id": entry_id, "label": "ham"})
            assert response.status_code == 503
            assert response.headers["retry-after"]
            await rename(database_url, "mislaid", "corrections")
            await correct(client, entry_id)

    asyncio.run(scenario())
