"""What the kernel keeps of a process and all that it started (proc(5))."""

import os
from pathlib import Path
from typing import NamedTuple

_TICK = 1 / os.sysconf("SC_CLK_TCK")


class Spent(NamedTuple):
    """Seconds of processors, in a program's own code and in the kernel on its behalf."""

    user: float
    system: float

    def since(self, before: "Spent") -> "Spent":
        return Spent(self.user - before.user, self.system - before.system)

    def each(self, times: float) -> "Spent":
        """What one of so many took."""
        return Spent(self.user / times, self.system / times)


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += family(int(child))
    return found


def spent(pid: int) -> Spent:
    """By a process and all that it started, so far."""
    user = system = 0
    for process in family(pid):
        # Behind the name, which stands in brackets and may hold anything, begins field 3.
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        user, system = user + int(fields[11]), system + int(fields[12])
    return Spent(user * _TICK, system * _TICK)
