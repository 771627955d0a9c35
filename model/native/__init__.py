"""What is compiled: the C sources beside this file, as functions.

`python model/native/build.py` compiles them, and so does an installation of the project. Without
the library, `library` gives None, and the networks serve in torch.
"""

import ctypes
from array import array
from ctypes import POINTER, c_float, c_int, c_int64, c_void_p
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from model.native.build import LIBRARY


class Network(ctypes.Structure):
    """`struct network` of deep.c."""

    _fields_ = (
        *(
            (name, c_int64)
            for name in "vocabulary buckets embedding hidden attention lanes".split()
        ),
        *((name, c_void_p) for name in "words grams said input bias recurrent".split()),
        *((name, c_void_p) for name in "project shift query output".split()),
        ("said_scale", c_float),
        ("output_bias", c_float),
    )


class Messages(ctypes.Structure):
    """`struct messages` of deep.c."""

    _fields_ = (
        ("count", c_int64),
        ("lengths", c_void_p),
        ("ids", c_void_p),
        ("firsts", c_void_p),
        ("unknowns", c_int64),
        ("ends", c_void_p),
        ("grams", c_void_p),
    )


class Wide(ctypes.Structure):
    """`struct wide` of wide.c."""

    _fields_ = (
        ("features", c_int64),
        ("bits", c_int64),
        ("keys", c_void_p),
        ("starts", c_void_p),
        ("weights", c_void_p),
        ("bias", c_float),
    )


@cache
def library() -> ctypes.CDLL | None:
    """Its functions, which let go of the interpreter's lock; None if nothing was compiled, or for
    another kind of machine."""
    try:
        found = ctypes.CDLL(str(LIBRARY))
    except OSError:
        return None
    found.hamlet_deep.argtypes = (POINTER(Network), POINTER(Messages), c_void_p)
    found.hamlet_wide.argtypes = (POINTER(Wide), c_int64, c_void_p, c_void_p, c_void_p)
    found.hamlet_lanes.argtypes = ()
    for function in (found.hamlet_deep, found.hamlet_lanes, found.hamlet_wide):
        function.restype = c_int
    return found


def address(array: npt.NDArray[Any], kind: type[np.generic]) -> int:
    """Where its values lie, which must be of this kind, one after the other; they have to be kept
    as long as the address."""
    assert array.dtype == kind
    assert array.flags.c_contiguous
    return array.ctypes.data


def start(values: "array[int] | array[float]") -> int:
    """`address` of a standard array."""
    return values.buffer_info()[0]


def check(result: int) -> None:
    """Raises MemoryError, and ValueError where an id is none of the network's."""
    if result == 1:
        raise MemoryError
    if result:
        raise ValueError("an id that the network does not have")
