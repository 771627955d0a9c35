"""One at a time, among processes that are forked from one."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

# Locks on two bytes of an empty file, which a process that dies gives back.
_NEXT, _TURN = 0, 1


class Turn:
    """SQLite's own lock is polled for, at longer and longer intervals, and so held by whoever asks
    most; this one goes to who has waited. To be entered before the fork, and taken by one thread of
    a process at a time."""

    def __enter__(self) -> "Turn":
        self._file = TemporaryFile()  # closed by __exit__
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Who had the turn and wants it again finds another waiting to be next, and waits for that:
        else it would take it back before the other has woken."""
        self._lock(_NEXT)
        try:
            self._lock(_TURN)
        finally:
            self._unlock(_NEXT)
        try:
            yield
        finally:
            self._unlock(_TURN)

    def _lock(self, byte: int) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, byte, os.SEEK_SET)

    def _unlock(self, byte: int) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, byte, os.SEEK_SET)
