"""What a task came to, against what it had to reach."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Result:
    """`reached` is compared with `bar`; `baseline` is what does without what the task is about.
    All three in `unit`; errors are better when `smaller`, all else when greater."""

    task: str
    network: str
    unit: str
    reached: float
    bar: float
    baseline: float
    without: str
    smaller: bool = False

    @property
    def passed(self) -> bool:
        return self.reached <= self.bar if self.smaller else self.reached >= self.bar


def fit(
    network: nn.Module, steps: int, rate: float, loss: Callable[[int], Tensor], clip: float = 1.0
) -> None:
    """Adam (Kingma & Ba 2015) with a rate that falls to zero along a cosine; the norm of the
    gradient is clipped (Pascanu et al. 2013). `loss` draws a batch for the step it is given."""
    optimiser = torch.optim.Adam(network.parameters(), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    network.train()
    for step in range(steps):
        optimiser.zero_grad()
        loss(step).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), clip)
        optimiser.step()
        schedule.step()
    network.eval()


def table(results: Iterable[Result]) -> str:
    """Markdown."""
    lines = [
        "| task | network | what | reached | bar | baseline | |",
        "| --- | --- | --- | ---: | ---: | --- | --- |",
    ]
    for r in results:
        sign = "≤" if r.smaller else "≥"
        lines.append(
            f"| {r.task} | {r.network} | {r.unit} | {r.reached:.4g} | {sign} {r.bar:.4g} | "
            f"{r.baseline:.4g} ({r.without}) | {'passed' if r.passed else '**missed**'} |"
        )
    return "\n".join(lines)
