"""Files of a service that last as long as it does."""

import os
from tempfile import TemporaryDirectory

_MEMORY = "/dev/shm"  # there, too, where a container's root is read-only


def scratch_folder() -> "TemporaryDirectory[str]":
    """A folder of its own, in memory where that is to be had."""
    where = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    return TemporaryDirectory(prefix="hamlet-", dir=where)
