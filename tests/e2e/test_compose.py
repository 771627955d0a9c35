"""The image is built and the compose file brought up, for real, where a container engine is.

HAMLET_COMPOSE_CHECK may name a program that does both on a machine without an engine; it is called
with the folder of the project and the path of the health check.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECK = os.environ.get("HAMLET_COMPOSE_CHECK")  # read now: fixtures clear HAMLET_*
COMPOSE = ["docker", "compose", "--project-name", "hamlet-test"]


def has_engine() -> bool:
    """Whether a docker client with compose is here and its engine answers."""
    if not shutil.which("docker"):
        return False
    questions = (["docker", "info"], ["docker", "compose", "version"])
    return not any(
        subprocess.run(question, capture_output=True, check=False).returncode
        for question in questions
    )


def run(command: list[str], timeout: float = 1800) -> str:
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.mark.compose
@pytest.mark.skipif(not CHECK, reason="HAMLET_COMPOSE_CHECK names no program that runs compose")
def test_compose_file_comes_up_under_the_check_tool() -> None:
    run([str(CHECK), str(ROOT), "/health/ready"])


@pytest.fixture(scope="module")
def service() -> Iterator[httpx.Client]:
    try:
        run([*COMPOSE, "up", "--build", "--detach", "--wait", "--wait-timeout", "180"])
        with httpx.Client(base_url="http://127.0.0.1:8000", trust_env=False) as client:
            yield client
    finally:
        run([*COMPOSE, "down", "--volumes", "--timeout", "10"])


@pytest.mark.compose
@pytest.mark.skipif(bool(CHECK) or not has_engine(), reason="no container engine answers here")
class TestContainer:
    def test_classifies(self, service: httpx.Client) -> None:
        response = service.post("/classify", json={"text": "See you at the meeting on Tuesday."})
        assert response.status_code == 200, response.text

    def test_runs_as_nobody_special_on_a_read_only_root(self, service: httpx.Client) -> None:
        inside = [*COMPOSE, "exec", "-T", "hamlet"]
        assert run([*inside, "id", "-u"]).strip() == "10001"
        touched = subprocess.run([*inside, "touch", "/srv/hamlet/x"], cwd=ROOT, check=False)
        assert touched.returncode != 0

    def test_log_outlives_the_container(self, service: httpx.Client) -> None:
        service.post("/classify", json={"text": "Remember me."}).raise_for_status()
        count = [
            *(*COMPOSE, "exec", "-T", "hamlet", "python", "-c"),
            "import sqlite3; print(sqlite3.connect('/data/hamlet.db')"
            ".execute('SELECT count(*) FROM requests').fetchone()[0])",
        ]
        before = int(run(count))
        run([*COMPOSE, "up", "--detach", "--force-recreate", "--wait"])
        assert int(run(count)) == before >= 1
