"""The service and two things that a Python user would do instead, as processes that serve."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from app.settings import PREFIX, ROOT
from tests.benchmarks.setting import Setting

RFC822 = "message/rfc822"
_PATIENCE = 120.0  # seconds until ready


class NotServing(Exception):
    """A server did not start; the message says where it said why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where mails are posted to; `pid` of the process that was started, for its memory."""

    port: int
    path: str
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"


@contextmanager
def service(
    setting: Setting, processes: int = 1, database: Path | None = None, **settings: str
) -> Iterator[Target]:
    """`python -m app` with the shipped weights and, unless told which, a database of its own, on
    the disk that the findings are written to: a commit has to wait for a real one."""
    with TemporaryDirectory(prefix="service-", dir=setting.out) as folder:
        own = {
            "DATABASE_URL": f"sqlite:///{database or Path(folder) / 'log.db'}",
            "DEVICE": "cpu",
            "PROCESSES": str(processes),
        }
        port = free_port()
        variables = environment() | {PREFIX + name: value for name, value in own.items()}
        variables |= {f"{PREFIX}PORT": str(port), **settings}
        command = [sys.executable, "-m", "app"]
        with _running(command, variables, setting.out / "service.log") as process:
            _wait(process, port, "/health/ready")
            yield Target(port, "/classify", process.pid)


@contextmanager
def route(setting: Setting, module: str, processes: int) -> Iterator[Target]:
    """A FastAPI application of this folder, under uvicorn, with as many worker processes."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory"]
    command += [f"tests.benchmarks.{module}:create_app"]
    command += ["--port", str(port), "--workers", str(processes), "--no-access-log"]
    variables = environment() | {"BENCH_MAILS": str(setting.out / "mails")}
    log = setting.out / f"{module}.log"
    with _running(command, variables, log) as process:
        # A worker that still learns does not accept, so asking would only find one that is ready.
        end = time.monotonic() + _PATIENCE
        while log.read_text().count("Application startup complete") < processes:
            if time.monotonic() > end or process.poll() is not None:
                raise NotServing(f"{module} is not ready; see {log}")
            time.sleep(0.1)
        yield Target(port, "/classify", process.pid)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def environment() -> dict[str, str]:
    """This process's, without settings of the service; one thread a product, as two processes on
    two cores want it. Compiled modules are kept, as an installation has them."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | {"OMP_NUM_THREADS": "1"}


@contextmanager
def _running(
    command: list[str], environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=output, stdin=subprocess.PIPE
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise NotServing(f"{command[2]} did not stop; see {log}") from None


def _wait(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=_PATIENCE)
        except httpx.TransportError:
            time.sleep(0.1)
            continue
        if answer.status_code == 200:
            return
        time.sleep(0.1)
    raise NotServing(f"{process.args!r} is not ready, exit status {process.poll()}")
