"""Figures of the tasks, as PNG files; colours as in training.plots."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from training.metrics import Floats
from training.plots import MODEL_COLOURS, MODEL_STYLES


def plot_gradients(path: Path, gradients: Mapping[str, Floats]) -> None:
    """The picture of the lecture: how much of the last step's gradient is left at each before."""
    figure = Figure(figsize=(6, 3.4), layout="constrained")
    axes = figure.subplots()
    for (name, norms), colour, style in zip(
        gradients.items(), MODEL_COLOURS, MODEL_STYLES, strict=False
    ):
        axes.plot(norms, style, color=colour, label=name)
    axes.set_yscale("log")
    axes.set_xlabel("step of the sequence; the loss is at the last")
    axes.set_ylabel("norm of the gradient")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)


def plot_waves(path: Path, examples: Mapping[str, Tensor]) -> None:
    """Three waves, the true one and what each coupling makes of its parameters: each [3, T]."""
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for number, axes in enumerate(panels):
        for (name, waves), colour, style in zip(
            examples.items(), MODEL_COLOURS, MODEL_STYLES, strict=False
        ):
            axes.plot(waves[number].numpy(), style, color=colour, label=name)
        axes.grid(alpha=0.3)
    panels[0].legend(fontsize=8)
    figure.savefig(path, dpi=120)


def plot_frames(path: Path, frames: Tensor) -> None:
    """[3, T, Y, X]: a row each for the frame, the one after it, and the network's guess."""
    _, steps, height, width = frames.shape
    tiled = frames.permute(0, 2, 1, 3).reshape(3 * height, steps * width).numpy()
    figure = Figure(figsize=(9, 9 * tiled.shape[0] / tiled.shape[1]), layout="constrained")
    axes = figure.subplots()
    axes.imshow(tiled, cmap="gray", vmin=0, vmax=1)
    axes.set_yticks((np.arange(3) + 0.5) * height, ["seen", "next", "guessed"])
    axes.set_xticks([])
    for edge in range(1, 3):
        axes.axhline(edge * height - 0.5, color="white", linewidth=1)
    figure.savefig(path, dpi=120)
