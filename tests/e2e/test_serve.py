"""`python -m app` as an operator starts it: a process, a port, a database file, real weights."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "model" / "weights" / "classifier" / "config.json"
PATIENCE = 90.0  # seconds; importing torch takes a while on a busy machine

needs_weights = pytest.mark.skipif(
    not WEIGHTS.is_file(), reason="no trained weights in model/weights/classifier"
)


def mail(subject: str, body: str) -> bytes:
    message = EmailMessage()
    message["From"] = "Sender <sender@mail.example>"
    message["To"] = "reader@mail.example"
    message["Subject"] = subject
    message.set_content(body)
    return message.as_bytes()


SPAM = mail(
    "You are our lucky winner!!!",
    "CONGRATULATIONS! Your e-mail address has won the sum of $1,500,000 in our online lottery.\n"
    "To claim your prize money send your full name, bank account and telephone number to our\n"
    "agent at once. Cheap viagra, cialis and replica watches: http://pills.example/buy-now\n",
)
HAM = mail(
    "Re: minutes of Tuesday's meeting",
    "Hi Anna,\n\nthanks for the minutes. I think the second paragraph should mention that the\n"
    "release was moved to next week because two tests still fail. Could you add this before\n"
    "you send it to the list? I have attached my notes.\n\nBest,\nPaul\n",
)


class Service:
    """One running `python -m app`."""

    def __init__(self, database: Path, log: Path, **settings: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        own = {name: value for name, value in os.environ.items() if not name.startswith("HAMLET_")}
        own |= {
            "HAMLET_PORT": str(self.port),
            "HAMLET_DATABASE_URL": f"sqlite+aiosqlite:///{database}",
            "HAMLET_DEVICE": "cpu",
            **settings,
        }
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app"], cwd=ROOT, env=own, stdout=output, stderr=output
            )
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False)

    def wait_until_ready(self) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            try:
                if self.client.get("/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        status = self._process.poll()
        pytest.fail(f"not ready, exit status {status}; it said:\n{self._log.read_text()}")

    def classify(self, raw: bytes) -> dict[str, Any]:
        response = self.client.post(
            "/classify", content=raw, headers={"Content-Type": "message/rfc822"}, timeout=30
        )
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self) -> int:
        """The exit status, once it has ended by itself."""
        return self._process.wait(PATIENCE)

    def stop(self, number: int) -> int:
        """Send a signal; the exit status."""
        self._process.send_signal(number)
        return self._process.wait(30)

    def close(self) -> None:
        self.client.close()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Service]:
    service = Service(folder / "log.db", folder / "output.txt", **settings)
    try:
        service.wait_until_ready()
        yield service
    finally:
        service.close()


def rows(folder: Path) -> dict[str, str]:
    """Identifier -> label, of all that the request log holds."""
    connection = sqlite3.connect(folder / "log.db")
    try:
        return dict(connection.execute("SELECT id, label FROM requests").fetchall())
    finally:
        connection.close()


@needs_weights
def test_mail_gets_the_right_answer(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        spam, ham = service.classify(SPAM), service.classify(HAM)
    assert spam["label"] == "spam"
    assert spam["spam_probability"] >= spam["threshold"]
    assert ham["label"] == "ham"
    assert ham["spam_probability"] < ham["threshold"]
    assert spam["model"]["name"] == "classifier"
    assert 0 < ham["tokens"]["used"] <= ham["tokens"]["total"]


@needs_weights
def test_an_answered_request_survives_kill_9(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        answers = [service.classify(SPAM), service.classify(HAM)]
        assert service.stop(signal.SIGKILL) == -signal.SIGKILL
    assert rows(tmp_path) == {answer["id"]: answer["label"] for answer in answers}


@needs_weights
def test_a_second_start_keeps_the_log_and_stops_cleanly(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        before = service.classify(HAM)
        assert service.stop(signal.SIGTERM) in (0, -signal.SIGTERM)
    assert not (tmp_path / "log.db-wal").exists(), "the database was not closed"
    with serving(tmp_path, HAMLET_TARGET_FPR="0.001") as service:
        after = service.classify(HAM)
    assert after["spam_probability"] == before["spam_probability"]
    assert rows(tmp_path).keys() == {before["id"], after["id"]}


def test_a_start_without_weights_says_so_in_a_sentence(tmp_path: Path) -> None:
    settings = {
        "HAMLET_MODEL_DIR": str(tmp_path / "nowhere"),
        "HAMLET_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/log.db",
    }
    run = subprocess.run(
        [sys.executable, "-m", "app"],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 1, run.stderr
    assert "nowhere" in run.stderr, run.stderr
    assert "Traceback" not in run.stderr, run.stderr
