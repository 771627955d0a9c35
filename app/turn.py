"""One at a time, among processes that are forked from one."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from app.scratch import scratch_folder


class Turn:
    """SQLite's own lock is polled for, at longer and longer intervals, and so held by whoever asks
    most; this one goes to who has waited, and a process that dies gives it back. To be entered
    before the fork, and taken by one thread of a process."""

    def __enter__(self) -> "Turn":
        self._folder = scratch_folder()
        self._opened: tuple[int, list[IO[bytes]]] = (0, [])  # by which process
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._opened[1]:
            file.close()
        self._folder.cleanup()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Who had the turn and wants it again finds another waiting to be next, and waits for that:
        else it would take it back before the other has woken."""
        to_be_next, turn = self._files()
        with _locked(turn, once_in=to_be_next):
            yield

    def _files(self) -> list[IO[bytes]]:
        # A lock belongs to an opened file, which forked processes would share.
        if self._opened[0] != os.getpid():
            folder = Path(self._folder.name)
            self._opened = os.getpid(), [(folder / name).open("ab") for name in ("next", "turn")]
        return self._opened[1]


@contextmanager
def _locked(file: IO[bytes], once_in: IO[bytes]) -> Iterator[None]:
    fcntl.flock(once_in, fcntl.LOCK_EX)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    finally:
        fcntl.flock(once_in, fcntl.LOCK_UN)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
