"""Lists of numbers to train a sorter on and to measure it on, drawn afresh from a generator.

`CELLS` are the seven distributions that are reported. Training draws from wider families of the
same kinds (`training_list`), so no cell is a special case of it and none lies outside of it.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]


def uniform(random: np.random.Generator, length: int) -> Floats:
    return random.uniform(-1, 1, length)


def normal(random: np.random.Generator, length: int) -> Floats:
    return random.normal(size=length)


def log_uniform(random: np.random.Generator, length: int, decades: float = 12) -> Floats:
    """Magnitudes log-uniform over so many decades around one, both signs."""
    magnitudes = 10 ** random.uniform(-decades / 2, decades / 2, length)
    numbers: Floats = magnitudes * random.choice([-1.0, 1.0], length)
    return numbers


def clusters(random: np.random.Generator, length: int, gap: float = 1e-6) -> Floats:
    """About five numbers a cluster, each a relative gap of 0.5 to 1.5 times `gap` from the next."""
    centres = random.normal(size=max(1, length // 5))
    centre = random.choice(centres, length)
    steps = np.cumsum(random.uniform(0.5, 1.5, length)) - length / 2
    return random.permutation(centre * (1 + gap * steps))


def integers(random: np.random.Generator, length: int, distinct: int = 10) -> Floats:
    return random.integers(0, distinct, length).astype(np.float64)


def already_sorted(random: np.random.Generator, length: int) -> Floats:
    return np.sort(normal(random, length))


def reversed_(random: np.random.Generator, length: int) -> Floats:
    return already_sorted(random, length)[::-1].copy()


CELLS: Mapping[str, Draw] = {
    "uniform": uniform,
    "normal": normal,
    "log-uniform": log_uniform,
    "clusters": clusters,
    "integers": integers,
    "sorted": already_sorted,
    "reversed": reversed_,
}


def training_list(random: np.random.Generator, length: int) -> Floats:
    """One list of a kind drawn at random, as often as not in another order, moved or scaled."""
    kinds: list[Callable[[], Floats]] = [
        lambda: uniform(random, length),
        lambda: normal(random, length),
        lambda: log_uniform(random, length, random.uniform(2, 30)),
        lambda: clusters(random, length, 10 ** random.uniform(-9, -1)),
        lambda: integers(random, length, int(random.integers(1, 2 * length + 1))),
        lambda: integers(random, length, int(random.integers(1, 13))),
    ]
    numbers = kinds[random.integers(len(kinds))]()
    if random.random() < 0.2:  # some numbers twice, bit for bit
        numbers = random.choice(numbers, length)
    if random.random() < 0.2:
        numbers = numbers + random.normal() * 10 ** random.uniform(-3, 3)
    order = random.random()
    return np.sort(numbers) if order < 0.1 else -np.sort(-numbers) if order < 0.2 else numbers
