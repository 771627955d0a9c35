"""Every kind of container gives the same files."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from training.archives import ArchiveError, is_archive, members

FILES = {"set/ham/1.txt": b"one", "set/ham/2.txt": b"two", "set/spam/1.txt": b"three"}


def write_tar(path: Path, mode: str = "w:gz", files: dict[str, bytes] = FILES) -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def write_zip(path: Path, files: dict[str, bytes] = FILES) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.mkdir("set")
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_folder(path: Path, files: dict[str, bytes] = FILES) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("a.tar", "w"),
        ("a.tar.gz", "w:gz"),
        ("a.tgz", "w:gz"),
        ("a.tar.bz2", "w:bz2"),
        ("a.tar.xz", "w:xz"),
    ],
)
def test_tar_of_any_compression(tmp_path: Path, name: str, mode: str) -> None:
    path = write_tar(tmp_path / name, mode)
    assert is_archive(path)
    assert dict(members(path)) == FILES


def test_zip(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip")
    assert is_archive(path)
    assert dict(members(path)) == FILES


def test_a_folder_in_the_order_of_its_names(tmp_path: Path) -> None:
    found = list(members(write_folder(tmp_path)))
    assert found == sorted(FILES.items())


def test_a_folder_of_archives_is_opened_as_if_it_were_unpacked(tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar.gz", files={"set/ham/1.txt": b"one"})
    write_zip(tmp_path / "b.zip", files={"set/ham/2.txt": b"two"})
    write_folder(tmp_path, {"set/spam/1.txt": b"three"})
    assert dict(members(tmp_path)) == FILES


def test_a_single_file(tmp_path: Path) -> None:
    (tmp_path / "mail.csv").write_bytes(b"x")
    assert not is_archive(tmp_path / "mail.csv")
    assert list(members(tmp_path / "mail.csv")) == [("mail.csv", b"x")]


def test_links_in_an_archive_are_not_followed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        link = tarfile.TarInfo("set/ham/passwd")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    assert list(members(tmp_path / "a.tar")) == []


@pytest.mark.parametrize("name", ["broken.tar.gz", "broken.tar.bz2", "broken.tar.xz", "broken.zip"])
@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00half"])
def test_a_broken_archive_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ArchiveError, match=name):
        list(members(tmp_path))


def test_an_archive_that_breaks_off_is_named(tmp_path: Path) -> None:
    files = {f"set/ham/{n}.txt": bytes(range(256)) * 50 for n in range(20)}
    for path in (write_tar(tmp_path / "a.tar.gz", files=files), write_zip(tmp_path / "b.zip")):
        path.write_bytes(path.read_bytes()[:-40])
        with pytest.raises(ArchiveError, match=path.name):
            list(members(path))


def test_what_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(members(tmp_path / "nowhere"))
