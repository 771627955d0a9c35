"""Nothing that reads or prunes the log looks at all of it: the plans of the very statements run."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from itertools import combinations, product
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import Database
from app.queries import history, retention
from app.queries.history import Filter
from app.tables import RequestRow, SortRow
from tests.app.test_history import START, entry_at, fill
from tests.conftest import ON_BOTH, opened

Work = Callable[[AsyncConnection], Awaitable[object]]

_PARTS: tuple[dict[str, Any], ...] = (
    {"label": "spam"},
    {"key": "key1"},
    {"min_probability": 0.4, "max_probability": 0.6},
    {"corrected": True},
    {"text": "subject"},
)
_TIMES: tuple[dict[str, Any], ...] = (
    {},
    {"after": START},
    {"before": START + timedelta(hours=1)},
    {"after": START + timedelta(minutes=10), "before": START + timedelta(hours=1)},
)
FILTERS = [
    {name: value for part in (*parts, time) for name, value in part.items()}
    for count in range(len(_PARTS) + 1)
    for parts in combinations(_PARTS, count)
    for time in _TIMES
]


async def plans(database: Database, work: Work) -> list[str]:
    """The steps of every statement that the work runs; it is rolled back."""
    run: list[tuple[str, Any]] = []

    def note(_c: Any, _k: Any, statement: str, values: Any, _x: Any, _m: bool) -> None:
        run.append((statement, values))

    postgres = database.engine.dialect.name == "postgresql"
    async with database.engine.connect() as connection:
        if postgres:  # or it would not bother with an index for so few rows
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        event.listen(database.engine.sync_engine, "before_cursor_execute", note)
        try:
            await work(connection)
        finally:
            event.remove(database.engine.sync_engine, "before_cursor_execute", note)
        steps: list[str] = []
        for statement, values in run:
            how = "EXPLAIN" if postgres else "EXPLAIN QUERY PLAN"
            plan = await connection.exec_driver_sql(f"{how} {statement}", values)
            steps += [row[0] if postgres else row.detail for row in plan]
        await connection.rollback()
    assert steps
    return steps


def scans(steps: Sequence[str]) -> list[str]:
    """Those that look at a whole table, or on SQLite at a whole index or put rows in order.

    PostgreSQL may sort the few rows of a short time; test_history_plans says more of it.
    """
    return [
        step
        for step in steps
        if step.startswith("SCAN") or "TEMP B-TREE" in step or "Seq Scan" in step
    ]


@asynccontextmanager
async def filled(database_url: str, *, analyzed: bool) -> AsyncIterator[Database]:
    await fill(database_url, (entry_at(n) for n in range(300)), corrected=range(0, 300, 2))
    async with opened(database_url) as database:
        if analyzed:  # what PostgreSQL does by itself, and what changes a planner's mind
            async with database.write() as connection:
                await connection.execute(text("ANALYZE"))
        yield database


@ON_BOTH
@pytest.mark.parametrize("analyzed", [False, True])
def test_no_combination_of_filters_scans_or_sorts(database_url: str, analyzed: bool) -> None:
    async def scenario() -> None:
        async with filled(database_url, analyzed=analyzed) as database:
            for values, cursor in product(FILTERS, (None, entry_at(200).id)):
                turn = partial(history.page, wanted=Filter(**values), cursor=cursor)
                steps = await plans(database, partial(turn, limit=10, scanned=30))
                assert not scans(steps), (values, steps)

    asyncio.run(scenario())


@ON_BOTH
@pytest.mark.parametrize("analyzed", [False, True])
@pytest.mark.parametrize(
    "work",
    [
        lambda c: history.entry(c, entry_at(3).id),
        lambda c: history.erase(c, entry_at(3).id),
        lambda c: history.erase_key(c, "key1", 10),
        lambda c: retention.forget_before(c, START + timedelta(hours=1), 10),
        lambda c: retention.forget_below(c, RequestRow, entry_at(50).id, 10),
        lambda c: retention.forget_below(c, SortRow, entry_at(50).id, 10),
    ],
    ids=["entry", "erase", "erase_key", "forget_before", "forget_below", "forget_below_sorts"],
)
def test_what_finds_and_forgets_rows_scans_nothing(
    database_url: str, work: Work, analyzed: bool
) -> None:
    async def scenario() -> None:
        async with filled(database_url, analyzed=analyzed) as database:
            assert not scans(await plans(database, work))

    asyncio.run(scenario())


_BOTH = ("sqlite", "postgresql")


@pytest.mark.parametrize(
    ("database_url", "index", "work"),
    [
        # PostgreSQL would walk along the ids.
        ("sqlite", "ix_requests_key_id_id", lambda c: history.erase_key(c, "key1", 10)),
        ("sqlite", "ix_sorts_key_id_id", lambda c: history.erase_key(c, "key1", 10)),
        *(
            (on, index, lambda c: retention.forget_before(c, START, 10))
            for on in _BOTH
            for index in ("ix_requests_created_at_label", "ix_sorts_created_at")
        ),
    ],
    indirect=["database_url"],
)
def test_an_index_that_is_gone_is_noticed(database_url: str, index: str, work: Work) -> None:
    async def scenario() -> None:
        async with filled(database_url, analyzed=False) as database:
            async with database.write() as connection:
                await connection.execute(text(f"DROP INDEX {index}"))
            assert scans(await plans(database, work))

    asyncio.run(scenario())
