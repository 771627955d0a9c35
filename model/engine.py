"""Micro-batching in time around any predictor function.

Callers submit single items; one task owns the queue and forms batches, one thread runs them. A
batch costs its longest row times its rows, because that is what padding makes the network compute.
While a batch runs the next one gathers, so a busy engine batches without waiting at all. When a
batch fails, each of its items is tried alone: one that is poisonous takes no neighbour with it.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_log = logging.getLogger("hamlet.engine")

# Of the event loop, before a batch closes: what has arrived by now takes as many from its socket to
# the queue, and would else wait for a whole pass.
_TURNS = 4


class EngineError(Exception):
    """The engine has no answer: EngineOverloaded, EngineClosed or PredictionFailed."""


class EngineOverloaded(EngineError):
    """The queue is full; nothing was queued."""


class EngineClosed(EngineError):
    """The engine is closing or closed; nothing was queued."""


class PredictionFailed(EngineError):
    """The prediction of this item failed, in its batch and alone; the log holds the reason."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[R]):
    """A result, how long its item waited and how long its whole batch ran, in milliseconds."""

    result: R
    queue_ms: float
    inference_ms: float


@dataclass(frozen=True, slots=True)
class Ran:
    """A batch that was answered: how long each of its items waited and how long it ran, in seconds;
    the sum of the items' costs, and with padding."""

    waited: tuple[float, ...]
    seconds: float
    cost: int
    padded_cost: int


@dataclass(slots=True)
class _Waiter(Generic[T, R]):
    item: T
    cost: int
    future: asyncio.Future[Answer[R]]
    since: float = field(default_factory=time.perf_counter)


class Engine(Generic[T, R]):
    """Batches items for `predict`, which must return one result an item, in order.

    Create it in a running event loop: `async with Engine(predict) as engine`. `cost` is the length
    of an item; `max_batch_cost` bounds rows times longest row, save for one item that is longer.
    `max_wait` is how many seconds the first item of a batch may wait for company. `inline` says
    whether a batch of that cost runs in the event loop itself, as where nobody else needs the loop:
    changing threads may take longer than the batch; `alone`, that nobody else is about to submit:
    then such an item does not even queue. `ran` is called after every batch that was answered.
    """

    def __init__(
        self,
        predict: Callable[[Sequence[T]], Sequence[R]],
        *,
        cost: Callable[[T], int] = len,  # type: ignore[assignment]  # only items with a length
        max_batch_cost: int = 16_384,
        max_wait: float = 0.0,
        max_queue: int = 1024,
        inline: Callable[[int], bool] = lambda _: False,
        alone: Callable[[], bool] = lambda: False,
        ran: Callable[[Ran], None] = lambda _: None,
    ) -> None:
        self._predict = predict
        self._cost = cost
        self._max_batch_cost = max_batch_cost
        self._max_wait = max_wait
        self._max_queue = max_queue
        self._inline = inline
        self._alone = alone
        self._running = False
        self._ran = ran
        self._queue: deque[_Waiter[T, R]] = deque()
        self._changed = asyncio.Event()
        self._closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._owner = asyncio.create_task(self._run())

    async def __aenter__(self) -> "Engine[T, R]":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    @property
    def waiting(self) -> int:
        """How many items are in the queue."""
        return len(self._queue)

    async def submit(self, item: T) -> Answer[R]:
        """Wait for the item's result. Raises EngineOverloaded, EngineClosed, PredictionFailed."""
        if self._closing:
            raise EngineClosed("the engine is closing")
        if len(self._queue) >= self._max_queue:
            raise EngineOverloaded(f"{self._max_queue} items are waiting")
        future: asyncio.Future[Answer[R]] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(item, max(1, self._cost(item)), future)
        if self._alone() and not (self._queue or self._running) and self._inline(waiter.cost):
            await self._answer([waiter])
        else:
            self._queue.append(waiter)
            self._changed.set()
        return await future

    async def aclose(self) -> None:
        """Refuse new items, answer those that are queued, stop the thread. Safe to call twice."""
        self._closing = True
        self._changed.set()
        await asyncio.wait([self._owner])
        self._thread.shutdown()

    async def _run(self) -> None:
        try:
            while await self._has_work():
                await self._gather()
                self._running = True
                await self._answer(self._take())
                self._running = False
        finally:  # an event loop that is torn down cancels this task: leave nobody waiting
            self._closing = True
            for waiter in self._queue:
                waiter.future.cancel()

    async def _has_work(self) -> bool:
        """Wait until something is queued; False when closing with nothing left to answer."""
        while not self._queue and not self._closing:
            self._changed.clear()
            await self._changed.wait()
        return bool(self._queue)

    async def _gather(self) -> None:
        """Give the first item's batch its time to fill."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        deadline = self._queue[0].since + self._max_wait
        while (left := deadline - time.perf_counter()) > 0 and not self._closing:
            if len(self._queue) * max(w.cost for w in self._queue) >= self._max_batch_cost:
                return
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                return

    def _take(self) -> list[_Waiter[T, R]]:
        """The longest run from the front of the queue that fits; cancelled items are dropped."""
        batch: list[_Waiter[T, R]] = []
        longest = 0
        while self._queue:
            waiter = self._queue[0]
            if not waiter.future.done():
                longest = max(longest, waiter.cost)
                if batch and (len(batch) + 1) * longest > self._max_batch_cost:
                    break
                batch.append(waiter)
            self._queue.popleft()
        return batch

    async def _answer(self, batch: list[_Waiter[T, R]]) -> None:
        if not batch:
            return
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        try:
            if self._inline(_padded(batch)):
                results = self._checked(batch)
            else:
                results = await loop.run_in_executor(self._thread, self._checked, batch)
        except Exception:
            _log.exception("a batch of %d failed", len(batch))
            await self._answer_alone(batch)
            return
        except asyncio.CancelledError:
            for waiter in batch:
                waiter.future.cancel()
            raise
        took = time.perf_counter() - began
        waited = tuple(began - waiter.since for waiter in batch)
        for waiter, seconds, result in zip(batch, waited, results, strict=True):
            _settle(waiter.future, Answer(result, 1000 * seconds, 1000 * took))
        self._ran(Ran(waited, took, sum(waiter.cost for waiter in batch), _padded(batch)))

    async def _answer_alone(self, batch: list[_Waiter[T, R]]) -> None:
        """After its batch has failed: one item that no prediction survives fails alone."""
        if len(batch) == 1:
            _settle(batch[0].future, PredictionFailed("the prediction failed"))
            return
        try:
            for waiter in batch:
                if not waiter.future.done():
                    await self._answer([waiter])
        except asyncio.CancelledError:
            for waiter in batch:
                waiter.future.cancel()
            raise

    def _checked(self, batch: list[_Waiter[T, R]]) -> Sequence[R]:
        results = self._predict([waiter.item for waiter in batch])
        if len(results) != len(batch):
            raise RuntimeError(f"{len(results)} results for {len(batch)} items")
        return results


def _padded(batch: Sequence[_Waiter[Any, Any]]) -> int:
    return len(batch) * max(waiter.cost for waiter in batch)


def _settle(future: asyncio.Future[Any], outcome: object) -> None:
    """Hand a waiter its outcome, unless it has gone away meanwhile."""
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
