"""The loss of a sorter under teacher forcing (Williams & Zipser 1989): all steps of a list at once.

What was emitted before each step is the right order, so the decoder's rows run over all steps in
one call. Each step points twice, as in decoding: without a proposal, and told of one. Proposals
are the network's own choice, a number that comes a little later, or any; so it learns to leave
wrong ones.

Axes: B lists, T steps, N numbers (T = N), H width of a row, P width of the pointer.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from model.decoding import Indices
from model.scales import Doubles, closeness, places
from model.sorter import TOLD, Numbers, Sorter, compare, tell


def stable_order(numbers: Numbers) -> Indices:
    """[B, N]: the index of each list's numbers from the least up, equal ones as they stand; the
    padding comes last."""
    return np.argsort(np.where(numbers.mask_BN, numbers.x_BN, np.inf), axis=1, kind="stable")


def sorting_loss(
    network: Sorter, numbers: Numbers, random: np.random.Generator
) -> tuple[Tensor, float]:
    """The mean over both ways to point of the cross-entropy a step, and the share of the real steps
    at which the second was wrong."""
    order_BT = stable_order(numbers)
    prepared_BTNP = prepare_all(network, numbers, order_BT)
    first_BTN = _masked(network.pointer.score(prepared_BTNP), numbers)
    proposal_BT = _propose(first_BTN.detach().numpy().argmax(2), order_BT, numbers, random)
    second_BTN = _masked(hear_all(network, numbers, order_BT, proposal_BT, prepared_BTNP), numbers)
    real_BT = torch.from_numpy(numbers.mask_BN)
    target = torch.from_numpy(order_BT)[real_BT]
    first, second = first_BTN[real_BT], second_BTN[real_BT]
    loss = (cross_entropy(first, target) + cross_entropy(second, target)) / 2
    return loss, float((second.detach().argmax(1) != target).float().mean())


def prepare_all(network: Sorter, numbers: Numbers, order_BT: Indices) -> Tensor:
    """The pointer at every step before it is told of a proposal, [B, T, N, P]."""
    x_B1N, last_BT1 = numbers.x_BN[:, None], _last(numbers, order_BT)
    told_BTNF = np.zeros((*order_BT.shape, order_BT.shape[1], TOLD), np.float32)
    pointed_BTN = np.arange(order_BT.shape[1]) == order_BT[:, :-1, None]
    distance_BTN = np.abs(x_B1N - last_BT1) / numbers.span_B1[:, None]
    told_BTNF[:, 1:] = tell(distance_BTN, pointed_BTN)
    told = torch.from_numpy(told_BTNF)
    return network.pointer.prepare(_states(network, numbers, told), told)


def _states(network: Sorter, numbers: Numbers, told_BTNF: Tensor) -> Tensor:
    """The rows' hidden states at every step, [B, T, N, H]; the first is the encoder's."""
    hidden_BNH, cell_BNH = network.encode(numbers)
    if told_BTNF.shape[1] == 1:
        return hidden_BNH[:, None]
    first = (hidden_BNH.flatten(0, 1)[None], cell_BNH.flatten(0, 1)[None])
    later_RTH, _ = network.decoder(told_BTNF[:, 1:].transpose(1, 2).flatten(0, 1), first)
    later_BTNH = later_RTH.unflatten(0, hidden_BNH.shape[:2]).transpose(1, 2)
    return torch.cat([hidden_BNH[:, None], later_BTNH], 1)


def hear_all(
    network: Sorter,
    numbers: Numbers,
    order_BT: Indices,
    proposal_BT: Indices,
    prepared_BTNP: Tensor,
) -> Tensor:
    """The scores of every step once it is told of its proposal, [B, T, N]."""
    x_B1N, last_BT1 = numbers.x_BN[:, None], _last(numbers, order_BT)
    proposed_BT1 = np.take_along_axis(numbers.x_BN, proposal_BT, 1)[:, 1:, None]
    closer_BTN = np.zeros(prepared_BTNP.shape[:3])
    closer_BTN[:, 1:] = closeness(x_B1N - last_BT1, proposed_BT1 - last_BT1, x_B1N - proposed_BT1)
    behind_BTN = places(order_BT.shape[1])[proposal_BT]
    compared = torch.from_numpy(compare(closer_BTN, behind_BTN))
    return network.pointer.score(prepared_BTNP + network.hop(compared))


def _last(numbers: Numbers, order_BT: Indices) -> Doubles:
    """The number emitted before each step but the first, [B, T - 1, 1]."""
    last: Doubles = np.take_along_axis(numbers.x_BN, order_BT, 1)[:, :-1, None]
    return last


def _propose(
    own_BT: Indices, order_BT: Indices, numbers: Numbers, random: np.random.Generator
) -> Indices:
    """The network's own choice, one of the next few numbers, or any number of the list."""
    last_B1 = numbers.lengths[:, None] - 1
    ahead_BT = (random.random(own_BT.shape) ** 4 * (last_B1 + 1)).astype(np.int64)
    soon_BT = np.minimum(np.arange(own_BT.shape[1]) + ahead_BT, last_B1)
    any_BT = (random.random(own_BT.shape) * (last_B1 + 1)).astype(np.int64)
    which_BT = random.random(own_BT.shape)
    step_BT = np.where(which_BT < 0.8, soon_BT, any_BT)
    return np.where(which_BT < 0.4, own_BT, np.take_along_axis(order_BT, step_BT, 1))


def _masked(scores_BTN: Tensor, numbers: Numbers) -> Tensor:
    return scores_BTN.masked_fill(~torch.from_numpy(numbers.mask_BN)[:, None], -1e9)
