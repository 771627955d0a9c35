"""Asking for work that may be refused: an engine's, or a thread's."""

from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from app.errors import Overloaded, PredictionUnavailable
from model.engine import Answer, Engine, EngineClosed, EngineOverloaded, PredictionFailed

R = TypeVar("R")


async def ask(engine: Engine[Any, R], item: object) -> Answer[R]:
    """The engine's answer. Raises Overloaded, PredictionUnavailable."""
    try:
        return await engine.submit(item)
    except EngineOverloaded:
        raise Overloaded("Too many requests are waiting.") from None
    except EngineClosed:
        raise Overloaded("The service is stopping.") from None
    except PredictionFailed:
        raise PredictionUnavailable("The network failed; its log says why.") from None


async def in_thread(work: Callable[[], R], limiter: anyio.CapacityLimiter, most_waiting: int) -> R:
    """Run what takes a while in a thread. Raises Overloaded and what `work` raises."""
    if limiter.statistics().tasks_waiting >= most_waiting:
        raise Overloaded("Too many requests are waiting.")
    return await anyio.to_thread.run_sync(work, limiter=limiter)
