"""Many messages at once: in order, a bounded number of them and of their bytes in flight."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from app.errors import PayloadTooLarge, ServerFailure, as_hamlet_error, problem
from app.schemas import Classification, Problem

T = TypeVar("T")
R = TypeVar("R")

MOST_IN_FLIGHT = 64

_log = logging.getLogger("hamlet.batches")


async def result_or_problem(
    classified: Awaitable[Classification], request_id: str
) -> Classification | Problem:
    """What stands in a batch in a message's place."""
    try:
        return await classified
    except Exception as error:
        return _problem(error, request_id)


def _problem(error: Exception, request_id: str) -> Problem:
    known = as_hamlet_error(error)
    if isinstance(known, ServerFailure):
        _log.error("unexpected %s in a batch", type(error).__name__, exc_info=error)
    return problem(known, request_id)


class _Room:
    """How much may be in flight: `most` items and, save for a single larger one, `most_size`."""

    def __init__(self, most: int, most_size: int) -> None:
        self._most, self._most_size = most, most_size
        self._sizes: deque[int] = deque()
        self._freed = asyncio.Event()

    async def enter(self, size: int) -> None:
        while self._sizes and not (
            len(self._sizes) < self._most and sum(self._sizes) + size <= self._most_size
        ):
            self._freed.clear()
            await self._freed.wait()
        self._sizes.append(size)

    def leave(self) -> None:
        """The item that entered first goes."""
        self._sizes.popleft()
        self._freed.set()


async def in_order(
    items: AsyncIterable[T],
    work: Callable[[T], Awaitable[R]],
    *,
    size: Callable[[T], int] = lambda _: 0,
    most: int = MOST_IN_FLIGHT,
    most_size: int = 0,
) -> AsyncGenerator[R, None]:
    """Yield `work(item)` in the order of the items, each as soon as it and those before it are
    there, reading on meanwhile. No more is read than fits in flight: what the consumer does not
    take holds up the source. An error of the source comes after the results of what it gave."""
    room = _Room(most, most_size)
    ready: asyncio.Queue[asyncio.Task[R] | None] = asyncio.Queue()
    tasks: set[asyncio.Task[R]] = set()

    async def start(item: T) -> R:
        return await work(item)

    async def feed() -> None:
        try:
            async for item in items:
                await room.enter(size(item))
                task = asyncio.create_task(start(item))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                ready.put_nowait(task)
        finally:
            ready.put_nowait(None)

    feeder = asyncio.create_task(feed())
    try:
        while (task := await ready.get()) is not None:
            yield await task
            room.leave()
        await feeder
    finally:
        unfinished = [feeder, *tasks]
        for left in unfinished:
            left.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)


async def each(items: list[T]) -> AsyncIterator[T]:
    """A list as an asynchronous iterator."""
    for item in items:
        yield item


async def split_lines(
    chunks: AsyncIterable[bytes], limit: int
) -> AsyncIterator[bytes | PayloadTooLarge]:
    """The lines of a stream, blank ones left out. In the place of one longer than `limit` bytes,
    which is never held, stands an error."""
    line = bytearray()
    skipping = False
    async for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            if not skipping and len(line) + len(piece) > limit:
                yield PayloadTooLarge(limit)
            elif not skipping and (line + piece).strip():
                yield bytes(line + piece)
            line.clear()
            skipping = False
        if not skipping and len(line) + len(rest) > limit:
            yield PayloadTooLarge(limit)
            line.clear()
            skipping = True
        elif not skipping:
            line += rest
    if line.strip():
        yield bytes(line)


async def classify_stream(
    chunks: AsyncIterable[bytes],
    classify: Callable[[bytes], Awaitable[Classification]],
    request_id: str,
    *,
    line_limit: int,
) -> AsyncGenerator[bytes, None]:
    """NDJSON in, NDJSON out, in order: the results, and problems in the place of bad lines.

    When the stream itself breaks off, its last line is the problem.
    """

    async def work(line: bytes | PayloadTooLarge) -> Classification | Problem:
        if isinstance(line, PayloadTooLarge):
            return problem(line, request_id)
        return await result_or_problem(classify(line), request_id)

    results = in_order(
        split_lines(chunks, line_limit),
        work,
        size=lambda line: len(line) if isinstance(line, bytes) else 0,
        most_size=line_limit,
    )
    async with aclosing(results):
        try:
            async for result in results:
                yield _line(result)
        except Exception as error:
            yield _line(_problem(error, request_id))


def _line(result: Classification | Problem) -> bytes:
    return result.model_dump_json(exclude_none=True).encode() + b"\n"
