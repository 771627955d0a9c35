"""Running a sorter: lists in, the order out, one number a step, a batch of lists together.

A step is some sixty operations on small arrays, where calling NumPy costs less than half of calling
torch (docs/log.md); so the decoder's equations stand here a second time, and a test holds both
against each other. It runs on the CPU wherever the classifier runs.

The guard sees to it that a permutation comes out: where the network points at a number that is out
already, it takes the first number, in the order of the input, that is not. It never sorts.

Axes: B lists, N numbers, F features, H width of a decoder row, P width of the pointer; R = B * N
rows, which come last: NumPy is fastest along them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from model.scales import Doubles, Singles, closeness, places
from model.sorter import COMPARED, TOLD, Numbers, Sorter, compare, tell

Indices = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
State = tuple[Singles, Singles]


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts of a sorter work; an ablation switches one off.

    `encoder`: its states begin the decoder's; without, zeros do. `memory`: the decoder's state is
    carried from step to step; without, it is zero at every step but the first. `values`:
    differences of numbers reach the decoder. `guard`: nothing comes out twice.
    """

    encoder: bool = True
    memory: bool = True
    values: bool = True
    guard: bool = True


ALL_PARTS = Parts()


@dataclass(frozen=True, slots=True)
class Decoded:
    """`order` [B, N]: the input index emitted at each step, meaningless past a list's length.
    `guarded` [B]: whether the guard was needed (without one: would have been). `attention`
    [B, N steps, N], if asked for: softmax of the scores that each step was decided on."""

    order: Indices
    guarded: Bools
    attention: Singles | None


class Stepper:
    """The decoder's and the pointer's equations on a network's weights, read once."""

    def __init__(self, network: Sorter) -> None:
        self.network = network
        lstm, pointer = network.decoder, network.pointer
        # torch's gates are input, forget, cell, output; sigmoid(z) = tanh(z / 2) / 2 + 1 / 2, so
        # that one call of tanh serves all four.
        half = np.full((4 * network.config.decoder, 1), 0.5, np.float32)
        half.reshape(4, -1)[2] = 1.0
        weights = lstm.state_dict()
        self._came_out = _array(weights["weight_ih_l0"]) * half
        self._hidden = _array(weights["weight_hh_l0"]) * half
        self._bias = _column(weights["bias_ih_l0"] + weights["bias_hh_l0"]) * half
        self._state, self._state_bias = _array(pointer.state.weight), _column(pointer.state.bias)
        self._query = _array(pointer.query.weight)
        self._output = _array(pointer.output.weight[0])
        self._hop, self._hop_bias = _array(network.hop.weight), _column(network.hop.bias)

    def advance(self, came_out: Indices, state: State) -> State:
        """One step of the LSTM for R rows: hidden and cell, each [H, R]. `came_out` holds the rows
        whose input is one, the others' is zero."""
        hidden, cell = state
        gates = self._hidden @ hidden + self._bias
        gates[:, came_out] += self._came_out
        np.tanh(gates, out=gates)
        into, keep, new, out = gates.reshape(4, -1, gates.shape[1])
        cell = ((keep + 1) * cell + (into + 1) * new) / 2
        return (out + 1) * np.tanh(cell) / 2, cell

    def prepare(self, hidden_HR: Singles, told_FR: Singles) -> Singles:
        """The pointer before it is told of a proposal, [P, R]."""
        prepared: Singles = self._state @ hidden_HR
        prepared += self._query @ told_FR
        prepared += self._state_bias
        return prepared

    def score(self, prepared_PR: Singles) -> Singles:
        """Unnormalised scores [R]."""
        scores: Singles = self._output @ np.tanh(prepared_PR)
        return scores

    def score_again(self, prepared_PR: Singles, compared_FR: Singles) -> Singles:
        """The same once the rows are told of a proposal."""
        heard = self._hop @ compared_FR
        heard += self._hop_bias
        heard += prepared_PR
        return self.score(heard)


class Decoder:
    """One run over one batch."""

    def __init__(self, stepper: Stepper, numbers: Numbers, parts: Parts = ALL_PARTS) -> None:
        self._stepper, self._numbers, self._parts = stepper, numbers, parts
        x_BN = numbers.x_BN
        self._lists, self._index = np.arange(len(x_BN)), np.arange(x_BN.shape[1])
        self._first_B = self._lists * x_BN.shape[1]  # of each list among all rows
        self._out_BN = ~numbers.mask_BN  # what may not come (again)
        self._padded = bool(self._out_BN.any())

    def run(self, attention: bool = False) -> Decoded:
        """All steps of the longest list."""
        steps = self._numbers.x_BN.shape[1]
        order = np.empty((len(self._lists), steps), np.int64)
        guarded = np.empty(order.shape, np.bool_)
        maps = np.empty((*order.shape, steps), np.float32) if attention else None
        state, last_B = self._begin(), None
        for step in range(steps):
            state, scores_BN, choice_B = self._step(state, last_B)
            last_B, guarded[:, step] = self._guard(choice_B)
            order[:, step] = last_B
            if maps is not None:
                maps[:, step] = _softmax(scores_BN)
        guarded_B: Bools = np.any(guarded & self._numbers.mask_BN, axis=1)
        return Decoded(order, guarded_B, maps)

    def _begin(self) -> State:
        """Every row's hidden and cell, [H, R], as the encoder leaves them."""
        with torch.inference_mode():
            hidden, cell = self._stepper.network.encode(self._numbers)
        keep = np.float32(self._parts.encoder)
        return hidden.flatten(0, 1).numpy().T * keep, cell.flatten(0, 1).numpy().T * keep

    def _step(self, state: State, last_B: Indices | None) -> tuple[State, Singles, Indices]:
        """Advance, then point until the choice stands: state, scores [B, N], choice [B]."""
        stepper = self._stepper
        if last_B is None:
            told = np.zeros((TOLD, self._out_BN.size), np.float32)
        else:
            told = self._tell(last_B)
            if not self._parts.memory:
                state = np.zeros_like(state[0]), np.zeros_like(state[1])
            state = stepper.advance(self._first_B + last_B, state)
        scores_BN, choice_B = self._point(stepper.prepare(state[0], told), last_B)
        return state, scores_BN, choice_B

    def _tell(self, last_B: Indices) -> Singles:
        """What the pointer is told of every row, [TOLD, R]."""
        distance_BN = np.abs(self._from(last_B)) / self._numbers.span_B1 * self._parts.values
        return tell(distance_BN, self._index == last_B[:, None]).reshape(TOLD, -1)

    def _point(self, prepared_PR: Singles, last_B: Indices | None) -> tuple[Singles, Indices]:
        """Point until the choice stands: the scores it stands on [B, N], and the choice [B].

        Of two that take turns, each winning when the other is proposed, the one stays that wins by
        more.
        """
        stepper, lists = self._stepper, self._lists
        scores_BN = self._mask(stepper.score(prepared_PR))
        choice_B = scores_BN.argmax(1)
        before_B, gain_B = choice_B, np.full(len(lists), -np.inf, np.float32)
        for _ in range(stepper.network.config.hops):
            scores_BN = self._mask(
                stepper.score_again(prepared_PR, self._compare(last_B, choice_B))
            )
            proposal_B, choice_B = choice_B, scores_BN.argmax(1)
            if (choice_B == proposal_B).all():
                break
            won_B, gain_B = gain_B, scores_BN[lists, choice_B] - scores_BN[lists, proposal_B]
            choice_B = np.where((choice_B == before_B) & (gain_B < won_B), proposal_B, choice_B)
            before_B = proposal_B
            if (choice_B == proposal_B).all():
                break
        return scores_BN, choice_B

    def _compare(self, last_B: Indices | None, proposal_B: Indices) -> Singles:
        """What every row hears of the proposal; [COMPARED, R]."""
        behind_BN = self._index - proposal_B[:, None]
        if last_B is None or not self._parts.values:
            closer_BN = np.zeros_like(self._numbers.x_BN)
        else:
            from_last_BN = self._from(last_B)
            proposed_B1 = from_last_BN[self._lists, proposal_B][:, None]
            closer_BN = closeness(from_last_BN, proposed_B1, self._from(proposal_B))
        compared = compare(closer_BN, places(behind_BN) * np.float32(self._parts.values))
        return compared.reshape(COMPARED, -1)

    def _from(self, index_B: Indices) -> Doubles:
        """How far every number lies above one of its list, [B, N]."""
        above: Doubles = self._numbers.x_BN - self._numbers.x_BN[self._lists, index_B][:, None]
        return above

    def _mask(self, scores_R: Singles) -> Singles:
        """Padding is never pointed at; [B, N]."""
        scores_BN = scores_R.reshape(self._out_BN.shape)
        if self._padded:
            scores_BN[~self._numbers.mask_BN] = -np.inf
        return scores_BN

    def _guard(self, choice_B: Indices) -> tuple[Indices, Bools]:
        """What to emit, and for which lists the choice was out already."""
        again_B = self._out_BN[self._lists, choice_B]
        if self._parts.guard and again_B.any():
            choice_B = np.where(again_B, self._out_BN.argmin(1), choice_B)
        self._out_BN[self._lists, choice_B] = True
        return choice_B, again_B


def _array(weight: Tensor) -> Singles:
    array: Singles = weight.detach().cpu().numpy()
    return array


def _column(bias: Tensor) -> Singles:
    """[P] -> [P, 1]."""
    return _array(bias)[:, None]


def _softmax(scores_BN: Singles) -> Singles:
    weights = np.exp(scores_BN - scores_BN.max(1, keepdims=True))
    share: Singles = weights / weights.sum(1, keepdims=True)
    return share
