"""No page of the history scans the log or sorts it, whatever the filter: the database says how it
would go about it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text

from app.database import Database
from app.queries import history
from app.queries.history import Filter
from tests.app.test_history import START, entry_at, fill
from tests.conftest import opened


async def explain(database: Database, wanted: Filter, how: str) -> Sequence[Any]:
    floor = None if history._has_index(wanted) else "0"
    query = history.select_page(wanted, "f", floor, 50)
    sql = query.compile(database.engine.sync_engine, compile_kwargs={"literal_binds": True})
    async with database.read() as connection:
        if database.engine.dialect.name == "postgresql":  # or it would not bother for a few rows
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        return (await connection.execute(text(f"{how} {sql}"))).all()


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Filter(), "sqlite_autoindex_requests_1 (id<"),
        (Filter(after=START, before=START), "sqlite_autoindex_requests_1 (id>? AND id<"),
        (Filter(label="spam"), "ix_requests_label_id (label=? AND id<"),
        (Filter(label="spam", after=START), "ix_requests_label_id (label=? AND id>? AND id<"),
        (Filter(key="k"), "ix_requests_key_id_id (key_id=? AND id<"),
        (Filter(key="k", after=START), "ix_requests_key_id_id (key_id=? AND id>? AND id<"),
        (Filter(corrected=True), "(id>? AND id<"),
        (Filter(min_probability=0.4, max_probability=0.6), "(id>? AND id<"),
        (Filter(text="x"), "(id>? AND id<"),
        (Filter(label="spam", key="k", corrected=False), "id>? AND id<"),
    ],
)
def test_no_page_scans_the_log_or_sorts_it(database_url: str, wanted: Filter, index: str) -> None:
    async def scenario() -> None:
        async with opened(database_url) as database:
            plan = await explain(database, wanted, "EXPLAIN QUERY PLAN")
        steps = [step[3] for step in plan]
        assert not [s for s in steps if s.startswith("SCAN") or "TEMP B-TREE" in s], steps
        assert index in steps[0], steps

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(),
        Filter(after=START, before=START),
        Filter(label="spam"),
        Filter(label="unsure", after=START),
        Filter(key="k"),
        Filter(key="k", after=START),
        Filter(corrected=True),
        Filter(min_probability=0.4, max_probability=0.6),
        Filter(text="x"),
    ],
)
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_nor_does_one_on_postgresql(database_url: str, wanted: Filter) -> None:
    async def scenario() -> None:
        await fill(database_url, (entry_at(n) for n in range(500)))
        async with opened(database_url) as database:
            async with database.write() as connection:
                await connection.execute(text("ANALYZE"))
            plan = "\n".join(step[0] for step in await explain(database, wanted, "EXPLAIN"))
        # It may sort the few rows of a short time, or of the few corrections that there are.
        assert "Index Scan" in plan, plan
        assert "Seq Scan" not in plan, plan

    asyncio.run(scenario())
