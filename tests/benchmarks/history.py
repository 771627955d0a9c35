"""What the history of a long log costs: its pages, an export, and forgetting beside the writer.

    python -m tests.benchmarks.history sqlite+aiosqlite:///build/long.db --rows 10000000
    python -m tests.benchmarks.history sqlite+aiosqlite:///build/texts.db --rows 1000000 --words 300

An empty database is filled first. Forgetting deletes the oldest rows, so that part runs only when
asked for by --forget. Prints tables in Markdown; times are in milliseconds if not said otherwise.
"""

import argparse
import asyncio
import resource
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, func, select

from app import history, migrate
from app.database import Database
from app.log_writer import LogWriter
from app.queries import retention
from app.queries.history import Filter
from app.repository import new_id
from app.retention import forget
from app.settings import Settings
from app.tables import RequestRow
from tests.app.test_log import entry
from tests.benchmarks.long_log import (
    ABSENT_WORD,
    COMMON_KEY,
    COMMON_WORD,
    RARE_KEY,
    SOME_KEY,
    fill,
    id_of,
    moment,
)

T = TypeVar("T")

_LIMIT = 50
_REPEATS = 7
_FORGOTTEN = 20_000
_FILTERS: dict[str, Filter] = {
    "none": Filter(),
    "label spam (1 in 4)": Filter(label="spam"),
    "label unsure (1 in 100)": Filter(label="unsure"),
    "key, 2 in 3": Filter(key=COMMON_KEY),
    "key, 1 in 10,000": Filter(key=RARE_KEY),
    "key, unknown": Filter(key="nobody"),
    "label and key": Filter(label="spam", key=COMMON_KEY),
    "label and rare key": Filter(label="unsure", key=RARE_KEY),
    "probability 0.4 to 0.6": Filter(min_probability=0.4, max_probability=0.6),
    "probability 0.5 to 0.50001": Filter(min_probability=0.5, max_probability=0.50001),
    "corrected (1 in 1,000)": Filter(corrected=True),
    "not corrected": Filter(corrected=False),
    "corrected spam": Filter(corrected=True, label="spam"),
}
_TEXT_FILTERS = {
    "text, 1 in 100": Filter(text=COMMON_WORD),
    "text, absent": Filter(text=ABSENT_WORD),
    "text, absent, of a rare key": Filter(text=ABSENT_WORD, key=RARE_KEY),
    "text, absent, probability 0.4 to 0.6": Filter(
        text=ABSENT_WORD, min_probability=0.4, max_probability=0.6
    ),
}


async def measure(url: str, rows: int, words: int, *, forgetting: bool) -> None:
    database = Database(url)
    await migrate.upgrade(database)
    if not await _scalar(database, func.count()):
        began = time.perf_counter()
        await fill(database, rows, words)
        print(f"filled in {time.perf_counter() - began:.0f} s\n")
    if forgetting:
        await beside_the_writer(database)
    else:
        await pages(database, rows, _TEXT_FILTERS if words else _FILTERS)
        await export(database, rows)
    await database.aclose()


async def pages(database: Database, rows: int, filters: dict[str, Filter]) -> None:
    """The newest page, one from the middle, the last; of a day in the middle; and how long until
    one page's worth of entries is found."""
    middle = moment(rows // 2)
    print("| filter | newest | middle | oldest | a day | slowest | full page: pages, ms |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, wanted in filters.items():
        day = replace(wanted, after=middle, before=middle + timedelta(days=1))
        cursors = (None, id_of(rows // 2), id_of(min(rows // 10, 100_000)))
        times = [await _times(database, wanted, cursor) for cursor in cursors]
        times.append(await _times(database, day, None))
        cells = [f"{statistics.median(several):.1f}" for several in times]
        slowest = max(max(several) for several in times)
        count, total = await _until_full(database, wanted)
        print(
            f"| {name} | {' | '.join(cells)} | {slowest:.1f} | {count}, {total:.0f} |", flush=True
        )
    print()


async def _times(database: Database, wanted: Filter, cursor: str | None) -> list[float]:
    times = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        await history.page(database, wanted, cursor, _LIMIT)
        times.append(1000 * (time.perf_counter() - began))
    return times


async def _until_full(database: Database, wanted: Filter) -> tuple[int, float]:
    began, cursor, found, count = time.perf_counter(), None, 0, 0
    while True:
        page = await history.page(database, wanted, cursor, _LIMIT)
        found, count, cursor = found + len(page.entries), count + 1, page.next
        if cursor is None or found >= _LIMIT:
            return count, 1000 * (time.perf_counter() - began)


async def export(database: Database, rows: int) -> None:
    """A stretch of the log as NDJSON and as a table."""
    wanted = Filter(after=moment(rows // 2), before=moment(rows // 2 + 200_000))
    for form in (history.as_ndjson, history.as_csv):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = last = time.perf_counter()
        size, slowest = 0, 0.0
        async for chunk in form(database, wanted):
            size, now = size + len(chunk), time.perf_counter()
            slowest, last = max(slowest, now - last), now
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(
            f"{form.__name__}: 200,000 rows, {size / 2**20:.0f} MiB in {last - began:.1f} s, "
            f"slowest page {1000 * slowest:.0f} ms, peak memory grew by {grown / 1024:.1f} MiB"
        )


async def beside_the_writer(database: Database) -> None:
    """How long an entry waits for the log's writer: alone, and while rows are forgotten."""
    kept = await _scalar(database, func.count()) - _FORGOTTEN
    oldest = await _scalar(database, func.min(RequestRow.created_at))
    age = datetime.now(UTC) - oldest - timedelta(seconds=2 * _FORGOTTEN)
    by_age = Settings(retention_days=age / timedelta(days=1))
    async with database.read() as connection:
        began = time.perf_counter()
        await retention.oldest_kept(connection, RequestRow, kept)
        looked = time.perf_counter() - began
    print("| meanwhile | s | an entry waits: median | 99 % | slowest |")
    print("| --- | ---: | ---: | ---: | ---: |")
    await _line(database, "nothing", lambda: asyncio.sleep(10))
    by_rows = Settings(retention_rows=kept)
    await _line(database, "retention by rows", lambda: forget(database, by_rows))
    await _line(database, "retention by age", lambda: forget(database, by_age))
    await _line(database, "erasing a key", lambda: history.erase_key(database, SOME_KEY))
    print(f"\nthe oldest row to keep is found in {1000 * looked:.0f} ms")


async def _line(database: Database, name: str, work: Callable[[], Awaitable[object]]) -> None:
    before = await _scalar(database, func.count())
    writer = LogWriter(database)
    began, waits = time.perf_counter(), list[float]()
    running = asyncio.ensure_future(work())
    while not running.done():
        asked = time.perf_counter()
        await writer.add(replace(entry(), id=new_id(), message_hash=new_id()))
        waits.append(1000 * (time.perf_counter() - asked))
        await asyncio.sleep(0.005)
    seconds = time.perf_counter() - began
    await running
    await writer.aclose()
    gone = before + len(waits) - await _scalar(database, func.count())
    late = statistics.quantiles(waits, n=100, method="inclusive")[98]
    cells = [statistics.median(waits), late, max(waits)]
    shown = " | ".join(f"{cell:.1f}" for cell in cells)
    print(f"| {name}, {gone:,} rows | {seconds:.1f} | {shown} |", flush=True)


async def _scalar(database: Database, wanted: ColumnElement[T]) -> T:
    async with database.read() as connection:
        query = select(wanted).select_from(RequestRow)
        return (await connection.execute(query)).scalar_one()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", help="of a database, with an asynchronous driver")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--words", type=int, default=0, help="of each body; 0 keeps no texts")
    parser.add_argument("--forget", action="store_true", help="forget rows instead of reading")
    given = parser.parse_args()
    asyncio.run(measure(given.url, given.rows, given.words, forgetting=given.forget))


if __name__ == "__main__":
    main()
