"""Compile the C sources beside this file: `python model/native/build.py`.

With the compiler of $CC, or `cc` (GCC from 12 on, or clang), or the one of the package ziglang:
the first that can. Nothing but the standard library is needed: an installation runs this before
anything is installed.
"""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ZIG = "ziglang==0.17.1"
_HERE = Path(__file__).resolve().parent
LIBRARY = _HERE / "compiled.so"
# Sums in any order, no care for NaN: weights are finite, and so is what a message can say. Not
# -ffast-math, with which some compilers change the arithmetic of the whole process.
_FLAGS = (
    *("-O3", "-s", "-fPIC", "-shared", "-Wall", "-Wextra", "-Wno-psabi"),
    *("-ffp-contract=fast", "-fassociative-math", "-ffinite-math-only"),
    *("-fno-math-errno", "-fno-signed-zeros", "-fno-trapping-math"),
)


def compilers() -> Iterator[list[str]]:
    """The beginnings of their commands, the one to be tried first first."""
    if named := os.environ.get("CC"):
        yield shlex.split(named)
    if found := shutil.which("cc"):
        yield [found]
    if importlib.util.find_spec("ziglang"):
        yield [sys.executable, "-m", "ziglang", "cc"]


def build() -> None:
    """Raises RuntimeError, with what each of the compilers said."""
    sources = [str(source) for source in sorted(_HERE.glob("*.c"))]
    made = LIBRARY.with_suffix(".new")
    said = [f"no C compiler works here; the package {ZIG} is one"]
    for compiler in compilers():
        command = [*compiler, *_FLAGS, *sources, "-o", str(made), "-lm"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            made.replace(LIBRARY)  # in one step, so that no process loads half a library
            return
        said.append(result.stderr)
    raise RuntimeError("\n".join(said))


if __name__ == "__main__":
    build()
