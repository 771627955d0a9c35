"""Several processes behind one port: forked from one that has imported all and loaded nothing.

All but the first, which serves the others, listen at one socket (app.accepting). One that dies is
replaced; when all are told to stop, each first answers what it has, and the first stays until all
have.
"""

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

_log = logging.getLogger("hamlet.processes")

_YOUNG = 10.0  # seconds; one that dies younger would die again
_STOP = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Worker:
    """What is done in a process of its own, and where that listens."""

    work: Callable[[socket.socket], int]
    at: socket.socket


class _Stopped(Exception):
    """A signal said so."""


def run(workers: Sequence[Worker]) -> int:
    """Do the work of each until SIGINT or SIGTERM; -> 0, or 1 when one of them did not live long
    enough to be of use. To be called where no other thread runs."""
    alive, ours = os.pipe()  # the other end of the pipe closes with this process, however it ends
    running: dict[int, tuple[Worker, float]] = {}

    def start(worker: Worker) -> None:
        # A signal that comes before the child is known would leave it behind.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)
        pid = os.fork()
        if not pid:
            os.close(ours)
            _become(worker, [other.at for other in workers if other.at is not worker.at], alive)
        running[pid] = worker, time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)

    for number in _STOP:
        signal.signal(number, _stop)
    try:
        for worker in workers:
            start(worker)
        while True:
            pid, status = os.wait()
            worker, since = running.pop(pid)
            if time.monotonic() - since < _YOUNG:
                return 1
            _log.error("process %d ended with %d; another takes its place", pid, status)
            start(worker)
    except _Stopped:
        return 0
    finally:
        first = [pid for pid, (worker, _) in running.items() if worker is workers[0]]
        _end([pid for pid in running if pid not in first])
        _end(first)


def _stop(number: int, _: FrameType | None) -> None:
    raise _Stopped(number)


def _become(worker: Worker, others: Sequence[socket.socket], alive: int) -> NoReturn:
    """The life of a child, from the fork to its end."""
    status = 1
    try:
        for number in _STOP:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)
        for other in others:
            other.close()
        threading.Thread(target=_follow, args=(alive,), daemon=True).start()
        status = worker.work(worker.at)
    except BaseException:
        _log.exception("a process failed")
    finally:
        sys.stderr.flush()
        os._exit(status)


def _follow(alive: int) -> None:
    """Stop when the process that forked this one is no more."""
    os.read(alive, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _end(workers: Sequence[int]) -> None:
    """Tell them all to stop and wait for it; a second signal changes nothing."""
    for number in _STOP:
        signal.signal(number, signal.SIG_IGN)
    for pid in workers:
        os.kill(pid, signal.SIGTERM)
    for pid in workers:
        os.waitpid(pid, 0)
