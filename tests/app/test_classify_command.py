"""`python -m app classify` as a shell, procmail or Sieve calls it."""

import csv
import io
import json
import mailbox
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import ROOT
from tests.app.test_socket import Server, running

SPAM = (ROOT / "tests" / "mails" / "letter-419.eml").read_bytes()
HAM = (ROOT / "tests" / "mails" / "german-notice.eml").read_bytes()


def classify(
    *arguments: str | Path, stdin: bytes = b"", **environment: str
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "app", "classify", *map(str, arguments)],
        cwd=ROOT,
        input=stdin,
        env={"PATH": "/usr/bin:/bin", "HAMLET_DEVICE": "cpu", **environment},
        capture_output=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    """A folder of everything: two mails, a text, an mbox, a Maildir, and a hidden file."""
    folder = tmp_path / "mails"
    folder.mkdir()
    (folder / "a.eml").write_bytes(SPAM)
    (folder / "b.txt").write_text("Shall we move the review to 3pm? Room 4 is free.")
    (folder / ".hidden").write_bytes(SPAM)
    box = mailbox.mbox(folder / "c.mbox")
    for mail in (HAM, SPAM):
        box.add(mail)
    box.close()
    maildir = mailbox.Maildir(folder / "d")
    maildir.add(HAM)
    maildir.close()
    return folder


def test_every_kind_of_file_is_read_and_spam_is_the_status(mails: Path) -> None:
    done = classify("--format", "json", mails)
    assert done.returncode == 1, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(Path(r["file"]).name.split(":")[0], r["label"]) for r in found] == [
        ("a.eml", "spam"),
        ("b.txt", "ham"),
        ("c.mbox", "ham"),
        ("c.mbox", "spam"),
        *[(Path(r["file"]).name.split(":")[0], "ham") for r in found[4:]],
    ]
    assert len(found) == 5
    assert all(0 <= r["spam_probability"] <= 1 for r in found)


def test_a_pipe_is_told_by_the_status_alone() -> None:
    spam = classify("--quiet", "-", stdin=SPAM)
    assert (spam.returncode, spam.stdout, spam.stderr) == (1, b"", b"")
    ham = classify("--quiet", "-", stdin=HAM)
    assert (ham.returncode, ham.stdout, ham.stderr) == (0, b"", b"")


def test_a_mail_that_says_from_is_one_mail_and_an_mbox_is_many() -> None:
    envelope = b"From a@mail.example  Mon Nov 23 10:00:00 2026\n"  # as procmail puts it in front
    letter = SPAM + b"\n\nFrom the desk of the barrister\n\nFrom now on\n"
    one = classify("-", stdin=envelope + letter)
    assert one.returncode == 1
    assert one.stdout.split()[::2] == [b"spam", b"-"]
    many = classify("-", stdin=envelope + HAM + b"\n" + envelope + SPAM)
    assert [line.split()[::2] for line in many.stdout.splitlines()] == [
        [b"ham", b"-:1"],
        [b"spam", b"-:2"],
    ]


def test_what_cannot_be_read_is_named_and_stops_nothing(mails: Path) -> None:
    (mails / "empty").write_bytes(b"")
    done = classify("--format", "csv", mails / "none-such", mails / "empty", mails / "a.eml")
    assert done.returncode == 2
    for name in (b"none-such: No such file", b"empty: the message is empty"):
        assert name in done.stderr
    assert b"Traceback" not in done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    assert [row["label"] for row in rows] == ["", "", "spam"]
    assert rows[0]["error"]


def test_the_thresholds_are_the_services_settings(mails: Path) -> None:
    strict = classify(mails / "a.eml", HAMLET_TARGET_FPR="0.05", HAMLET_UNSURE_FPR="0.09")
    assert strict.returncode == 1
    refused = classify(mails / "a.eml", HAMLET_TARGET_FPR="2")
    assert refused.returncode == 2
    assert b"HAMLET_TARGET_FPR" in refused.stderr


@pytest.fixture
def service(database_path: Path) -> Iterator[Server]:
    with running(database_path) as server:
        yield server


def test_a_server_gives_the_same_table(service: Server, mails: Path) -> None:
    (mails / "e.txt").write_text("cheap viagra")  # the word that the stand-in knows
    done = classify("--server", service.url, mails, mails / "none-such")
    assert done.returncode == 2
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 6
    assert lines[-1].split()[0] == "spam"
    assert b"none-such" in done.stderr


def test_a_server_that_is_not_there_is_named() -> None:
    done = classify("--server", "http://127.0.0.1:1", "-", stdin=HAM, HAMLET_KEY="k")
    assert done.returncode == 2
    assert b"http://127.0.0.1:1" in done.stderr
    assert b"Traceback" not in done.stderr
