"""One message from its bytes to a logged verdict; what every route that classifies shares."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

import anyio

from app import schemas
from app.asking import ask, in_thread
from app.inputs import Submission
from app.log_writer import Log
from app.metrics import Metrics
from app.repository import LogEntry, new_id
from app.secret import keyed_hash
from app.settings import Settings
from app.strings import encodable, storable
from app.verdict import Verdict
from model.engine import Answer, Engine
from model.mime import Message
from model.predictor import WordWeight
from model.reference import Reference

R = TypeVar("R")

# Bytes of a message that are read at once: to change threads and back takes as long, and what reads
# them holds the interpreter's lock anyway.
_SMALL = 8192


class Encoded(Protocol):
    """What the service must know of an encoded message: its length is what a batch is padded to."""

    @property
    def tokens_used(self) -> int: ...
    @property
    def tokens_total(self) -> int: ...
    @property
    def tokens_unknown(self) -> int: ...
    def __len__(self) -> int: ...


E = TypeVar("E", bound=Encoded)


class Predictor(Protocol[E]):
    """What the service asks of a network: see model.predictor.ClassifierPredictor."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def device(self) -> object: ...
    def encode(self, message: Message) -> E: ...
    def predict(self, batch: Sequence[E]) -> list[float]: ...
    def is_quick(self, cost: int) -> bool: ...
    def explain(self, encoded: E, limit: int = 20) -> list[WordWeight]: ...
    @property
    def reference(self) -> Reference | None: ...
    def threshold(self, target_fpr: float | None = None) -> float: ...
    def info(self) -> dict[str, object]: ...


@dataclass(frozen=True, slots=True)
class _Prepared(Generic[E]):
    submission: Submission
    encoded: E
    message_hash: str


class Classifier(Generic[E]):
    """Reads, encodes, predicts, explains, logs. Belongs to one event loop."""

    def __init__(
        self,
        predictor: Predictor[E],
        engine: Engine[E, float],
        writer: Log,
        settings: Settings,
        key: bytes,
        threads: int,
        metrics: Metrics,
    ) -> None:
        self.predictor = predictor
        self.verdict = Verdict.of(predictor, settings)
        self._engine = engine
        self._writer = writer
        self._settings = settings
        self._key = key
        self._metrics = metrics
        self._readers = anyio.CapacityLimiter(threads)
        self._explainers = anyio.CapacityLimiter(1)

    async def classify(
        self,
        read: Callable[[], Submission],
        size: int,
        request_id: str,
        *,
        explain: bool = False,
        key_id: str | None = None,
    ) -> schemas.Classification:
        """Classify what `read` makes of `size` bytes: in a thread, if they are many. The answer is
        in the log.

        Raises what `read` raises, Overloaded, PredictionUnavailable, LogUnavailable.
        """
        if size <= _SMALL:
            prepared = self._prepare(read())
        else:
            prepared = await self._in_thread(lambda: self._prepare(read()), self._readers)
        answer = await ask(self._engine, prepared.encoded)
        self._metrics.read(len(prepared.encoded), prepared.encoded.tokens_unknown)
        words: list[schemas.WordWeight] | None = None
        unread: schemas.Unread | None = None
        if explain:
            words = await self._in_thread(lambda: self._explain(prepared), self._explainers)
            unread = _unread(prepared)
        entry = self._entry(prepared, answer, request_id, key_id)
        return self._response(await self._writer.add(entry), words, unread)

    async def in_thread(self, work: Callable[[], R]) -> R:
        """Run what takes a while on the threads that read messages. Raises Overloaded."""
        return await self._in_thread(work, self._readers)

    async def _in_thread(self, work: Callable[[], R], limiter: anyio.CapacityLimiter) -> R:
        return await in_thread(work, limiter, self._settings.max_queue)

    def _prepare(self, submission: Submission) -> _Prepared[E]:
        encoded = self.predictor.encode(submission.message)
        return _Prepared(submission, encoded, keyed_hash(submission.content, self._key))

    def _explain(self, prepared: _Prepared[E]) -> list[schemas.WordWeight]:
        offsets = prepared.submission.offsets
        return [_word(word, offsets) for word in self.predictor.explain(prepared.encoded)]

    def _entry(
        self, prepared: _Prepared[E], answer: Answer[float], request_id: str, key_id: str | None
    ) -> LogEntry:
        message = prepared.submission.message
        keep = self._settings.store_text
        return LogEntry(
            id=new_id(),
            created_at=datetime.now(UTC),
            request_id=request_id,
            kind="classify",
            source=prepared.submission.source,
            message_hash=prepared.message_hash,
            content_bytes=len(prepared.submission.content),
            subject_characters=len(message.subject),
            body_characters=len(message.body),
            tokens_used=prepared.encoded.tokens_used,
            tokens_total=prepared.encoded.tokens_total,
            unknown_share=prepared.encoded.tokens_unknown / max(1, len(prepared.encoded)),
            spam_probability=answer.result,
            threshold=self.verdict.spam_from,
            label=self.verdict.label(answer.result),
            decided_by="model",
            key_id=key_id,
            model_version=self.predictor.version,
            queue_ms=round(answer.queue_ms, 3),
            inference_ms=round(answer.inference_ms, 3),
            subject=storable(message.subject) if keep else None,
            body=storable(message.body) if keep else None,
        )

    def _response(
        self,
        entry: LogEntry,
        words: list[schemas.WordWeight] | None,
        unread: schemas.Unread | None,
    ) -> schemas.Classification:
        return schemas.Classification.model_validate(
            {
                "id": entry.id,
                "label": entry.label,
                "source": entry.decided_by,
                "spam_probability": entry.spam_probability,
                "threshold": entry.threshold,
                "ham_threshold": self.verdict.ham_below,
                "model": {"name": self.predictor.name, "version": entry.model_version},
                "tokens": {"used": entry.tokens_used, "total": entry.tokens_total},
                "explanation": words,
                "unread": unread,
                "timing_ms": {"queue": entry.queue_ms, "inference": entry.inference_ms},
            }
        )


def _word(word: WordWeight, offsets: Mapping[str, int]) -> schemas.WordWeight:
    values = {
        "field": word.field,
        "start": word.start,
        "end": word.end,
        "text": encodable(word.text),
        "weight": word.weight,
        "unknown": word.unknown,
    }
    if word.field in offsets:
        values["sent_start"] = offsets[word.field] + word.start
        values["sent_end"] = offsets[word.field] + word.end
    return schemas.WordWeight.model_validate(values)


def _unread(prepared: _Prepared[E]) -> schemas.Unread:
    encoded = prepared.encoded
    return schemas.Unread(
        truncated_words=encoded.tokens_total - encoded.tokens_used,
        unknown_words=encoded.tokens_unknown,
        hidden_characters=prepared.submission.message.hidden,
    )
