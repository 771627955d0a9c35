"""The C sources are compiled by the first compiler that can."""

import ctypes
import sys
from pathlib import Path

import pytest

from model.native import build, library


def compiler(folder: Path, name: str, does: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!{sys.executable}\nimport sys\n{does}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


WRITES = "open(sys.argv[sys.argv.index('-o') + 1], 'w').write(' '.join(sys.argv))"


def test_the_first_that_works_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler(tmp_path / "path", "cc", WRITES)
    old = compiler(tmp_path / "old", "cc", "sys.exit('too old')")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("CC", f"{old} -m64")
    monkeypatch.setattr(build, "LIBRARY", tmp_path / "compiled.so")
    build.build()
    said = (tmp_path / "compiled.so").read_text().split()
    assert {"deep.c", "wide.c"} <= {Path(word).name for word in said}
    assert not list(tmp_path.glob("*.new"))


def test_where_none_works_it_says_what_each_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = compiler(tmp_path / "path", "cc", "sys.exit('too old')")
    monkeypatch.setenv("PATH", str(old.parent))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(build, "LIBRARY", tmp_path / "compiled.so")
    with pytest.raises(RuntimeError, match=rf"{build.ZIG}(.|\n)*too old"):
        build.build()
    assert not (tmp_path / "compiled.so").exists()


def test_a_library_for_another_machine_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "compiled.so"
    broken.write_bytes(b"\x7fELF of another kind")
    monkeypatch.setattr("model.native.LIBRARY", broken)
    library.cache_clear()
    assert library() is None
    library.cache_clear()


def test_the_library_is_there() -> None:
    assert isinstance(library(), ctypes.CDLL)
