"""Running a sorter: lists in, the order out, one number a step, a batch of lists together.

A step is some sixty operations on small arrays, where calling NumPy costs less than half of calling
torch (docs/log.md); so the decoder's equations stand here a second time, and a test holds both
against each other. It runs on the CPU wherever the classifier runs.

The guard sees to it that a permutation comes out: where the network points at a number that is out
already, it takes the first number, in the order of the input, that is not. It never sorts.

Axes: B lists, N numbers, H width of a decoder row, P width of the pointer; R = B * N rows.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from model.scales import Singles, closeness, places
from model.sorter import TOLD, Numbers, Sorter, compare, tell

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
        half = np.full(4 * network.config.decoder, 0.5, np.float32)
        half.reshape(4, -1)[2] = 1.0
        weights = lstm.state_dict()
        self._came_out = _matrix(weights["weight_ih_l0"])[0] * half
        self._hidden = _matrix(weights["weight_hh_l0"]) * half
        self._bias = _vector(weights["bias_ih_l0"] + weights["bias_hh_l0"]) * half
        self._state, self._state_bias = _matrix(pointer.state.weight), _vector(pointer.state.bias)
        self._query = _matrix(pointer.query.weight)
        self._output = _vector(pointer.output.weight[0])
        self._hop, self._hop_bias = _matrix(network.hop.weight), _vector(network.hop.bias)

    def advance(self, came_out: Indices, state: State) -> State:
        """One step of the LSTM for R rows: hidden and cell, each [R, H]. `came_out` holds the rows
        whose input is one, the others' is zero."""
        hidden, cell = state
        gates = hidden @ self._hidden + self._bias
        gates[came_out] += self._came_out
        gates = np.tanh(gates)
        into, keep, new, out = gates.reshape(len(gates), 4, -1).swapaxes(0, 1)
        cell = 0.5 * ((keep + 1) * cell + (into + 1) * new)
        return 0.5 * (out + 1) * np.tanh(cell), cell

    def prepare(self, hidden_RH: Singles, told_RF: Singles) -> Singles:
        """The pointer before it is told of a proposal, [R, P]."""
        prepared: Singles = hidden_RH @ self._state + told_RF @ self._query + self._state_bias
        return prepared

    def score(self, prepared_RP: Singles) -> Singles:
        """Unnormalised scores [R]."""
        scores: Singles = np.tanh(prepared_RP) @ self._output
        return scores

    def score_again(self, prepared_RP: Singles, compared_RF: Singles) -> Singles:
        """The same once the rows are told of a proposal."""
        return self.score(prepared_RP + compared_RF @ self._hop + self._hop_bias)


class Decoder:
    """One run over one batch.

    What depends on two numbers alone is computed for all pairs at once: 60 bytes a pair.
    """

    def __init__(self, stepper: Stepper, numbers: Numbers, parts: Parts = ALL_PARTS) -> None:
        self._stepper, self._numbers, self._parts = stepper, numbers, parts
        x_BN = numbers.x_BN
        self._lists = np.arange(len(x_BN))
        self._first_B = self._lists * x_BN.shape[1]  # of each list among all rows
        self._delta_BNN = x_BN[:, None, :] - x_BN[:, :, None]  # [., i, j]: from number i to j
        distance_BNN = np.abs(self._delta_BNN) / numbers.span_B1[:, :, None] * parts.values
        self._told = tell(distance_BNN, np.eye(x_BN.shape[1], dtype=np.bool_))
        self._places = places(x_BN.shape[1])
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
        """Every row's hidden and cell, [R, H], as the encoder leaves them."""
        with torch.inference_mode():
            hidden, cell = self._stepper.network.encode(self._numbers)
        keep = np.float32(self._parts.encoder)
        return hidden.flatten(0, 1).numpy() * keep, cell.flatten(0, 1).numpy() * keep

    def _step(self, state: State, last_B: Indices | None) -> tuple[State, Singles, Indices]:
        """Advance, then point until the choice stands: state, scores [B, N], choice [B]."""
        stepper = self._stepper
        if last_B is None:
            told = np.zeros((len(state[0]), TOLD), np.float32)
        else:
            told = self._told[self._lists, last_B].reshape(-1, TOLD)
            if not self._parts.memory:
                state = np.zeros_like(state[0]), np.zeros_like(state[1])
            state = stepper.advance(self._first_B + last_B, state)
        scores_BN, choice_B = self._point(stepper.prepare(state[0], told), last_B)
        return state, scores_BN, choice_B

    def _point(self, prepared_RP: Singles, last_B: Indices | None) -> tuple[Singles, Indices]:
        """Point until the choice stands: the scores it stands on [B, N], and the choice [B].

        Of two that take turns, each winning when the other is proposed, the one stays that wins by
        more.
        """
        stepper, lists = self._stepper, self._lists
        scores_BN = self._mask(stepper.score(prepared_RP))
        choice_B = scores_BN.argmax(1)
        before_B, gain_B = choice_B, np.full(len(lists), -np.inf, np.float32)
        for _ in range(stepper.network.config.hops):
            scores_BN = self._mask(
                stepper.score_again(prepared_RP, self._compare(last_B, choice_B))
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
        """What every row hears of the proposal; [R, COMPARED]."""
        behind_BN = self._places[proposal_B] * self._parts.values
        if last_B is None or not self._parts.values:
            closer_BN = np.zeros_like(self._numbers.x_BN)
        else:
            from_last_BN = self._delta_BNN[self._lists, last_B]
            proposed_B1 = from_last_BN[self._lists, proposal_B][:, None]
            from_proposal_BN = self._delta_BNN[self._lists, proposal_B]
            closer_BN = closeness(from_last_BN, proposed_B1, from_proposal_BN)
        compared = compare(closer_BN, behind_BN)
        return compared.reshape(-1, compared.shape[-1])

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


def _matrix(weight: Tensor) -> Singles:
    """[out, in] -> [in, out]."""
    return np.ascontiguousarray(_vector(weight).T)


def _vector(weight: Tensor) -> Singles:
    array: Singles = weight.detach().cpu().numpy()
    return array


def _softmax(scores_BN: Singles) -> Singles:
    weights = np.exp(scores_BN - scores_BN.max(1, keepdims=True))
    share: Singles = weights / weights.sum(1, keepdims=True)
    return share
