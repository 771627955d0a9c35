"""Training on all cores, tokens a second, beside two plain loops over the same messages."""

import os
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from app.settings import ROOT, Settings
from model.checkpoint import Checkpoint, load
from tests.benchmarks.plain import PlainNetwork
from tests.benchmarks.results import Findings, Row
from tests.benchmarks.setting import Setting
from tests.benchmarks.timing import cores, side_by_side
from training.batches import BatchBuilder, Indices, buckets
from training.config import RunConfig, read_config
from training.loop import Task, Trainer
from training.run import load_tokens, make_builder, make_network
from training.shares import widen

_STEPS = 200
_REPEATS = 3
_PACKED, _PADDED = "packed, mixed lengths", "padded, nearly equal lengths"


@dataclass(frozen=True)
class _Work:
    """What everybody trains on, and with what sizes."""

    config: RunConfig
    shipped: Checkpoint
    builder: BatchBuilder
    rows: Indices
    targets: torch.Tensor  # float32 [len(rows)]


def measure(setting: Setting) -> Findings:
    """The repository's own loop as its run file asks for, with noise, wide path, running average
    and clipping; the plain loops have a forward pass, a backward pass and AdamW."""
    work, count = _work(setting), os.cpu_count() or 1
    with cores(count):
        took = side_by_side(
            {
                "ours": lambda: _train(work),
                _PADDED: lambda: _plain(work, _equal(work), packed=False),
                _PACKED: lambda: _plain(work, _mixed(work), packed=True),
            },
            setting.repeats(_REPEATS),
        )
    read = int(work.builder.lengths(work.rows).sum())
    rates = {name: read / seconds for name, seconds in took.items()}
    ratio = rates["ours"] / max(rates[_PADDED], rates[_PACKED])
    row = Row(
        name=f"training, {count} cores",
        measured={f"{name}, tokens/s": rate for name, rate in rates.items()}
        | {"messages": len(work.rows), "tokens": read},
        verdict=f"{ratio:.2f} times the better plain loop",
        aim="≥ 1.3 times the better",
        reaches=ratio >= 1.3,
    )
    return Findings((row,))


def _work(setting: Setting) -> _Work:
    """Messages of all corpora in the shares that they have, enough for some hundred steps."""
    config = read_config(ROOT / "training" / "runs" / "classifier.toml")
    config = replace(config, optimiser=replace(config.optimiser, epochs=1))
    table = load_tokens(config, setting.folder, setting.out / "cache")
    shipped = load(Settings().model_dir)
    count = setting.count(_STEPS) * config.optimiser.rows_per_batch
    rows = np.random.default_rng(config.seed).choice(len(table), min(count, len(table)), False)
    targets = torch.from_numpy(table.is_spam[rows].astype(np.float32))
    return _Work(config, shipped, make_builder(table, shipped.tokenizer), rows, targets)


def _train(work: _Work) -> None:
    network, wide = make_network(work.config, work.shipped.tokenizer), work.shipped.network.wide
    if wide is not None:
        network = widen(network, wide.keys, work.config.network.wide_dropout)
    task = Task(
        builder=work.builder,
        train=work.rows,
        targets=work.targets.numpy(),
        weights=np.ones(len(work.rows), np.float32),
        validation=work.rows[:1],  # asked for once an epoch, which here is a moment
        score=lambda _: 0.0,
    )
    config = work.config
    with redirect_stdout(sys.stderr):  # it says how its epoch went; the table goes to stdout
        Trainer(network, task, config.noise, config.optimiser, config.seed).run()


def _equal(work: _Work) -> list[Indices]:
    optimiser = work.config.optimiser
    lengths, random = work.builder.lengths(work.rows), np.random.default_rng(1)
    return buckets(lengths, optimiser.tokens_per_batch, optimiser.rows_per_batch, random)


def _mixed(work: _Work) -> list[Indices]:
    order, rows = np.random.default_rng(1).permutation(len(work.rows)), 64
    return [order[begin : begin + rows] for begin in range(0, len(order), rows)]


def _plain(work: _Work, batches: list[Indices], *, packed: bool) -> None:
    network = PlainNetwork(work.shipped.network.config, packed=packed)
    optimiser = torch.optim.AdamW(network.parameters(), fused=True)
    for positions in batches:
        batch = work.builder.build(work.rows[positions])
        logits = network(network.known(batch.ids), batch.lengths)
        loss = binary_cross_entropy_with_logits(logits, work.targets[positions])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
