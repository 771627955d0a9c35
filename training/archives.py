"""Walk the files of a folder, a tar (any compression) or a zip as (name, bytes), sorted by name."""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz")


class ArchiveError(ValueError):
    """An archive cannot be read; the message says which and why."""


def is_archive(path: Path) -> bool:
    return path.name.endswith((*_TAR_SUFFIXES, ".zip"))


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every regular file below `path`; archives lying in a folder are opened too.

    Names are relative, with `/`. Nothing is unpacked to disk, so a hostile member name does no
    harm. Raises FileNotFoundError when `path` does not exist, ArchiveError when an archive is
    broken or encrypted.
    """
    if path.is_dir():
        for child in sorted(path.iterdir()):
            if child.is_dir() or is_archive(child):
                for name, content in members(child):
                    yield (f"{child.name}/{name}" if child.is_dir() else name), content
            elif child.is_file():
                yield child.name, child.read_bytes()
    elif path.name.endswith(".zip"):
        yield from _zip_members(path)
    elif path.name.endswith(_TAR_SUFFIXES):
        yield from _tar_members(path)
    else:
        yield path.name, path.read_bytes()


def _tar_members(path: Path) -> Iterator[tuple[str, bytes]]:
    with _named(path), tarfile.open(path) as tar:
        for member in tar:  # in the archive's order: seeking back in a compressed tar is slow
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name, content.read()


def _zip_members(path: Path) -> Iterator[tuple[str, bytes]]:
    with _named(path), zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield info.filename, archive.read(info)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say which archive it was; the libraries do not. RuntimeError is an encrypted zip member."""
    broken = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError)
    try:
        yield
    except (*broken, RuntimeError, NotImplementedError) as error:
        raise ArchiveError(f"{path}: {error}") from error
