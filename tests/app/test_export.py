"""Corrections as a corpus: what training reads is what was said of what was kept."""

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app import export_command
from app.export_command import export
from app.settings import ROOT
from tests.conftest import ON_BOTH, Serve
from training.corpora import read

HARD = 'He said "yes, twice";\r\n=1+1, café \u202e\n\n  and a line\tmore '


async def say(serve: Serve, label: str, *, keep: bool, subject: str, body: str) -> None:
    async with serve(store_text=keep) as client:
        message = {"subject": subject, "body": body}
        entry_id = (await client.post("/classify", json=message)).json()["id"]
        answer = await client.post("/feedback", json={"id": entry_id, "label": label})
        assert answer.status_code == 204


@ON_BOTH
def test_training_reads_back_what_was_corrected_and_kept(
    serve: Serve, database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "feedback.csv"

    async def scenario() -> tuple[int, int]:
        await say(serve, "ham", keep=True, subject="viagra", body=HARD)
        await say(serve, "ham", keep=True, subject="viagra", body=HARD)  # again: once in the file
        await say(serve, "spam", keep=True, subject="", body="hello")
        await say(serve, "spam", keep=False, subject="secret", body="secret")
        async with serve(store_text=True) as client:
            await client.post("/classify", json={"text": "never corrected"})
        return await export(database_url, path)

    assert asyncio.run(scenario()) == (2, 1)
    found = {(e.message.subject, e.message.body, e.is_spam) for e in read("own", "csv", path)}
    assert found == {("viagra", HARD, False), ("", "hello", True)}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@ON_BOTH
def test_pages_leave_no_message_out_and_none_twice(
    serve: Serve, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_command, "_AT_ONCE", 4)
    path = tmp_path / "feedback.csv"

    async def scenario() -> None:
        async with serve(store_text=True) as client:
            messages = [{"text": f"message {n}"} for n in range(8)]
            answer = await client.post("/classify/batch", json={"messages": messages})
            said = [{"id": r["id"], "label": "spam"} for r in answer.json()["results"]]
            await client.post("/feedback/batch", json={"corrections": said})
        assert await export(database_url, path) == (8, 0)

    asyncio.run(scenario())
    bodies = sorted(example.message.body for example in read("own", "csv", path))
    assert bodies == [f"message {n}" for n in range(8)]


def test_the_last_word_is_what_is_written_and_an_older_file_gives_way(
    serve: Serve, database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "feedback.csv"
    for label in ("spam", "ham"):
        asyncio.run(say(serve, label, keep=True, subject="a", body="b"))
        asyncio.run(export(database_url, path))
        (example,) = read("own", "csv", path)
        assert example.is_spam == (label == "spam")
    assert [file.name for file in tmp_path.glob("feedback*")] == ["feedback.csv"]


def test_the_command_says_how_many_and_what_went_wrong(
    serve: Serve, database_url: str, tmp_path: Path
) -> None:
    asyncio.run(say(serve, "ham", keep=True, subject="a", body="b"))

    def run(path: Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "app", "export", "--feedback", str(path)],
            cwd=ROOT,
            env={"PATH": os.defpath, "HAMLET_DATABASE_URL": database_url},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    good = run(tmp_path / "feedback.csv")
    assert (good.returncode, good.stdout) == (0, "")
    assert "1 messages" in good.stderr
    bad = run(tmp_path / "nowhere" / "feedback.csv")
    assert bad.returncode == 1
    assert "cannot be written" in bad.stderr
    assert "Traceback" not in bad.stderr
