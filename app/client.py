"""A client of the service, one that waits and one that is awaited. It needs no torch.

    with Client("http://127.0.0.1:8000") as hamlet:
        hamlet.classify("You have won a prize, click here").label

Every call may be repeated: to classify a message again makes another line in the log, and
corrections are idempotent. So a call that met a 429, a 503 or a broken connection is tried again,
after as long as `Retry-After` says (RFC 9110, 10.2.3), else after a pause that doubles.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from app import calls
from app.calls import WORTH_ANOTHER_TRY, Call, Label, Message, R, Retries, ServiceError
from app.schemas import (
    Classification,
    FieldsForm,
    HistoryDetail,
    HistoryEntry,
    Problem,
    ServedModel,
    Sorting,
)

__all__ = ["AsyncClient", "Client", "FieldsForm", "Message", "Retries", "ServiceError"]

_BATCH = 64


class Client:
    """Calls that wait. `key` is an API key; `timeout` is of one try, in seconds.

    Every method raises ServiceError when the service refused, or was not there after all tries.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        key: str | None = None,
        *,
        timeout: float = 60.0,
        retries: Retries = Retries(),  # noqa: B008  # frozen
    ) -> None:
        self._http = httpx.Client(base_url=url, headers=calls.headers(key), timeout=timeout)
        self._retries = retries

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def classify(self, message: Message, *, explain: bool = False) -> Classification:
        return self._do(calls.classify(message, explain))

    def classify_many(
        self, messages: Iterable[Message], *, explain: bool = False
    ) -> Iterator[Classification | Problem]:
        """In order, some dozens a request, however many there are; in the place of a message that
        was refused stands its problem."""
        waiting = iter(messages)
        while batch := list(islice(waiting, _BATCH)):
            yield from self._do(calls.batch(batch, explain))

    def sort(
        self, numbers: Sequence[float], order: Literal["ascending", "descending"] = "ascending"
    ) -> Sorting:
        return self._do(calls.sort(numbers, order))

    def correct(self, entry_id: str, label: Label) -> None:
        """Say what the message of an answer is."""
        self._do(calls.correct(entry_id, label))

    def take_back(self, entry_id: str) -> None:
        """Forget what was said of it."""
        self._do(calls.take_back(entry_id))

    def history(self, **wanted: Any) -> Iterator[HistoryEntry]:
        """Every entry, newest first; `wanted` are the parameters of GET /history."""
        cursor: str | None = None
        while True:
            page = self._do(calls.history(wanted, cursor))
            yield from page.entries
            cursor = page.next
            if cursor is None:
                return

    def entry(self, entry_id: str) -> HistoryDetail:
        return self._do(calls.entry(entry_id))

    def model(self) -> ServedModel:
        return self._do(calls.SERVED)

    def _do(self, call: Call[R]) -> R:
        failed = ServiceError("no try was made")
        for tried in range(self._retries.times + 1):
            if tried:
                time.sleep(self._retries.pause(tried, failed.retry_after))
            try:
                response = self._http.request(call.method, call.path, **call.content)
            except httpx.TransportError as error:
                failed = calls.unreachable(self._http.base_url, error)
                continue
            if response.status_code not in WORTH_ANOTHER_TRY:
                return calls.read(call, response)
            failed = calls.refusal(response)
        raise failed


class AsyncClient:
    """The same calls to be awaited."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        key: str | None = None,
        *,
        timeout: float = 60.0,
        retries: Retries = Retries(),  # noqa: B008  # frozen
    ) -> None:
        self._http = httpx.AsyncClient(base_url=url, headers=calls.headers(key), timeout=timeout)
        self._retries = retries

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def classify(self, message: Message, *, explain: bool = False) -> Classification:
        return await self._do(calls.classify(message, explain))

    async def classify_many(
        self, messages: Iterable[Message], *, explain: bool = False
    ) -> AsyncIterator[Classification | Problem]:
        waiting = iter(messages)
        while batch := list(islice(waiting, _BATCH)):
            for result in await self._do(calls.batch(batch, explain)):
                yield result

    async def sort(
        self, numbers: Sequence[float], order: Literal["ascending", "descending"] = "ascending"
    ) -> Sorting:
        return await self._do(calls.sort(numbers, order))

    async def correct(self, entry_id: str, label: Label) -> None:
        await self._do(calls.correct(entry_id, label))

    async def take_back(self, entry_id: str) -> None:
        await self._do(calls.take_back(entry_id))

    async def history(self, **wanted: Any) -> AsyncIterator[HistoryEntry]:
        cursor: str | None = None
        while True:
            page = await self._do(calls.history(wanted, cursor))
            for entry in page.entries:
                yield entry
            cursor = page.next
            if cursor is None:
                return

    async def entry(self, entry_id: str) -> HistoryDetail:
        return await self._do(calls.entry(entry_id))

    async def model(self) -> ServedModel:
        return await self._do(calls.SERVED)

    async def _do(self, call: Call[R]) -> R:
        failed = ServiceError("no try was made")
        for tried in range(self._retries.times + 1):
            if tried:
                await asyncio.sleep(self._retries.pause(tried, failed.retry_after))
            try:
                response = await self._http.request(call.method, call.path, **call.content)
            except httpx.TransportError as error:
                failed = calls.unreachable(self._http.base_url, error)
                continue
            if response.status_code not in WORTH_ANOTHER_TRY:
                return calls.read(call, response)
            failed = calls.refusal(response)
        raise failed
