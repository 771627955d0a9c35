"""How often a sorter's order is exactly right, by distribution and length, whole and in parts."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from model.decoding import ALL_PARTS, Decoder, Parts, Stepper
from model.sorter import Sorter, collate
from model.sorter_checkpoint import SorterCheckpoint
from model.sorting import Query, SorterPredictor
from training.number_lists import CELLS, Floats, normal

LENGTHS = (5, 10, 15, 32, 64, 128, 256)
ABLATED_LENGTHS = (2, 5, 10, 15, 32)
ABLATIONS: Mapping[str, Parts] = {
    "all parts": ALL_PARTS,
    "guard off": Parts(guard=False),
    "decoder state zeroed": Parts(encoder=False, memory=False),
    "decoder state zeroed once the first number is out": Parts(memory=False),
    "encoder states zeroed": Parts(encoder=False),
    "value path off": Parts(values=False),
}
SEED = 20_261_123  # of the lists; training's seeds are small
_ROWS = 2048  # in one batch: beyond, the arrays leave the processor's cache


@dataclass(frozen=True, slots=True)
class Cell:
    """Of so many lists, how many came out in exactly the stable order, and how many of those
    without the guard having stepped in."""

    parts: str
    distribution: str
    length: int
    lists: int
    exact: int
    unguarded: int


def measure(
    network: Sorter,
    lengths: Sequence[int],
    lists: int,
    ablations: Mapping[str, Parts],
) -> list[Cell]:
    """Every distribution at every length; the same lists for each ablation."""
    stepper = Stepper(network)
    wanted = [(p, d, n) for p in ablations for n in lengths for d in CELLS]
    return [
        _measure_cell(stepper, parts, ablations[parts], distribution, length, lists)
        for parts, distribution, length in tqdm(wanted, "cells", mininterval=10)
    ]


def _measure_cell(
    stepper: Stepper, name: str, parts: Parts, distribution: str, length: int, lists: int
) -> Cell:
    exact = unguarded = 0
    for batch in fresh_lists(distribution, length, lists):
        decoded = Decoder(stepper, collate(batch), parts).run()
        truth = np.stack([np.argsort(numbers, kind="stable") for numbers in batch])
        right = (decoded.order == truth).all(1)
        exact += int(right.sum())
        unguarded += int((right & ~decoded.guarded).sum())
    return Cell(name, distribution, length, lists, exact, unguarded)


def fresh_lists(distribution: str, length: int, lists: int) -> Iterator[list[Floats]]:
    """The lists of a cell, in batches; always the same ones."""
    random = np.random.default_rng((SEED, length, list(CELLS).index(distribution)))
    together = max(1, _ROWS // length)
    for start in range(0, lists, together):
        count = min(together, lists - start)
        yield [CELLS[distribution](random, length) for _ in range(count)]


def latency_ms(
    checkpoint: SorterCheckpoint, length: int = 100, runs: int = 101
) -> tuple[float, float]:
    """Median milliseconds to sort one list, on as many threads as this process may use: by the
    clock, and of processor time, which other work on the machine does not count towards."""
    predictor, random = SorterPredictor(checkpoint), np.random.default_rng(SEED)
    took = []
    for _ in range(runs):
        query = Query(normal(random, length))
        began = time.perf_counter(), time.process_time()
        predictor.predict([query])
        took.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    clock, processor = 1000 * np.median(took, axis=0)
    return float(clock), float(processor)
