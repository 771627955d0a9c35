"""What a benchmark found: rows of one table, and curves of one plot."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `measured` are numbers by name, each name saying its unit, of the
    service and of the peers that were measured beside it; `verdict` is what is made of them in a
    few words, as `1.24 times rspamd`; `reaches` whether that is what was aimed at, None where a
    peer that it is compared with was not there."""

    name: str
    measured: Mapping[str, float]
    verdict: str
    aim: str
    reaches: bool | None


@dataclass(frozen=True, slots=True)
class Curve:
    """How a measure grows: `points` of what is varied and what came of it."""

    name: str
    across: str
    up: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What one benchmark hands to the report."""

    rows: tuple[Row, ...] = ()
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = field(default=())
