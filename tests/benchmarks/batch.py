"""Many messages at once: NDJSON through POST /classify/batch, beside bogofilter's bulk mode."""

import base64
import json
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from itertools import repeat
from shutil import which
from threading import Thread

from tests.benchmarks import peers, servers
from tests.benchmarks.load import LoadFailed
from tests.benchmarks.mails import mail_files
from tests.benchmarks.results import Findings, Row
from tests.benchmarks.setting import Setting

_ROUNDS = 1  # of all mails, on each stream
_REPEATS = 5
_AIM = 1500
_STREAMS = 8  # a connection belongs to one process: both must get some
_PIECE = 64  # lines


def measure(setting: Setting) -> Findings:
    """Both read the same mails; what goes over the wire is base64 in JSON, from files here."""
    measured = {f"ours, 2 processes, {_STREAMS} streams, messages/s": _ours(setting, 2, _STREAMS)}
    rate = max(measured.values())
    measured["ours, 1 process, 1 stream, messages/s"] = _ours(setting, 1, 1)
    notes: tuple[str, ...] = ()
    verdict = f"{rate:,.0f} messages/s"
    if which("bogofilter"):
        bulk = _bogofilter(setting)
        measured["bogofilter -b, 1 process, no service, messages/s"] = bulk
        verdict += f", {rate / bulk:.2f} times bogofilter"
    else:
        notes = ("bogofilter left out: it is not installed",)
    row = Row("POST /classify/batch, NDJSON", measured, verdict, f"≥ {_AIM:,}/s", rate >= _AIM)
    return Findings((row,), notes=notes)


def _ours(setting: Setting, processes: int, streams: int) -> float:
    lines = [
        json.dumps({"raw": base64.b64encode(mail).decode()}).encode() + b"\n"
        for mail in mail_files(setting).contents()
    ]
    many = lines * setting.count(_ROUNDS)
    with servers.service(setting, processes) as target, ThreadPoolExecutor(streams) as pool:
        send = partial(stream, target)
        list(pool.map(send, repeat(lines, streams)))  # warm
        rates = []
        for _ in range(setting.repeats(_REPEATS)):
            began = time.perf_counter()
            list(pool.map(send, repeat(many, streams)))
            rates.append(streams * len(many) / (time.perf_counter() - began))
    return statistics.median(rates)


def stream(target: servers.Target, lines: list[bytes]) -> None:
    """Send a stream and read its answers meanwhile. Raises LoadFailed unless each line is
    classified."""
    with closing(HTTPConnection("127.0.0.1", target.port, timeout=120)) as connection:
        connection.putrequest("POST", f"{target.path}/batch")
        connection.putheader("Content-Type", "application/x-ndjson")
        connection.putheader("Content-Length", str(sum(map(len, lines))))
        connection.endheaders()
        writer = Thread(target=_write, args=(connection, lines))
        writer.start()
        answer = connection.getresponse()
        good = sum(b'"spam_probability"' in line for line in answer)
        writer.join()
    if answer.status != 200 or good != len(lines):
        raise LoadFailed(f"status {answer.status}, {good} of {len(lines)} lines classified")


def _write(connection: HTTPConnection, lines: list[bytes]) -> None:
    for at in range(0, len(lines), _PIECE):
        connection.send(b"".join(lines[at : at + _PIECE]))


def _bogofilter(setting: Setting) -> float:
    files = mail_files(setting).drawn
    with peers.bogofilter(setting) as folder:
        command = ["bogofilter", "-C", "-d", str(folder), "-T", "-b"]
        names = "\n".join(map(str, files))
        rates = []
        for _ in range(1 + setting.repeats(_REPEATS)):
            began = time.perf_counter()
            # Its status says whether the last mail was spam.
            ended = subprocess.run(
                command, input=names, capture_output=True, text=True, check=False
            )
            took = time.perf_counter() - began
            if ended.stdout.count("\n") != len(files):
                raise LoadFailed(f"bogofilter: {ended.stderr}")
            rates.append(len(files) / took)
    return statistics.median(rates[1:])  # the first one warms
