"""Several processes behind one port: forked from one that has imported all and loaded nothing.

Each has a socket of its own on the port (SO_REUSEPORT), between which the kernel shares out the
connections. One that dies is replaced; when all are told to stop, each first answers what it has.
"""

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

_log = logging.getLogger("hamlet.processes")

_YOUNG = 10.0  # seconds; one that dies younger would die again
_STOP = (signal.SIGINT, signal.SIGTERM)


class _Stopped(Exception):
    """A signal said so."""


def run(work: Callable[[socket.socket], int], sockets: Sequence[socket.socket]) -> int:
    """Do `work` in a process a socket until SIGINT or SIGTERM; -> 0, or 1 when one of them did not
    live long enough to be of use. To be called where no other thread runs."""
    alive, ours = os.pipe()  # the other end of the pipe closes with this process, however it ends
    workers: dict[int, tuple[socket.socket, float]] = {}

    def start(own: socket.socket) -> None:
        # A signal that comes before the child is known would leave it behind.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)
        pid = os.fork()
        if not pid:
            os.close(ours)
            _become(work, own, [other for other in sockets if other is not own], alive)
        workers[pid] = own, time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)

    for number in _STOP:
        signal.signal(number, _stop)
    try:
        for own in sockets:
            start(own)
        while True:
            pid, status = os.wait()
            own, since = workers.pop(pid)
            if time.monotonic() - since < _YOUNG:
                return 1
            _log.error("process %d ended with %d; another takes its place", pid, status)
            start(own)
    except _Stopped:
        return 0
    finally:
        _end(list(workers))


def _stop(number: int, _: FrameType | None) -> None:
    raise _Stopped(number)


def _become(
    work: Callable[[socket.socket], int],
    own: socket.socket,
    others: Sequence[socket.socket],
    alive: int,
) -> NoReturn:
    """The life of a child, from the fork to its end."""
    status = 1
    try:
        for number in _STOP:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)
        for other in others:
            other.close()
        threading.Thread(target=_follow, args=(alive,), daemon=True).start()
        status = work(own)
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
