"""From the command to the first answer, beside what importing torch alone takes."""

import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

from app.settings import PREFIX, ROOT
from tests.benchmarks.imports import costs
from tests.benchmarks.results import Findings, Row
from tests.benchmarks.servers import NotServing, environment, free_port
from tests.benchmarks.setting import Setting

_REPEATS = 9
_PATIENCE = 60.0
_MOST, _MOST_OURS = 2.5, 0.5  # seconds
_LISTED = 10


def measure(setting: Setting) -> Findings:
    """The database is migrated and the files are in the cache: each was started once before."""
    with TemporaryDirectory(prefix="starting-", dir=setting.out) as folder:
        settings = {
            f"{PREFIX}DATABASE_URL": f"sqlite:///{Path(folder) / 'log.db'}",
            f"{PREFIX}DEVICE": "cpu",
            f"{PREFIX}PORT": str(free_port()),
        }
        serve = [sys.executable, "-m", "app"]
        _ready(serve, settings)
        _import_torch()
        starts, imports = [], []
        for _ in range(max(3, setting.repeats(_REPEATS))):
            starts.append(_ready(serve, settings)[0])
            imports.append(_import_torch())
        said = _ready([sys.executable, "-X", "importtime", "-m", "app"], settings)[1]
    return Findings((_row(starts, imports),), notes=_notes(said))


def _row(starts: Sequence[float], imports: Sequence[float]) -> Row:
    ready, torch = statistics.median(starts), statistics.median(imports)
    # Neighbours in time, as the machine is now faster and now slower.
    ours = statistics.median(a - b for a, b in zip(starts, imports, strict=True))
    return Row(
        name="start to ready, warm file cache",
        measured={
            "start to ready, median s": ready,
            "import torch alone, median s": torch,
            "beyond importing torch, median s": ours,
        },
        verdict=f"{ready:.2f} s, of which ours {ours:.2f} s",
        aim=f"≤ {_MOST} s, of which ours ≤ {_MOST_OURS} s",
        reaches=ready <= _MOST and ours <= _MOST_OURS,
    )


def _notes(said: str) -> tuple[str, ...]:
    found = sorted(costs(said, without="torch").items(), key=lambda item: -item[1])
    listed = ", ".join(f"{name} {1000 * cost:.0f}" for name, cost in found[:_LISTED])
    total = sum(cost for _, cost in found)
    return (
        f"imports outside torch, {1000 * total:.0f} ms as `-X importtime` slows them down, the "
        f"dearest packages in ms: {listed}",
    )


def _import_torch() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], env=environment(), check=True)
    return time.perf_counter() - began


def _ready(command: Sequence[str], settings: dict[str, str]) -> tuple[float, str]:
    """Seconds until the service says that it is ready, and what it wrote to its standard error;
    it is gone afterwards. Raises NotServing."""
    port = int(settings[f"{PREFIX}PORT"])
    with TemporaryDirectory() as folder, (Path(folder) / "said").open("w+b") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment() | settings, stdout=output, stderr=output
        )
        try:
            while not _is_ready(port):
                late = time.perf_counter() - began > _PATIENCE
                if late or process.poll() is not None:
                    raise NotServing(f"{command!r} is not ready, exit status {process.poll()}")
                time.sleep(0.002)
            took = time.perf_counter() - began
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_PATIENCE)
        output.seek(0)
        return took, output.read().decode(errors="replace")


def _is_ready(port: int) -> bool:
    try:
        with closing(HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)) as connection:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
