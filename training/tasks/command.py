"""python -m training tasks: train each, say what it reached, fail when a bar was missed."""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from training.tasks import (
    digits,
    expressions,
    parity,
    pictures,
    recall,
    reversal,
    waveform,
)
from training.tasks.result import Result, table


def tasks_command(options: argparse.Namespace) -> int:
    """Exit status 1 when a bar was missed. Pictures and the table go to the work folder."""
    folder: Path = options.work / "tasks"
    folder.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    for name, run in tasks(options.seed, folder).items():
        if options.task and name not in options.task:
            continue
        began = time.perf_counter()
        found = run()
        results += found
        print(f"{name}, {time.perf_counter() - began:.0f} s", table(found), sep="\n\n", end="\n\n")
    (folder / "tasks.md").write_text(table(results) + "\n", encoding="utf-8")
    missed = [result for result in results if not result.passed]
    for result in missed:
        print(f"MISSED: {result.task}, {result.network}: {result.reached:.4g} {result.unit}")
    print(f"written to {folder}")
    return 1 if missed else 0


def tasks(seed: int, folder: Path) -> dict[str, Callable[[], list[Result]]]:
    """Each task by its name, with as many steps as it takes to pass with room to spare."""
    return {
        "recall": partial(_recall, seed, folder),
        "parity": partial(parity.run, seed, steps=400),
        "waveform": partial(_waveform, seed, folder),
        "reversal": partial(reversal.run, seed, steps=300),
        "digits": partial(_digits, seed, folder),
        "expressions": partial(expressions.run, seed, steps=2500),
    }


def _recall(seed: int, folder: Path) -> list[Result]:
    results, found = recall.run(seed, steps=1400)
    pictures.plot_gradients(folder / "gradients.png", found.gradients)
    return results


def _waveform(seed: int, folder: Path) -> list[Result]:
    results, examples = waveform.run(seed, steps=1200)
    pictures.plot_waves(folder / "waves.png", examples)
    return results


def _digits(seed: int, folder: Path) -> list[Result]:
    results, frames = digits.run(seed, steps=1400)
    pictures.plot_frames(folder / "digits.png", frames)
    return results
