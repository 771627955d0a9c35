"""Context to sequence: a damped oscillation from the four numbers that describe it, the context
given at the first step alone or at every one, each sample fed to the next step."""

import math

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from model.cells import LSTMCell
from model.feedback import ContextDecoder, Coupling
from training.tasks.result import Result, fit

STEPS, HIDDEN, CONTEXT = 40, 48, 4
BARS = {Coupling.FIRST: 5.0, Coupling.EVERY: 5.0}


def run(seed: int, steps: int) -> tuple[list[Result], dict[str, Tensor]]:
    """Also examples for a plot: by coupling, and "true", each [3, T]."""
    results = []
    torch.manual_seed(seed)
    contexts, waves = draw(2000)
    examples = {"true": waves[:3, :, 0]}
    for coupling, bar in BARS.items():
        torch.manual_seed(seed)
        network = ContextDecoder(LSTMCell(CONTEXT + 1, HIDDEN), 1, coupling)
        fit(network, steps, 5e-3, lambda step, n=network: _loss(n, step))  # type: ignore[misc]
        with torch.no_grad():
            outputs = network(contexts, STEPS)
        examples[coupling.value] = outputs[:3, :, 0]
        error = 100 * float(mse_loss(outputs, waves) / waves.var())
        name = f"context at {coupling.value} step"
        results.append(
            Result(
                "waveform", name, "% of variance left", error, bar, 100, "the mean", smaller=True
            )
        )
    return results, examples


def draw(rows: int) -> tuple[Tensor, Tensor]:
    """Amplitude, frequency, phase, damping, each -1..1, float [B, 4]; the wave, float [B, T, 1]."""
    context = 2 * torch.rand(rows, CONTEXT) - 1
    amplitude, frequency, phase, damping = context[:, :, None].unbind(1)
    t = torch.arange(STEPS) / STEPS
    wave = (1 + 0.5 * amplitude) * torch.exp(-(1 + damping) * t)
    wave = wave * torch.sin(2 * math.pi * (2 + frequency) * t + math.pi * phase)
    return context, wave[:, :, None]


def _loss(network: ContextDecoder, step: int) -> Tensor:
    """The true samples fed in every other step, its own in the rest, so that it learns to go on
    from what it will have said (scheduled sampling, Bengio et al. 2015, at a constant half)."""
    context, wave = draw(64)
    return mse_loss(network(context, STEPS, wave if step % 2 else None), wave)
