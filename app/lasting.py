"""Memory of a process that has started and now lives long."""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting() -> Iterator[None]:
    """What is made meanwhile, as imports make it, is looked through for garbage neither now, which
    takes a fifth of the start, nor later, which would also copy it into every forked process."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def give_back() -> None:
    """Hand back to the system what was freed since the start: glibc keeps it, tens of megabytes
    after weights were read and converted, for as long as something lies behind it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # another C library has none
    if trim is not None:
        trim(0)
