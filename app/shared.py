"""What processes that are forked from one have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.accepting import Loads
from app.counters import Counters
from app.limits import MOST_COUNTERS, RateLimits
from app.settings import Settings
from app.turn import Turn


@dataclass(frozen=True, slots=True)
class Shared:
    """`log`: the address of the process that writes it for all."""

    limits: RateLimits
    log: str
    loads: Loads

    @classmethod
    @contextmanager
    def by_forked(cls, settings: Settings, log: str) -> Iterator["Shared"]:
        """To be entered before the fork."""
        with Turn() as counting:
            limits = RateLimits(settings, Counters(MOST_COUNTERS, counting.taken))
            yield cls(limits, log, Loads(settings.processes))
