"""What processes that are forked from one have in common."""

from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

from app.counters import Counters
from app.limits import MOST_COUNTERS, RateLimits
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Shared:
    """`turn`: an empty file; who has it locked (fcntl.lockf) may write to the log. SQLite's own
    lock is polled for, at longer and longer intervals, and so held by whoever asks most."""

    limits: RateLimits
    turn: IO[bytes] | None = None

    @classmethod
    def by_forked(cls, settings: Settings) -> "Shared":
        """To be made before the fork."""
        limits = RateLimits(settings, Counters(MOST_COUNTERS, shared=True))
        return cls(limits, TemporaryFile())
