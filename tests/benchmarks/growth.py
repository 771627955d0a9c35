"""How cost grows: with processes, with the length of a text, with what the log already holds."""

import asyncio
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from app import migrate
from app.database import Database
from model.mime import from_fields
from tests.benchmarks import servers
from tests.benchmarks.load import HttpAsker, alone, passes, percentile, wrk
from tests.benchmarks.long_log import fill
from tests.benchmarks.mails import MailFiles, mail_files
from tests.benchmarks.messages import compose
from tests.benchmarks.results import Curve, Findings, Row
from tests.benchmarks.setting import Setting
from tests.benchmarks.texts import body, words

_PROCESSES = (1, 2)
_TOKENS = (64, 128, 256, 512, 1024, 2048, 4096)
_ROWS = (0, 1_000_000, 10_000_000)
_QUICK_ROWS = (0, 100_000)
_SECONDS = 10.0
_REPEATS = 3
_TEXTS = 50  # of each length
_ALONE = 1000


def measure(setting: Setting) -> Findings:
    """Each against what it would be, were it to grow in proportion."""
    parts = (_processes(setting), _lengths(setting), _logs(setting))
    return Findings(
        tuple(row for row, _ in parts), tuple(curve for _, curves in parts for curve in curves)
    )


def _processes(setting: Setting) -> tuple[Row, tuple[Curve, ...]]:
    files, points = mail_files(setting), []
    for processes in _PROCESSES:
        with servers.service(setting, processes) as target:
            points.append((float(processes), _rate(target, files, setting)))
    growth = points[-1][1] / points[0][1]
    row = Row(
        name="throughput with the number of processes",
        measured={f"processes: {count:.0f}, messages/s": rate for count, rate in points},
        verdict=f"{growth:.2f} times as much with {_PROCESSES[-1]}",
        aim="as a plot",
        reaches=None,
    )
    return row, (Curve("8 connections", "processes", "messages/s", tuple(points)),)


def _lengths(setting: Setting) -> tuple[Row, tuple[Curve, ...]]:
    points = []
    pool = words(mail_files(setting).contents())
    with servers.service(setting) as target:
        for count in _TOKENS:
            bodies = (body(pool, count, seed) for seed in range(_TEXTS))
            mails = [compose(from_fields("", text)) for text in bodies]
            passes(partial(HttpAsker, target), mails)  # warm
            times = alone(partial(HttpAsker, target), mails, setting.count(_ALONE))
            points.append((_tokens(target, mails[0]), 1000 * percentile(times, 50)))
    measured = {f"{count:,.0f} tokens, ms": ms for count, ms in points}
    name = "one message, one connection"
    return _row("with the length of the text", measured, points), (
        Curve(name, "tokens of the text", "median ms a message", tuple(points)),
    )


def _logs(setting: Setting) -> tuple[Row, tuple[Curve, ...]]:
    files, rates, times = mail_files(setting), [], []
    mails = files.contents()
    for rows in _QUICK_ROWS if setting.quick else _ROWS:
        with _filled(setting, rows) as database, servers.service(setting, 1, database) as target:
            rates.append((float(rows), 1000 / _rate(target, files, setting)))
            took = alone(partial(HttpAsker, target), mails, setting.count(_ALONE))
            times.append((float(rows), 1000 * percentile(took, 50)))
    measured = {f"{rows:,.0f} rows, one connection, median ms": ms for rows, ms in times}
    measured |= {f"{rows:,.0f} rows, 8 connections, ms a message": ms for rows, ms in rates}
    across, up = "rows in the log", "ms a message"
    return _row("with the rows in the log", measured, times), (
        Curve("one connection, median", across, up, tuple(times)),
        Curve("8 connections, mean", across, up, tuple(rates)),
    )


def _row(name: str, measured: dict[str, float], points: list[tuple[float, float]]) -> Row:
    """Linear or better: from the first point that is not at 0 it grows in proportion at most."""
    first, least = next(point for point in points if point[0])
    last, most = points[-1]
    return Row(
        name=f"time of a message {name}",
        measured=measured,
        verdict=f"{most / points[0][1]:.2f} times as long at the end",
        aim="linear or better",
        reaches=most / least <= last / first,
    )


def _rate(target: servers.Target, files: MailFiles, setting: Setting) -> float:
    passes(partial(HttpAsker, target), files.contents())  # warm
    seconds = setting.seconds(_SECONDS)
    return statistics.median(
        wrk(target, files.drawn, setting.out, seconds).rate
        for _ in range(setting.repeats(_REPEATS))
    )


def _tokens(target: servers.Target, mail: bytes) -> float:
    """As the service counts them."""
    headers = {"Content-Type": servers.RFC822}
    answer = httpx.post(target.url, content=mail, headers=headers, trust_env=False)
    return float(answer.json()["tokens"]["total"])


@contextmanager
def _filled(setting: Setting, rows: int) -> Iterator[Path]:
    """A database whose log holds so much, gone afterwards: ten million rows are gigabytes."""
    with TemporaryDirectory(prefix="log-", dir=setting.out) as folder:
        path = Path(folder) / "log.db"
        asyncio.run(_fill(path, rows))
        yield path


async def _fill(path: Path, rows: int) -> None:
    database = Database(f"sqlite+aiosqlite:///{path}")
    await migrate.upgrade(database)
    if rows:
        await fill(database, rows)
    await database.aclose()
