"""The network in service on a CPU: the sums of model.classifier.Classifier, compiled.

Around the recurrence of a message stand dozens of operations on small tensors, each of which costs
more than its arithmetic; and half of the recurrence's own arithmetic, the product of a word's
embedding and the input weights, is the same wherever the word stands, so that it is done once, when
the network is loaded. Here the weights are laid out for model/native/deep.c and wide.c, which say
in what order.

Axes: B messages, E embedding width, H hidden width, D = 2H, A attention width, V vocabulary; H is
filled up with zeros to a multiple of 16, A to one of 64.
"""

import ctypes
from array import array
from collections.abc import Sequence
from operator import add

import numpy as np
import numpy.typing as npt
from torch import Tensor

from model.classifier import Classifier
from model.native import Messages, Network, Wide, address, check, start
from model.recurrent import BidirectionalLSTM
from model.tokenizer import Encoded
from model.wide import KEY_BITS, WidePath

Floats = npt.NDArray[np.float32]

_UNITS = 16
_BLOCK = 4 * _UNITS
_STARTS = 18  # bits: with some 2^18 features a start leads to one of them, or to none


class Reader:
    """A classifier whose encoder is a bidirectional LSTM. Keeps the embeddings of its network, and
    a copy of all else; what words say to the gates is kept in sixteen bits. `lanes`, 4, 8 or 16:
    computes in vectors of so many floats, by default the longest that the processor has."""

    def __init__(self, network: Classifier, library: ctypes.CDLL, lanes: int | None = None) -> None:
        self._library = library
        self._bias = network.output.bias.item()
        self._kept, said_scale = _laid_out(network)
        sizes = network.config
        self._network = Network(
            vocabulary=sizes.vocabulary,
            buckets=sizes.buckets,
            embedding=sizes.embedding,
            hidden=_up(sizes.hidden, _UNITS),
            attention=_up(sizes.attention, _BLOCK),
            lanes=lanes or library.hamlet_lanes(),
            said_scale=said_scale,
            output_bias=self._bias,
            **{
                name: address(kept, np.int16 if name == "said" else np.float32)
                for name, kept in self._kept.items()
            },
        )
        self._wide = None if network.wide is None else WideReader(network.wide, library)

    def logits(self, messages: Sequence[Encoded]) -> list[float]:
        """Of B messages: what Classifier.forward gives."""
        deep = self.deep(messages)
        if self._wide is None:
            return deep
        wide = self._wide.add_up([message.hashes for message in messages])
        return list(map(add, deep, wide))

    def deep(self, messages: Sequence[Encoded]) -> list[float]:
        """Of B messages: what Classifier.deep gives. Raises ValueError for an id that the network
        does not have."""
        # Side by side are read those of like length. Arrays of the standard library: for a few
        # messages a call of NumPy costs more than its work.
        order = sorted(range(len(messages)), key=lambda index: -len(messages[index]))
        lengths, ids, firsts, ends, grams = (array("i") for _ in range(5))
        for index in order:
            message = messages[index]
            lengths.append(len(message) or 1)
            ids.extend(message.ids or (0,))  # one without words is a word of padding
            firsts.append(len(ends))
            for buckets in message.unknown:
                grams.extend(buckets)
                ends.append(len(grams))
        found = array("f", bytes(4 * len(messages)))
        read = Messages(
            count=len(messages),
            lengths=start(lengths),
            ids=start(ids),
            firsts=start(firsts),
            unknowns=len(ends),
            ends=start(ends),
            grams=start(grams),
        )
        check(self._library.hamlet_deep(self._network, read, start(found)))
        logits = [self._bias] * len(messages)
        for index, logit in zip(order, found, strict=True):
            if len(messages[index]):
                logits[index] = logit
        return logits


class WideReader:
    """A wide path; finds a feature by the first bits of its key."""

    def __init__(self, path: WidePath, library: ctypes.CDLL) -> None:
        self._library = library
        keys = path.keys.numpy()
        bits = KEY_BITS - _STARTS
        starts = np.searchsorted(keys, np.arange(2**_STARTS + 1, dtype=np.int64) << bits)
        self._kept = (keys, starts.astype(np.int32), path.weight.detach().numpy())
        self._path = Wide(
            features=len(keys),
            bits=bits,
            keys=address(self._kept[0], np.int32),
            starts=address(self._kept[1], np.int32),
            weights=address(self._kept[2], np.float32),
            bias=path.bias.item(),
        )

    def add_up(self, messages: Sequence[Sequence[int]]) -> list[float]:
        """Hashes, none of them 0, of B messages: what WidePath.forward gives."""
        lengths, hashes = array("i", map(len, messages)), array("I")
        for message in messages:
            hashes.extend(message)
        sums = array("d", bytes(8 * len(messages)))
        check(
            self._library.hamlet_wide(
                self._path, len(messages), start(lengths), start(hashes), start(sums)
            )
        )
        return sums.tolist()


def _up(size: int, grain: int) -> int:
    return -(-size // grain) * grain


def _laid_out(network: Classifier) -> tuple[dict[str, npt.NDArray[np.generic]], float]:
    """The arrays of `struct network`, by their names, and its `said_scale`."""
    assert isinstance(network.encoder, BidirectionalLSTM)
    hidden, attention = network.config.hidden, network.config.attention
    encoder = network.encoder
    lstms = [lstm.state_dict() for lstm in (encoder.forward_lstm, encoder.backward_lstm)]
    words = _array(network.words.weight)
    inputs = [_gates(lstm["weight_ih_l0"], hidden) for lstm in lstms]
    biases = [_gates(lstm["bias_ih_l0"] + lstm["bias_hh_l0"], hidden) for lstm in lstms]
    recurrent = [
        _filled(_gates(lstm["weight_hh_l0"], hidden), 1, [hidden], _UNITS) for lstm in lstms
    ]
    said = words @ np.concatenate(inputs).T + np.concatenate(biases)
    said_scale = max(float(np.abs(said).max()), 1e-6) / np.iinfo(np.int16).max
    project = _filled(_array(network.attention.project.weight), 1, [hidden] * 2, _UNITS)
    output = _array(network.output.weight)[0]
    states = [hidden] * 6  # three poolings of both directions
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "words": words,
        "grams": _array(network.grams.weight),
        "said": np.rint(said / said_scale).astype(np.int16),
        "input": np.concatenate([_blocks(gates) for gates in inputs]),
        "bias": np.concatenate(biases),
        "recurrent": np.concatenate([_blocks(matrix) for matrix in recurrent]),
        "project": _blocks(_filled(project, 0, [attention], _BLOCK)),
        "shift": _filled(_array(network.attention.project.bias), 0, [attention], _BLOCK),
        "query": _filled(_array(network.attention.query.weight)[0], 0, [attention], _BLOCK),
        "output": np.concatenate(
            [
                _filled(output[: sum(states)], 0, states, _UNITS),
                output[sum(states) :],
            ]
        ),
    }
    return arrays, said_scale


def _array(parameter: Tensor) -> Floats:
    array: Floats = np.ascontiguousarray(parameter.detach().numpy(), np.float32)
    return array


def _filled(array: Floats, axis: int, parts: Sequence[int], grain: int) -> Floats:
    """Zeros behind each of the parts that lie along the axis, up to a multiple of `grain`."""
    pieces = np.split(array, np.cumsum(parts)[:-1], axis)
    pad = [(0, 0)] * array.ndim
    filled = []
    for piece in pieces:
        pad[axis] = (0, _up(piece.shape[axis], grain) - piece.shape[axis])
        filled.append(np.pad(piece, pad))
    return np.ascontiguousarray(np.concatenate(filled, axis))


def _gates(parameter: Tensor, hidden: int) -> Floats:
    """[4H, ...] as torch has it, i, f, g and o one after the other -> [H/16, i f g o, 16, ...], and
    all but g, which are sigmoids, half as large."""
    rows = _filled(_array(parameter), 0, [hidden] * 4, _UNITS)
    rest = rows.shape[1:]
    gates = rows.reshape(4, -1, _UNITS, *rest)
    gates = gates * np.array([0.5, 0.5, 1.0, 0.5], np.float32).reshape(4, *[1] * (gates.ndim - 1))
    return np.ascontiguousarray(gates.swapaxes(0, 1)).reshape(-1, *rest)


def _blocks(weights: Floats) -> Floats:
    """[outputs, inputs] -> [outputs/64, inputs, 64]."""
    blocks = weights.reshape(-1, _BLOCK, weights.shape[1])
    return np.ascontiguousarray(blocks.swapaxes(1, 2))
