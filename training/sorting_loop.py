"""Train one sorter: fresh lists at every step, nothing is seen twice, so nothing needs validation
while it runs. Minutes on one core; a run that is cut off begins anew."""

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from model.sorter import Numbers, Sorter, collate
from training.number_lists import training_list
from training.sorting_config import SortingOptimiser, SortingRun
from training.sorting_loss import sorting_loss

_LEAST_ROWS, _MOST_ROWS = 8, 64
_WINDOW = 500  # steps between lines of progress


def train_sorter(config: SortingRun) -> Sorter:
    """A trained network, in eval mode; the same seed on the same machine gives the same one."""
    torch.manual_seed(config.seed)
    random = np.random.default_rng(config.seed)
    network, wanted = Sorter(config.network), config.optimiser
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=wanted.learning_rate, betas=(0.9, 0.98), weight_decay=0.0
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, wanted.learning_rate, wanted.steps, pct_start=wanted.warm_up
    )
    window: list[tuple[float, float]] = []
    for step in tqdm(range(wanted.steps), config.name, mininterval=10):
        loss, wrong = sorting_loss(network, draw_batch(random, wanted, step), random)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), wanted.clip)
        optimiser.step()
        schedule.step()
        window.append((float(loss.detach()), wrong))
        if (step + 1) % _WINDOW == 0:
            _say(step + 1, window)
            window.clear()
    return network.eval()


def draw_batch(random: np.random.Generator, config: SortingOptimiser, step: int) -> Numbers:
    """Lists of lengths between half the longest and the longest, which is drawn first."""
    most = config.short if step < config.short_steps else config.longest
    longest = int(random.integers(2, most + 1))
    rows = min(_MOST_ROWS, max(_LEAST_ROWS, config.numbers_per_batch // longest))
    lengths = random.integers((longest + 1) // 2, longest + 1, rows)
    return collate([training_list(random, int(length)) for length in lengths])


def _say(step: int, window: list[tuple[float, float]]) -> None:
    loss, wrong = np.mean(window, axis=0)
    tqdm.write(f"step {step}: loss {loss:.4f}, wrong choices after a proposal {wrong:.4%}")
