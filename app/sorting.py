"""One list of numbers from its bytes to a logged order."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

import anyio

from app import schemas
from app.asking import ask, in_thread
from app.log_writer import Log
from app.numbers import Number, SortRequest
from app.repository import SortEntry, new_id
from app.secret import keyed_hash
from app.settings import Settings
from model import sorting
from model.engine import Answer, Engine
from model.sorting import Query

_DIGITS = 4  # of an attention weight


class Predictor(Protocol):
    """What the service asks of a sorter: see model.sorting.SorterPredictor."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    def predict(self, batch: Sequence[Query]) -> list[sorting.Sorting]: ...
    def info(self) -> dict[str, object]: ...


class Sorter:
    """Reads, sorts, checks, logs. Belongs to one event loop."""

    def __init__(
        self,
        predictor: Predictor,
        engine: Engine[Query, sorting.Sorting],
        writer: Log,
        settings: Settings,
        key: bytes,
    ) -> None:
        self.predictor = predictor
        self._engine = engine
        self._writer = writer
        self._settings = settings
        self._key = key
        self._readers = anyio.CapacityLimiter(1)

    async def sort(
        self,
        read: Callable[[], SortRequest],
        request_id: str,
        *,
        attention: bool = False,
        key_id: str | None = None,
    ) -> schemas.Sorting:
        """Sort what `read` returns, which runs in a thread. The answer is in the log.

        Raises what `read` raises, Overloaded, PredictionUnavailable, LogUnavailable.
        """
        request = await in_thread(read, self._readers, self._settings.max_queue)
        query = Query.of(request.numbers, descending=request.descending, attention=attention)
        answer = await ask(self._engine, query)
        in_order = [request.numbers[index] for index in answer.result.permutation]
        broken = first_break(in_order, request.descending)
        entry = self._entry(request, broken, answer, request_id, key_id)
        await self._writer.add(entry)
        return self._response(entry, in_order, answer.result)

    def _entry(
        self,
        request: SortRequest,
        broken: int | None,
        answer: Answer[sorting.Sorting],
        request_id: str,
        key_id: str | None,
    ) -> SortEntry:
        content = request.content()
        return SortEntry(
            id=new_id(),
            created_at=datetime.now(UTC),
            request_id=request_id,
            numbers_hash=keyed_hash(content, self._key),
            count=len(request.numbers),
            descending=request.descending,
            exact=broken is None,
            first_break=broken,
            key_id=key_id,
            model_version=self.predictor.version,
            queue_ms=round(answer.queue_ms, 3),
            inference_ms=round(answer.inference_ms, 3),
            numbers=content.decode() if self._settings.store_text else None,
        )

    def _response(
        self, entry: SortEntry, in_order: list[Number], result: sorting.Sorting
    ) -> schemas.Sorting:
        weights = None
        if result.attention is not None:
            weights = result.attention.astype(float).round(_DIGITS).tolist()
        return schemas.Sorting.model_validate(
            {
                "id": entry.id,
                "sorted": in_order,
                "permutation": list(result.permutation),
                "exact": entry.exact,
                "first_break": entry.first_break,
                "model": {"name": self.predictor.name, "version": entry.model_version},
                "attention": weights,
                "timing_ms": {"queue": entry.queue_ms, "inference": entry.inference_ms},
            }
        )


def first_break(numbers: Sequence[Number], descending: bool) -> int | None:
    """The first position whose number should stand before its predecessor; None in perfect order.

    Python compares integers and fractions by their exact values, however large they are.
    """
    for position in range(1, len(numbers)):
        before, here = numbers[position - 1], numbers[position]
        if (here > before) if descending else (here < before):
            return position
    return None
