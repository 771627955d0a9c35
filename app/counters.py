"""The counters of rate limits, in this process's memory: a bounded number of them."""

import time
from collections import OrderedDict

from limits.storage import Storage


class Counters(Storage):
    """Fixed windows that begin with their first hit. Of more than `most`, those that were hit
    longest ago are forgotten.

    The library's own store keeps as many as there are addresses, and looks through all of them in
    a thread, again and again (docs/decisions/0046-rate-limits.md). Belongs to one event loop.
    """

    STORAGE_SCHEME = None

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()  # its end, its count

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        return ()

    def __len__(self) -> int:
        return len(self._windows)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        end, count = self._window(key) or (time.time() + expiry, 0)
        self._windows[key] = end, count + amount
        self._windows.move_to_end(key)
        if len(self._windows) > self._most:
            self._windows.popitem(last=False)
        return count + amount

    def get(self, key: str) -> int:
        window = self._window(key)
        return window[1] if window else 0

    def get_expiry(self, key: str) -> float:
        window = self._window(key)
        return window[0] if window else time.time()

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        forgotten = len(self._windows)
        self._windows.clear()
        return forgotten

    def clear(self, key: str) -> None:
        self._windows.pop(key, None)

    def _window(self, key: str) -> tuple[float, int] | None:
        window = self._windows.get(key)
        if window and window[0] <= time.time():
            del self._windows[key]
            return None
        return window
