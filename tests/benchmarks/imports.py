"""What `python -X importtime` wrote, summed up."""

import re
from collections import defaultdict

_LINE = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \| ( *)(\S+)$", re.M)


def costs(said: str, without: str) -> dict[str, float]:
    """Seconds of a package's own modules, by its name, but for the package `without` and what was
    first imported by it: others of it stand there with nothing left to do.

    A module's line comes after those of the modules that it imported, which are indented deeper.
    """
    found: defaultdict[str, float] = defaultdict(float)
    left_out_below: int | None = None
    for cost, indent, module in reversed(_LINE.findall(said)):
        depth, package = len(indent), module.partition(".")[0]
        if left_out_below is not None and depth > left_out_below:
            continue
        left_out_below = depth if package == without else None
        if left_out_below is None:
            found[package] += int(cost) / 1e6
    return dict(found)
