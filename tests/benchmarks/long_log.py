"""A request log as years leave it behind, at a fixed seed: one message a second, some corrected."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import Database
from app.tables import CorrectionRow, RequestRow

START = datetime(2026, 1, 1, tzinfo=UTC)
RARE_KEY = "key-rare"  # of one message in 10,000
SOME_KEY = "key-some"  # of one in 500
COMMON_KEY = "key-common"  # of two in three
COMMON_WORD = "invoice"  # of the texts, one in a hundred
ABSENT_WORD = "xyzzy"

_ROWS = 20_000  # a transaction
_CORRECTED = 1000  # one message in so many
_WORDS = [f"word{n}" for n in range(5000)]


def moment(number: int) -> datetime:
    """When the number-th message came."""
    return START + timedelta(seconds=number)


def id_of(number: int) -> str:
    """Its id: a UUID of version 7 with that time."""
    return f"{int(moment(number).timestamp() * 1000):012x}7{number % 16**3:03x}8{number:015x}"


async def fill(database: Database, rows: int, words: int = 0) -> None:
    """Write `rows` messages into an empty log, with bodies of so many words; 0: no texts."""
    table = RequestRow.metadata.tables[RequestRow.__tablename__]
    async with database.write() as connection:
        await _indexes(connection, table, there=False)
    messages = _messages(rows, words)
    while group := list(islice(messages, _ROWS)):
        said = [_correction(m) for n, m in enumerate(group) if n % _CORRECTED == 0]
        async with database.write() as connection:
            await connection.execute(insert(RequestRow), group)
            await connection.execute(insert(CorrectionRow), said)
    async with database.write() as connection:
        await _indexes(connection, table, there=True)


async def _indexes(connection: AsyncConnection, table: Table, *, there: bool) -> None:
    # To sort ten million hashes once is minutes; to insert each where it belongs, hours.
    for index in table.indexes:
        await connection.run_sync(index.create if there else index.drop)


def _messages(rows: int, words: int) -> Iterator[dict[str, Any]]:
    rng = random.Random(1)
    for number in range(rows):
        probability = rng.betavariate(0.2, 0.3)
        label = "spam" if probability >= 0.9 else "unsure" if probability >= 0.88 else "ham"
        yield {
            "id": id_of(number),
            "created_at": moment(number),
            "request_id": f"{rng.getrandbits(128):032x}",
            "kind": "classify",
            "source": "raw",
            "message_hash": f"{rng.getrandbits(256):064x}",
            "content_bytes": rng.randrange(500, 50_000),
            "subject_characters": 40,
            "body_characters": 2000,
            "tokens_used": 160,
            "tokens_total": 400,
            "spam_probability": probability,
            "threshold": 0.9,
            "label": label,
            "decided_by": "model",
            "key_id": _key(number, rng.random()),
            "model_version": "0.1.0+benchmark",
            "queue_ms": 1.5,
            "inference_ms": 4.5,
            "subject": _text(rng, 6) if words else None,
            "body": _text(rng, words) if words else None,
        }


def _key(number: int, draw: float) -> str | None:
    if number % 10_000 == 0:
        return RARE_KEY
    if number % 500 == 0:
        return SOME_KEY
    return COMMON_KEY if draw < 2 / 3 else None


def _text(rng: random.Random, words: int) -> str:
    chosen = rng.choices(_WORDS, k=words)
    if rng.random() < 0.01:
        chosen[-1] = COMMON_WORD
    return " ".join(chosen)


def _correction(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "message_hash": message["message_hash"],
        "label": "ham",
        "entry_id": message["id"],
        "corrected_at": message["created_at"] + timedelta(hours=1),
        "corrected_by": None,
    }
