"""The classifier's recurrence with each encoder of the course, same mail, budget and seeds."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from training.config import ConfigError, RunConfig
from training.evaluate import left_out, network_logits, score_trained, test_rows
from training.metrics import measure, one_minus_auc_percent
from training.plots import BLUE, INK
from training.run import Data, commit, split_all, split_without, train

# Name, cell, directions, depth.
ENCODERS = (
    ("mean of embeddings", "none", 1, ""),
    ("Elman, one way", "elman", 1, ""),
    ("Elman, both ways", "elman", 2, ""),
    ("GRU, one way", "gru", 1, ""),
    ("GRU, both ways", "gru", 2, ""),
    ("LSTM, one way", "lstm", 1, ""),
    ("LSTM, both ways", "lstm", 2, ""),
    ("LSTM, both ways, deep (a)", "lstm", 2, "a"),
    ("LSTM, both ways, deep (b)", "lstm", 2, "b"),
    ("LSTM, both ways, deep (c)", "lstm", 2, "c"),
    ("Elman, both ways, deep (b)", "elman", 2, "b"),
    ("Elman, both ways, deep (c)", "elman", 2, "c"),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """One encoder, one seed: 1-AUC in per cent over the grouped test parts together; F1 on the
    corpus left out; parameters of the encoder alone; seconds of the first training; tokenised
    messages a second through the network, on one thread if the process has one."""

    name: str
    seed: int
    one_minus_auc: float
    f1_left_out: float
    parameters: int
    seconds: float
    messages_a_second: float
    commit: str


def compare(
    data: Data, config: RunConfig, folder: Path, seeds: Sequence[int]
) -> Iterator[Compared]:
    """Train and measure one encoder after the other, seed by seed. What `folder` holds of this
    commit is not measured again. Raises ConfigError unless the run has one fold and no wide path.
    """
    if len(config.folds) != 1 or config.wide.enabled:
        raise ConfigError(f"{config.name}: a comparison needs one fold and no wide path")
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        for number, (name, cell, directions, depth) in enumerate(ENCODERS):
            file = folder / f"{number:02}-{seed}.json"
            if file.exists():
                found = Compared(**json.loads(file.read_text(encoding="utf-8")))
                if found.commit == commit() and found.name == name:
                    yield found
                    continue
            words = replace(config.network, cell=cell, directions=directions, depth=depth)
            found = _measure(data, replace(config, network=words, seed=seed), name)
            file.write_text(json.dumps(asdict(found), indent=2), encoding="utf-8")
            yield found


def by_encoder(found: Iterable[Compared]) -> list[list[Compared]]:
    """All seeds of an encoder together, in the order of ENCODERS."""
    order = [name for name, *_ in ENCODERS]
    ranked = sorted(found, key=lambda c: (order.index(c.name), c.seed))
    return [list(group) for _, group in groupby(ranked, key=lambda c: c.name)]


def table(found: Iterable[Compared]) -> str:
    """Markdown: means over the seeds, and in brackets the least and the greatest of what varies."""
    lines = [
        "| encoder | 1-AUC % | F1 left out | parameters | training s | messages/s |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for seeds in by_encoder(found):
        lines.append(
            f"| {seeds[0].name} | {_spread([c.one_minus_auc for c in seeds], 3)} | "
            f"{_spread([c.f1_left_out for c in seeds], 4)} | {seeds[0].parameters:,} | "
            f"{np.mean([c.seconds for c in seeds]):.0f} | "
            f"{np.mean([c.messages_a_second for c in seeds]):,.0f} |"
        )
    return "\n".join(lines)


def _spread(values: Sequence[float], digits: int) -> str:
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    return f"{np.mean(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def plot(found: Iterable[Compared], path: Path) -> None:
    """A row an encoder: its 1-AUC on the left, its F1 on the corpus left out on the right; a small
    point a seed, a large one and a number for their mean."""
    encoders = by_encoder(found)
    figure = Figure(figsize=(9, 0.8 + 0.35 * len(encoders)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    rows = np.arange(len(encoders))[::-1]
    for axes, measured, title in (
        (left, [[c.one_minus_auc for c in e] for e in encoders], "1-AUC %, in the corpora (less)"),
        (right, [[c.f1_left_out for c in e] for e in encoders], "F1, corpus left out (more)"),
    ):
        for values, row in zip(measured, rows, strict=True):
            axes.plot(values, [row] * len(values), ".", color=BLUE, alpha=0.4)
            axes.plot(np.mean(values), row, "o", color=BLUE)
            axes.annotate(
                f"{np.mean(values):.3f}",
                (max(values), row),
                (6, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=INK,
            )
        axes.set_title(title, fontsize=10)
        axes.margins(x=0.2)
        axes.grid(axis="y", alpha=0.3)
    left.set_yticks(rows, [e[0].name for e in encoders])
    figure.savefig(path, dpi=120)


def _measure(data: Data, config: RunConfig, name: str) -> Compared:
    split = split_all(data, config)
    began = time.perf_counter()
    trained = train(data, split, config)
    seconds = time.perf_counter() - began
    rows = test_rows(data, config)
    network_logits(trained, rows[:256])  # warm
    began = time.perf_counter()
    logits = network_logits(trained, rows)
    speed = len(rows) / (time.perf_counter() - began)
    one_minus_auc = one_minus_auc_percent(data.table.is_spam[rows], logits)
    assert one_minus_auc is not None
    return Compared(
        name=name,
        seed=config.seed,
        one_minus_auc=one_minus_auc,
        f1_left_out=_left_out(data, config),
        parameters=sum(p.numel() for p in trained.network.encoder.parameters()),
        seconds=seconds,
        messages_a_second=speed,
        commit=commit(),
    )


def _left_out(data: Data, config: RunConfig) -> float:
    split = split_without(data, config, left_out(data, config.folds[0]))
    found = score_trained(data, train(data, split, config), split, config)
    f1 = measure(data.table.is_spam[found.rows], found.probabilities, found.threshold).f1
    assert f1 is not None
    return f1
