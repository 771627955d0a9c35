"""Reversal of sequences of any length by an encoder-decoder, which also has to say where to end."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from model.encoder_decoder import END, EncoderDecoder
from model.recurrent import step_mask
from training.tasks.result import Result, fit

SYMBOLS, LONGEST = 12, 16
_IGNORED = -100


def run(seed: int, steps: int) -> list[Result]:
    torch.manual_seed(seed)
    network = EncoderDecoder(SYMBOLS, embedding=16, hidden=48, pointer=48)
    fit(network, steps, 5e-3, lambda _: _loss(network))
    ids, lengths, targets = draw(2000)
    pointed = network.run(ids, lengths, LONGEST + 1)
    said, wanted = ids.gather(1, pointed), ids.gather(1, targets.clamp(min=0))
    right = 100 * float((said == wanted).all(1).float().mean())
    # What is there before the network has turned it round.
    copied = (torch.where(targets != _IGNORED, ids.roll(-1, 1), 0) == wanted).all(1)
    same = 100 * float(copied.float().mean())
    name = f"reversal, 1 to {LONGEST} symbols"
    return [Result(name, "encoder-decoder", "% right", right, 99, same, "copied")]


def draw(rows: int) -> tuple[Tensor, Tensor, Tensor]:
    """int64: symbols [B, 1 + LONGEST] with END first; lengths [B], END counted; the positions from
    the last to END, [B, 1 + LONGEST], then ignored."""
    lengths = torch.randint(2, LONGEST + 2, (rows,))
    on = step_mask(lengths, LONGEST + 1)
    ids = torch.randint(1, SYMBOLS, on.shape).masked_fill(~on, END)
    ids[:, 0] = END
    back = lengths[:, None] - 1 - torch.arange(LONGEST + 1)
    return ids, lengths, back.masked_fill(back < 0, _IGNORED)


def _loss(network: EncoderDecoder) -> Tensor:
    ids, lengths, targets = draw(64)
    scores = network(ids, lengths, targets.clamp(min=0))
    return cross_entropy(scores.flatten(0, 1), targets.flatten(), ignore_index=_IGNORED)
