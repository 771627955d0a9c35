"""Processes take turns: one at a time, nobody for long, and a dead one gives its turn back."""

import multiprocessing
import os
import signal
import time
from itertools import groupby
from pathlib import Path

from app.turn import Turn

_TIMES = 300
fork = multiprocessing.get_context("fork")


def write_often(turn: Turn, path: Path, name: str) -> None:
    for _ in range(_TIMES):
        with turn.taken(), path.open("a") as file:
            file.write(name)
            file.flush()
            time.sleep(0.001)
            file.write(name)


def test_two_share_it_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "names"
    with Turn() as turn:
        writers = [fork.Process(target=write_often, args=(turn, path, name)) for name in "ab"]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
    written = path.read_text()
    assert len(written) == 4 * _TIMES
    runs = [len(list(run)) for _, run in groupby(written)]
    assert all(run % 2 == 0 for run in runs), "both wrote at once"
    # While one starts or has ended the other goes alone; between that they alternate.
    assert len(runs) > _TIMES / 2


def hold(turn: Turn, held: Path) -> None:
    with turn.taken():
        held.touch()
        time.sleep(60)


def test_one_that_is_killed_gives_it_back(tmp_path: Path) -> None:
    held = tmp_path / "held"
    with Turn() as turn:
        holder = fork.Process(target=hold, args=(turn, held))
        holder.start()
        while not held.exists():
            time.sleep(0.01)
        assert holder.pid
        os.kill(holder.pid, signal.SIGKILL)
        with turn.taken():
            holder.join()
