"""The next frame of two moving digits, by a convolutional LSTM (Shi et al. 2015, section 4.1).

The digits are real (scikit-learn's `load_digits`, 8 x 8), those of training and test apart. Each
flies straight and bounces off the walls. One frame does not tell which way, two do: the state has
to remember. Baselines are the last frame, and a network that sees it alone.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss

from model.cells import ConvLSTMCell
from model.recurrent import unroll
from training.tasks.result import Result, fit

SIZE, DIGIT, FRAMES, ROWS = 16, 8, 8, 16
CHANNELS = 16


class NextFrame(nn.Module):
    """Frames so far -> logits of the next one, at every step: [B, T, 1, Y, X] -> the same. With
    `remembering` off, the recurrent layer is two convolutions of the frame alone."""

    def __init__(self, remembering: bool) -> None:
        super().__init__()
        self.cell = ConvLSTMCell(1, CHANNELS, 5) if remembering else None
        self.frame = nn.Sequential(
            nn.Conv2d(1, 2 * CHANNELS, 5, padding="same"),
            nn.ReLU(),
            nn.Conv2d(2 * CHANNELS, CHANNELS, 5, padding="same"),
            nn.ReLU(),
        )
        self.head = nn.Sequential(
            nn.Conv2d(CHANNELS, 2 * CHANNELS, 3, padding="same"),
            nn.ReLU(),
            nn.Conv2d(2 * CHANNELS, 2 * CHANNELS, 3, padding="same"),
            nn.ReLU(),
            nn.Conv2d(2 * CHANNELS, 1, 3, padding="same"),
        )

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(0, 1)
        seen = self.frame(flat) if self.cell is None else unroll(self.cell, x)[0].flatten(0, 1)
        logits: Tensor = self.head(seen).view_as(x)
        return logits


def run(seed: int, steps: int) -> tuple[list[Result], Tensor]:
    """Also frames for a picture: [3, T, Y, X], of the last frame, the true next, the network's."""
    glyphs = torch.from_numpy(load_digits().images / 16).float()
    train, test = glyphs[: len(glyphs) * 3 // 4], glyphs[len(glyphs) * 3 // 4 :]
    errors = {}
    torch.manual_seed(seed)
    frames, following = film(test, 256)
    for name, remembering in (("ConvLSTM", True), ("CNN of one frame", False)):
        torch.manual_seed(seed)
        network = NextFrame(remembering)
        fit(network, steps, 1e-2, lambda _, n=network: _loss(n, train))  # type: ignore[misc]
        with torch.no_grad():
            outputs = torch.sigmoid(network(frames))
        errors[name] = _error(outputs, following)
        if remembering:
            picture = torch.stack([v[0, :, 0] for v in (frames, following, outputs)])
    copied = _error(frames, following)
    ours, alone = errors["ConvLSTM"], errors["CNN of one frame"]
    task, unit = "next frame of two digits", "mean squared error"
    return [
        Result(task, "ConvLSTM", unit, ours, alone / 2, alone, "CNN of one frame", smaller=True),
        Result(task, "ConvLSTM", unit, ours, copied / 2, copied, "last frame", smaller=True),
    ], picture


def film(glyphs: Tensor, rows: int) -> tuple[Tensor, Tensor]:
    """Frames and, for each, the one after it: float [B, T, 1, Y, X], 0 black to 1 white."""
    frames = torch.zeros(rows, FRAMES + 1, SIZE, SIZE)
    room = SIZE - DIGIT
    for row in range(rows):
        for _ in range(2):
            glyph = glyphs[int(torch.randint(0, len(glyphs), ()))]
            place = torch.randint(0, 2 * room, (2,)).numpy()
            speed = torch.randint(0, 2, (2,)).numpy() * 2 - 1
            for t in range(FRAMES + 1):
                y, x = bounce(place + t * speed, room)
                window = frames[row, t, y : y + DIGIT, x : x + DIGIT]
                window.copy_(torch.maximum(window, glyph))
    return frames[:, :-1, None], frames[:, 1:, None]


def bounce(place: np.ndarray, room: int) -> list[int]:
    """A point that flies on for ever, reflected into 0..room."""
    folded: list[int] = (room - np.abs(place % (2 * room) - room)).tolist()
    return folded


def _loss(network: NextFrame, glyphs: Tensor) -> Tensor:
    frames, following = film(glyphs, ROWS)
    # Most of a frame is black: against squared error a network would first turn all lights out,
    # and find no slope to come back by.
    return binary_cross_entropy_with_logits(network(frames), following)


def _error(frames: Tensor, following: Tensor) -> float:
    """Of all frames but the first prediction: one frame does not tell which way to go."""
    return float(mse_loss(frames[:, 1:], following[:, 1:]))
