"""Objects that live as long as the process."""

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
