"""What Prometheus is told. One registry an application: nothing here belongs to the module.

docs/metrics.md lists them all; a test compares it with what is served.
"""

import math
import os
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector

from app.repository import Entry, LogEntry
from model.engine import Ran

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_TENTHS = tuple(tenth / 10 for tenth in range(1, 11))
# What is asked for under any other method would be a label that a stranger chooses.
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class Metrics:
    """The collectors, and a method for each thing that happens."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._depths: dict[str, Callable[[], int]] = {}
        self._own = ProcessCollector(registry=self.registry)
        counter, histogram = self._counter, self._histogram
        self._info = Info("hamlet", "What is served.", registry=self.registry)
        self._requests = counter(
            "hamlet_requests", "Requests answered.", "route", "method", "status"
        )
        self._latency = histogram(
            "hamlet_request_seconds", "From a request to the end of its answer.", _SECONDS, "route"
        )
        self._depth = Gauge(
            "hamlet_queue_depth",
            "Items that wait.",
            ["engine"],
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._wait = histogram(
            "hamlet_queue_seconds", "How long an item waited for its pass.", _SECONDS, "engine"
        )
        self._pass = histogram(
            "hamlet_inference_seconds", "How long a pass of a network took.", _SECONDS, "engine"
        )
        self._batch = histogram("hamlet_batch_items", "Items that share a pass.", _SIZES, "engine")
        self._tokens = counter("hamlet_batch_tokens", "Tokens that were read.", "engine")
        self._padded = counter(
            "hamlet_batch_padded_tokens", "Tokens and padding: the work of the passes.", "engine"
        )
        self._probability = histogram("hamlet_spam_probability", "Of each message.", _TENTHS)
        self._verdicts = counter("hamlet_verdicts", "Messages by answer.", "label", "source")
        self._words = counter("hamlet_words", "Words that the recurrence read.")
        self._unknown = counter("hamlet_unknown_words", "Of these, not in the vocabulary.")
        self._corrections = counter("hamlet_corrections", "Corrections that were kept.", "label")
        self._commit = histogram(
            "hamlet_log_commit_seconds", "A transaction of the request log.", _SECONDS
        )
        self._rows = histogram("hamlet_log_commit_rows", "Rows that share one.", _SIZES)
        self._drift = Gauge(
            "hamlet_drift_psi",
            "Of the last day against the checkpoint's own mail.",
            ["distribution"],
            registry=self.registry,
            multiprocess_mode="livemostrecent",
        )
        self._refused = counter(
            "hamlet_requests_refused", "Refused unread, as too many were under way."
        )
        self._failures = counter("hamlet_log_failures", "Transactions of the log that failed.")

    def served(self, **what: str) -> None:
        """Versions and device, once they are known."""
        self._info.info(what)

    def watch(self, engine: str, depth: Callable[[], int]) -> Callable[[Ran], None]:
        """Ask `depth` at every scrape; -> what the engine is to call after every pass."""
        self._depths[engine] = depth
        # Looked up once, as each look-up takes as long as an observation.
        waiting, batches = self._depth.labels(engine), self._batch.labels(engine)
        tokens, padded = self._tokens.labels(engine), self._padded.labels(engine)
        passes, waits = self._pass.labels(engine), self._wait.labels(engine)

        def ran(batch: Ran) -> None:
            waiting.set(depth())
            batches.observe(len(batch.waited))
            tokens.inc(batch.cost)
            padded.inc(batch.padded_cost)
            passes.observe(batch.seconds)
            for seconds in batch.waited:
                waits.observe(seconds)

        return ran

    def collect(self) -> CollectorRegistry:
        """What is to be said at a scrape: of this process, or of all behind the port."""
        for engine, depth in self._depths.items():
            self._depth.labels(engine).set(depth())
        folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        if folder is None:
            return self.registry
        together = CollectorRegistry()
        MultiProcessCollector(together, folder)  # type: ignore[no-untyped-call]
        together.register(self._info)
        together.register(self._own)
        return together

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """`route` is the template of a path, never a path."""
        known = method if method in _METHODS else "other"
        self._requests.labels(route, known, str(status)).inc()
        self._latency.labels(route).observe(seconds)

    def refused(self, requests: int) -> None:
        self._refused.inc(requests)

    def read(self, words: int, unknown: int) -> None:
        self._words.inc(words)
        self._unknown.inc(unknown)

    def committed(self, entries: list[Entry], seconds: float) -> None:
        """A transaction of the log with these entries, as they were written."""
        self._commit.observe(seconds)
        self._rows.observe(len(entries))
        for entry in entries:
            if isinstance(entry, LogEntry):
                self._probability.observe(entry.spam_probability)
                self._verdicts.labels(entry.label, entry.decided_by).inc()

    def commit_failed(self) -> None:
        self._failures.inc()

    def drifted(self, score: float | None, unknown_words: float | None) -> None:
        """Population stability indices; None, which is not a number there: too few messages."""
        for name, index in (("score", score), ("unknown_words", unknown_words)):
            self._drift.labels(name).set(math.nan if index is None else index)

    def corrected(self, label: str) -> None:
        self._corrections.labels(label).inc()

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)
