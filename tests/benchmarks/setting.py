"""What all benchmarks are told: where the corpora and the peers are, where to write, how long."""

from dataclasses import dataclass
from pathlib import Path

from training.config import CorpusConfig

_QUICKER = 10
CONNECTIONS = 1000  # hardly a request finds none free; the more, the colder each (docs/log.md)


@dataclass(frozen=True, slots=True)
class Setting:
    """`folder` holds the corpora; `peers` the scripts that start the other filters, None where they
    are left out; `quick` asks for a tenth of the counts and seconds, to try a benchmark out. An
    overload comes over so many `connections`."""

    corpora: list[CorpusConfig]
    folder: Path
    peers: Path | None
    out: Path
    quick: bool = False
    connections: int = CONNECTIONS

    def count(self, usual: int) -> int:
        """How many to do of what is done `usual` times."""
        return max(1, usual // _QUICKER) if self.quick else usual

    def seconds(self, usual: float) -> float:
        """How long to do what is done for `usual` seconds; never less than one."""
        return max(1.0, usual / _QUICKER) if self.quick else usual

    def repeats(self, usual: int) -> int:
        """How often to measure what is measured `usual` times."""
        return 1 if self.quick else usual
