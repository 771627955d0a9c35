"""Train one classifier: step, validate, keep the best, stop early, resume where it was cut off.

What is trained on and how it is scored comes from outside (`Task`); nothing here knows a corpus.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from tqdm import tqdm

from model.classifier import Classifier
from model.wide import WidePath
from training.batches import BatchBuilder, Indices, Noise, buckets
from training.config import OptimiserConfig

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """Messages to train on, with targets in 0..1 and weights of mean 1 (float32 [len(train)]), and
    those to validate on; `score` says of the validation logits how bad they are (lower is better).
    """

    builder: BatchBuilder
    train: Indices
    targets: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    validation: Indices
    score: Callable[[Floats], float]


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch came to."""

    number: int
    loss: float
    score: float


class Trainer:
    """Owns the network, its running average, the optimiser and the schedule of one run."""

    def __init__(
        self, network: Classifier, task: Task, noise: Noise, config: OptimiserConfig, seed: int
    ) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = network.to(self.device)
        self.averaged = copy.deepcopy(self.network)
        self._task, self._noise, self._config, self._seed = task, noise, config, seed
        self._optimiser = torch.optim.AdamW(
            self._parameter_groups(), lr=config.learning_rate, betas=(0.9, 0.98), fused=True
        )
        steps = len(self._batches(None))
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimiser, _Schedule(steps * config.epochs, config.warm_up)
        )
        self.epochs: list[Epoch] = []
        self._best: dict[str, Tensor] = {}

    def _parameter_groups(self) -> list[dict[str, object]]:
        """Matrices decay, biases do not. The wide path's scalars stand alone for their word and
        are scaled down by the root of a message's length, so they need larger steps."""
        config = self._config
        wide = [] if self.network.wide is None else list(self.network.wide.parameters())
        deep = [p for p in self.network.parameters() if all(p is not w for w in wide)]
        return [
            {"params": [p for p in deep if p.ndim > 1], "weight_decay": config.weight_decay},
            {"params": [p for p in deep if p.ndim <= 1], "weight_decay": 0.0},
            {"params": wide, "lr": config.wide_learning_rate, "weight_decay": config.wide_decay},
        ]

    def run(self, state: Path | None = None) -> Classifier:
        """Train to the end or until patience is spent; the best averaged network, in eval mode.

        With `state`, a file: continue from it if it exists, write it after every epoch.
        """
        if state is not None and state.exists():
            self._resume(state)
        while len(self.epochs) < self._config.epochs and not self._out_of_patience():
            self.epochs.append(self._epoch(len(self.epochs)))
            if state is not None:
                self._save(state)
        self.averaged.load_state_dict(self._best)
        return self.averaged.eval()

    def _epoch(self, number: int) -> Epoch:
        # Seeded by epoch, so that a resumed run draws what an uninterrupted one would have drawn.
        random = np.random.default_rng((self._seed, number))
        torch.manual_seed(self._seed * 1000 + number)
        self.network.train()
        progress = tqdm(self._batches(random), f"epoch {number + 1}", mininterval=10)
        losses = [self._step(batch, random) for batch in progress]
        epoch = Epoch(number, float(np.mean(losses)), self._task.score(self._validate()))
        if not self._best or epoch.score <= min(e.score for e in self.epochs):
            self._best = copy.deepcopy(self.averaged.state_dict())
        tqdm.write(f"epoch {number + 1}: loss {epoch.loss:.4f}, validation score {epoch.score:.4f}")
        return epoch

    def _batches(self, random: np.random.Generator | None) -> list[Indices]:
        lengths = self._task.builder.lengths(self._task.train)
        return buckets(lengths, self._config.tokens_per_batch, self._config.rows_per_batch, random)

    def _step(self, positions: Indices, random: np.random.Generator) -> float:
        task, config = self._task, self._config
        batch = task.builder.build(task.train[positions], self._noise, random).to(self.device)
        targets = torch.from_numpy(task.targets[positions]).to(self.device)
        weights = torch.from_numpy(task.weights[positions]).to(self.device)
        targets = targets * (1 - 2 * config.label_smoothing) + config.label_smoothing
        with _autocast(self.device, config.bfloat16):
            deep, wide = self.network.paths(batch)
        # The recurrence is also asked alone: the wide path, which learns by heart, would otherwise
        # explain the training messages before the recurrence has learnt to read.
        loss = binary_cross_entropy_with_logits(deep + wide, targets, weights)
        loss = loss + config.alone * binary_cross_entropy_with_logits(deep, targets, weights)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), config.clip)
        self._optimiser.step()
        self._schedule.step()
        self._average()
        return float(loss.detach())

    @torch.no_grad()
    def _average(self) -> None:
        """Exponential moving average of the weights (Polyak & Juditsky 1992), bias-free: early on
        the decay is smaller, so that the random initial weights are forgotten at once."""
        step = self._schedule.last_epoch
        decay = min(self._config.average, step / (step + 10))
        mean = [p.data for p in self.averaged.parameters()]
        now = [p.data for p in self.network.parameters()]
        torch._foreach_lerp_(mean, now, 1 - decay)

    def _validate(self) -> Floats:
        return predict_logits(
            self.averaged, self._task.builder, self._task.validation, self._config.bfloat16
        )

    def _out_of_patience(self) -> bool:
        scores = [epoch.score for epoch in self.epochs]
        return bool(scores) and len(scores) - 1 - scores.index(min(scores)) >= self._config.patience

    def _save(self, path: Path) -> None:
        partial = path.with_suffix(".partial")
        stored = {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "best": self._best,
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "epochs": [(e.number, e.loss, e.score) for e in self.epochs],
        }
        torch.save(stored, partial)
        partial.replace(path)

    def _resume(self, path: Path) -> None:
        stored = torch.load(path, map_location=self.device, weights_only=True)
        self.network.load_state_dict(stored["network"])
        self.averaged.load_state_dict(stored["averaged"])
        self._best = stored["best"]
        self._optimiser.load_state_dict(stored["optimiser"])
        self._schedule.load_state_dict(stored["schedule"])
        self.epochs = [Epoch(*values) for values in stored["epochs"]]


class _Schedule:
    """Learning-rate factor: a linear rise over the `warm_up` part, then half a cosine to zero."""

    def __init__(self, steps: int, warm_up: float) -> None:
        self._steps, self._rise = max(1, steps), max(1, int(steps * warm_up))

    def __call__(self, step: int) -> float:
        if step < self._rise:
            return (step + 1) / self._rise
        done = (step - self._rise) / max(1, self._steps - self._rise)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def _autocast(device: torch.device, bfloat16: bool) -> torch.autocast:
    """Products in bfloat16 where that is wanted and can be had: on a CPU the LSTM of oneDNN has it
    with AVX-512 only, and raises without."""
    able = device.type != "cpu" or torch.cpu.get_capabilities().get("avx512_bw", False)
    return torch.autocast(device.type, torch.bfloat16, enabled=bfloat16 and able)


def predict_logits(
    network: Classifier, builder: BatchBuilder, rows: Indices, bfloat16: bool = False
) -> Floats:
    """Logits, float64 [len(rows)], of messages in the given order."""
    deep, wide = predict_paths(network, builder, rows, bfloat16)
    return deep + wide


@torch.inference_mode()
def predict_paths(
    network: Classifier, builder: BatchBuilder, rows: Indices, bfloat16: bool = False
) -> tuple[Floats, Floats]:
    """What the recurrence and what the wide path say, each float64 [len(rows)]."""
    network.eval()
    device = network.output.weight.device
    logits = np.empty((2, len(rows)))
    for positions in buckets(builder.lengths(rows), 32_768, 1024):
        batch = builder.build(rows[positions]).to(device)
        with _autocast(device, bfloat16):
            deep, wide = network.paths(batch)
        logits[:, positions] = torch.stack([deep.double(), wide.double()]).cpu().numpy()
    return logits[0], logits[1]


@torch.inference_mode()
def predict_wide(wide: WidePath, builder: BatchBuilder, rows: Indices) -> Floats:
    """Logits of a wide path alone, float64 [len(rows)]."""
    logits = np.empty(len(rows))
    for positions in buckets(builder.lengths(rows), 32_768, 1024):
        logits[positions] = wide(builder.build(rows[positions]).hashes).double().numpy()
    return logits
