"""rspamd and SpamAssassin's spamd, by the scripts of a folder: each learns the same mails first.

What was running before is used and left running; what was started here is stopped.
"""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.benchmarks.mails import MailFiles, mail_files
from tests.benchmarks.servers import NotServing, Target
from tests.benchmarks.setting import Setting

_LEARNT = 500  # of ham, and as many of spam
_PASSWORD = {"Password": "q1"}


@dataclass(frozen=True, slots=True)
class _Scripts:
    """The folder of the scripts, and what its env.sh says."""

    folder: Path
    log: Path
    values: dict[str, str]

    def port(self, name: str) -> int:
        return int(self.values[name])

    def run(self, command: str) -> None:
        """Raises NotServing. A daemon keeps what it was started with open, so that is a file."""
        with self.log.open("ab") as log:
            full = f'. "{self.folder}/env.sh"; cd "{self.folder}"; {command}'
            ended = subprocess.run(["bash", "-c", full], stdout=log, stderr=log, check=False)
        if ended.returncode:
            raise NotServing(f"{command} failed; see {self.log}")


_NAMES = ("PEERS", "REDIS_PORT", "RSPAMD_PORT", "RSPAMD_CTL", "SPAMD_PORT")


def _scripts(folder: Path, out: Path) -> _Scripts:
    show = " ".join(f"${name}" for name in _NAMES)
    command = ["bash", "-c", f'. "{folder}/env.sh"; echo {show}']
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return _Scripts(folder, out / "peers.log", dict(zip(_NAMES, said, strict=True)))


@contextmanager
def rspamd(setting: Setting, workers: int = 1) -> Iterator[Target]:
    """rspamd with its Bayes classifier in redis. Raises NotServing where one with another number
    of workers would be needed than is running."""
    assert setting.peers is not None
    scripts = _scripts(setting.peers, setting.out)
    with _started(scripts, "REDIS_PORT", "./start_redis.sh", "$REDIS_DIR/redis.pid", "redis"):
        start = f"RSPAMD_WORKERS={workers} ./start_rspamd.sh"
        with _started(scripts, "RSPAMD_PORT", start, "$RSPAMD_VAR/run/rspamd.pid", "rspamd") as own:
            if workers > 1 and not own:
                raise NotServing("an rspamd that was running before was left as it is")
            _teach_rspamd(scripts.port("RSPAMD_CTL"), mail_files(setting))
            yield Target(scripts.port("RSPAMD_PORT"), "/checkv2", 0)


@contextmanager
def spamd(setting: Setting) -> Iterator[int]:
    """The port of spamd with two children, as the scripts start it."""
    assert setting.peers is not None
    scripts = _scripts(setting.peers, setting.out)
    files = mail_files(setting)
    for kind, learnt in (("ham", files.ham), ("spam", files.spam)):
        folder = Path(scripts.values["PEERS"]) / "train" / kind
        if not folder.exists():
            folder.mkdir(parents=True)
            for file in learnt[:_LEARNT]:
                shutil.copy(file, folder)
    start = "./sa_setup.sh && ./start_spamd.sh"
    with _started(scripts, "SPAMD_PORT", start, "$SA_DIR/spamd.pid", "spamd"):
        yield scripts.port("SPAMD_PORT")


@contextmanager
def bogofilter(setting: Setting) -> Iterator[Path]:
    """The folder of a word list that has learnt the same mails."""
    files = mail_files(setting)
    folder = setting.out / "bogofilter"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for option, learnt in (("-n", files.ham), ("-s", files.spam)):
        names = "\n".join(str(file) for file in learnt[:_LEARNT])
        command = ["bogofilter", "-C", "-d", str(folder), option, "-b"]
        subprocess.run(command, input=names, text=True, check=True)
    yield folder


@contextmanager
def _started(scripts: _Scripts, port: str, start: str, pid: str, name: str) -> Iterator[bool]:
    """Whether it had to be started; then it is stopped again."""
    if _listening(scripts.port(port)):
        yield False
        return
    scripts.run(start)
    try:
        yield True
    finally:
        scripts.run(f"stop_pidfile {pid} {name}")


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _teach_rspamd(port: int, files: MailFiles) -> None:
    with httpx.Client(headers=_PASSWORD, trust_env=False, timeout=60) as client:
        for kind, learnt in (("ham", files.ham), ("spam", files.spam)):
            url = f"http://127.0.0.1:{port}/learn{kind}"
            statuses = [
                client.post(url, content=file.read_bytes()).status_code for file in learnt[:_LEARNT]
            ]
            # 208: learnt before; 204: too short to learn from.
            if sum(status in (200, 204, 208) for status in statuses) < 0.9 * len(statuses):
                raise NotServing(f"rspamd does not learn: {sorted(set(statuses))}")
