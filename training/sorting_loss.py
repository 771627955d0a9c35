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
from torch.nn.functional import cross_entropy, one_hot

from model.decoding import Bools, Indices
from model.scales import Doubles, closeness, places
from model.sorter import TOLD, Numbers, Sorter, compare, tell

_FIRST = 0.3  # weight of the first look
# Added to the states that the encoder hands over, so that they speak up: whispers of where in the
# input a number stands must not tip a choice.
_NOISE = 1.0
_MARGIN = 5.0  # of scores that are tens and hundreds apart


def stable_order(numbers: Numbers) -> Indices:
    """[B, N]: the index of each list's numbers from the least up, equal ones as they stand; the
    padding comes last."""
    return np.argsort(np.where(numbers.mask_BN, numbers.x_BN, np.inf), axis=1, kind="stable")


def sorting_loss(
    network: Sorter, numbers: Numbers, random: np.random.Generator
) -> tuple[Tensor, float]:
    """The cross-entropy a step of both ways to point, and the share of the real steps at which the
    second was wrong. That one decides what comes out, so it weighs more and has to be right by a
    margin."""
    order_BT = stable_order(numbers)
    prepared_BTNP = prepare_all(network, numbers, order_BT, _NOISE)
    first_BTN = _masked(network.pointer.score(prepared_BTNP), numbers)
    proposal_BT = _propose(first_BTN.detach().numpy().argmax(2), order_BT, numbers, random)
    second_BTN = _masked(hear_all(network, numbers, order_BT, proposal_BT, prepared_BTNP), numbers)
    real_BT = torch.from_numpy(numbers.mask_BN)
    target = torch.from_numpy(order_BT)[real_BT]
    alike = torch.from_numpy(_alike(numbers, order_BT))[real_BT]
    first, second = first_BTN[real_BT], second_BTN[real_BT]
    wrong = float((second.detach().argmax(1) != target).float().mean())
    second = second - _MARGIN * one_hot(target, second.shape[1])
    return _FIRST * _loss_of_any(first, alike) + cross_entropy(second, target), wrong


def _alike(numbers: Numbers, order_BT: Indices) -> Bools:
    """[B, T, N]: which numbers that are not out yet are equal to the one that comes."""
    steps = order_BT.shape[1]
    wanted_BT1 = np.take_along_axis(numbers.x_BN, order_BT, 1)[..., None]
    left_BTN = np.argsort(order_BT, axis=1)[:, None] >= np.arange(steps)[:, None]
    alike: Bools = (numbers.x_BN[:, None] == wanted_BT1) & left_BTN
    return alike


def _loss_of_any(scores: Tensor, right: Tensor) -> Tensor:
    """-log of the share that all right numbers have together. Which of equal numbers is next their
    places tell, at the second look. Asked at the first, the rows would carry their places in their
    states, and some would win by that over nearer ones."""
    of_right = scores.masked_fill(~right, -torch.inf).logsumexp(1)
    return (scores.logsumexp(1) - of_right).mean()


def prepare_all(network: Sorter, numbers: Numbers, order_BT: Indices, noise: float = 0.0) -> Tensor:
    """The pointer at every step before it is told of a proposal, [B, T, N, P]."""
    x_B1N, last_BT1 = numbers.x_BN[:, None], _last(numbers, order_BT)
    told_FBTN = np.zeros((TOLD, *order_BT.shape, order_BT.shape[1]), np.float32)
    pointed_BTN: Bools = np.arange(order_BT.shape[1]) == order_BT[:, :-1, None]
    distance_BTN = np.abs(x_B1N - last_BT1) / numbers.span_B1[:, None]
    told_FBTN[:, :, 1:] = tell(distance_BTN, pointed_BTN)
    states_BTNH = _states(network, numbers, pointed_BTN, noise)
    return network.pointer.prepare(states_BTNH, torch.from_numpy(told_FBTN).movedim(0, 3))


def _states(network: Sorter, numbers: Numbers, pointed_BTN: Bools, noise: float) -> Tensor:
    """The rows' hidden states at every step, [B, T, N, H]; the first is noise on the encoder's."""
    hidden_BNH, cell_BNH = (s + noise * torch.randn_like(s) for s in network.encode(numbers))
    if not pointed_BTN.size:
        return hidden_BNH[:, None]
    first = (hidden_BNH.flatten(0, 1)[None], cell_BNH.flatten(0, 1)[None])
    came_out_BTN = torch.from_numpy(pointed_BTN).float()
    later_RTH, _ = network.decoder(came_out_BTN.transpose(1, 2).flatten(0, 1)[..., None], first)
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
    behind_BTN = np.arange(order_BT.shape[1]) - proposal_BT[..., None]
    compared_FBTN = compare(closer_BTN, places(behind_BTN))
    return network.point_again(prepared_BTNP, torch.from_numpy(compared_FBTN).movedim(0, 3))


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
