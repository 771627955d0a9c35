"""The counters of rate limits: a bounded number of them, in memory that forked processes share."""

import struct
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from hashlib import blake2b
from mmap import mmap

from limits.storage import Storage

_SLOT = struct.Struct("<Qdq")  # hash of the key, 0 in an empty slot; end of its window; count
_PROBES = 16


class Counters(Storage):
    """Fixed windows that begin with their first hit, `most` of them at most, in a table by their
    keys' hashes. Where there is no room for one more, that which would end first is forgotten.

    The library's own store keeps as many as there are addresses, and looks through all of them in
    a thread, again and again (docs/decisions/0046-rate-limits.md). Processes that are forked from
    this one count in it too, each with one event loop: whoever counts holds `lock()`.
    """

    STORAGE_SCHEME = None

    def __init__(
        self, most: int, lock: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        super().__init__()
        self._most = most
        self._table = mmap(-1, most * _SLOT.size)
        self.lock = lock

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        return ()

    def __len__(self) -> int:
        now = time.time()
        return sum(end > now for _, end, _ in _SLOT.iter_unpack(self._table))

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        tag, now = _tag(key), time.time()
        place, end, count = self._find(tag, now) or (self._room(tag), now + expiry, 0)
        _SLOT.pack_into(self._table, place, tag, end, count + amount)
        return count + amount

    def get(self, key: str) -> int:
        found = self._find(_tag(key), time.time())
        return found[2] if found else 0

    def get_expiry(self, key: str) -> float:
        now = time.time()
        found = self._find(_tag(key), now)
        return found[1] if found else now

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        forgotten = len(self)
        self._table[:] = bytes(len(self._table))
        return forgotten

    def clear(self, key: str) -> None:
        if found := self._find(_tag(key), time.time()):
            _SLOT.pack_into(self._table, found[0], 0, 0.0, 0)

    def _places(self, tag: int) -> Iterator[int]:
        """Where a counter may stand."""
        for probe in range(min(_PROBES, self._most)):
            yield (tag + probe) % self._most * _SLOT.size

    def _find(self, tag: int, now: float) -> tuple[int, float, int] | None:
        """Place, end and count of a window that has not ended."""
        for place in self._places(tag):
            found, end, count = _SLOT.unpack_from(self._table, place)
            if found == tag:
                return (place, end, count) if end > now else None
        return None

    def _room(self, tag: int) -> int:
        """The place of this counter's last window, or else of the window that ends first, as those
        do that have ended and those that never were."""
        ends: dict[int, float] = {}
        for place in self._places(tag):
            found, ends[place], _ = _SLOT.unpack_from(self._table, place)
            if found == tag:
                return place
        return min(ends, key=ends.__getitem__)


def _tag(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "little") or 1
