"""Several processes behind one port: one service to its callers."""

import os
import signal
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.test_serve import HAM, PATIENCE, Service, needs_weights, rows, serving

pytestmark = needs_weights
MAIL = {"Content-Type": "message/rfc822"}


def children(service: Service) -> set[int]:
    found = Path(f"/proc/{service.pid}/task/{service.pid}/children")
    return {int(pid) for pid in found.read_text().split()}


def ask(service: Service) -> httpx.Response:
    """Over a connection of its own, so that the kernel chooses who answers."""
    url = f"http://127.0.0.1:{service.port}/classify"
    return httpx.post(url, content=HAM, headers=MAIL, trust_env=False, timeout=60)


def wait_for(service: Service, known: set[int]) -> set[int]:
    """The children, once there are three, of whom only one is known."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        now = children(service)
        if len(now) == 3 and len(now & known) <= 1:
            return now
        time.sleep(0.1)
    pytest.fail(f"the processes are {children(service)}")


def counted(service: Service) -> dict[str, float]:
    """Status -> answers of POST /classify."""
    text = service.client.get("/metrics").text
    return {
        sample.labels["status"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "hamlet_requests_total" and sample.labels["route"] == "/classify"
    }


def test_they_log_and_limit_as_one(tmp_path: Path) -> None:
    settings = {"HAMLET_PROCESSES": "2", "HAMLET_RATE_LIMIT_ADDRESS": "40/hour"}
    with serving(tmp_path, **settings) as service:
        answers = [ask(service) for _ in range(50)]
        assert service.stop(signal.SIGTERM) == 0
    assert (tmp_path / "output.txt").read_text().count("listening on") == 1
    assert Counter(answer.status_code for answer in answers) == {200: 40, 429: 10}
    assert {answer.json()["id"] for answer in answers[:40]} == rows(tmp_path).keys()
    assert not (tmp_path / "log.db-wal").exists(), "the database was not closed"


def test_they_count_as_one_one_that_dies_is_replaced_and_none_outlives_the_first(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, HAMLET_PROCESSES="2") as service:
        first = wait_for(service, set())
        assert all(ask(service).status_code == 200 for _ in range(20))
        assert counted(service) == {"200": 20}
        time.sleep(11)  # one that dies younger ends the service
        for pid in sorted(first)[:2]:  # who writes the log, and one who serves
            os.kill(pid, signal.SIGKILL)
        second = wait_for(service, first)
        service.wait_until_ready()
        assert all(ask(service).status_code == 200 for _ in range(8))
        assert counted(service) == {"200": 28}
        assert service.stop(signal.SIGKILL) == -signal.SIGKILL
        end = time.monotonic() + 30
        while any(Path(f"/proc/{pid}").exists() for pid in second) and time.monotonic() < end:
            time.sleep(0.1)
        assert not any(Path(f"/proc/{pid}").exists() for pid in second)


def test_one_that_cannot_start_ends_the_service(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    log = tmp_path / "output.txt"
    service = Service(tmp_path / "log.db", log, HAMLET_PROCESSES="2", HAMLET_MODEL_DIR=nowhere)
    try:
        assert service.wait() == 1
        assert "hamlet: the checkpoint is refused" in log.read_text()
    finally:
        service.close()
