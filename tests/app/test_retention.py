"""What is due is forgotten, by age and by number; what people said stays."""

import asyncio
from datetime import UTC, datetime, timedelta

from app.retention import forget
from tests.app.test_history import START, entry_at, fill, numbers
from tests.conftest import ON_BOTH, Rows, Serve, opened, settings_of

pytestmark = ON_BOTH


def run_forget(url: str, **values: float) -> int:
    async def scenario() -> int:
        async with opened(url) as database:
            return await forget(database, settings_of(url, **values))

    return asyncio.run(scenario())


def test_rows_older_than_the_setting_go(database_url: str, rows: Rows) -> None:
    now = datetime.now(UTC)
    entries = (entry_at(n, created_at=now - timedelta(hours=n)) for n in range(1300))
    asyncio.run(fill(database_url, entries))
    assert run_forget(database_url, retention_days=0.5) == 1300 - 12
    assert len(rows()) == 12
    assert run_forget(database_url, retention_days=0.5) == 0


def test_the_newest_rows_stay(database_url: str, rows: Rows) -> None:
    asyncio.run(fill(database_url, (entry_at(n) for n in range(1300))))
    assert run_forget(database_url, retention_rows=7) == 1293
    kept = [START + timedelta(minutes=n) for n in range(1293, 1300)]
    assert [row["created_at"] for row in rows()] == kept
    assert run_forget(database_url, retention_rows=7) == 0
    assert run_forget(database_url, retention_rows=100) == 0


def test_without_a_setting_nothing_is_forgotten(database_url: str, rows: Rows) -> None:
    asyncio.run(fill(database_url, (entry_at(n) for n in range(3))))
    assert run_forget(database_url) == 0
    assert len(rows()) == 3


def test_a_corrected_message_is_known_after_its_entry_was_forgotten(
    serve: Serve, database_url: str, rows: Rows
) -> None:
    async def scenario() -> None:
        message = {"text": "viagra for the ward"}
        async with serve() as client:
            entry_id = (await client.post("/classify", json=message)).json()["id"]
            await client.post("/feedback", json={"id": entry_id, "label": "ham"})
            await client.post("/classify", json={"text": "another"})
        await asyncio.to_thread(run_forget, database_url, retention_rows=1)
        async with serve() as client:
            assert (await client.post("/classify", json=message)).json()["source"] == "correction"

    asyncio.run(scenario())


def test_the_service_forgets_by_itself(serve: Serve, database_url: str) -> None:
    async def scenario() -> None:
        await fill(database_url, (entry_at(n) for n in range(20)))
        async with serve(retention_rows=5) as client:
            async with asyncio.timeout(20):
                while await numbers(client) != [19, 18, 17, 16, 15]:
                    await asyncio.sleep(0.05)

    asyncio.run(scenario())
