"""The network in service on a CPU: the sums of model.classifier.Classifier, without its padding.

Around the two LSTMs of a message stand dozens of operations on small tensors, each of which costs
more than its arithmetic. Here messages lie one behind the other, unpadded but for the LSTMs, and
what is pooled is pooled by NumPy, whose calls are cheaper and whose tanh is several times faster.

Axes: B messages, N words of all of them, T steps, E embedding width, H hidden width, D = 2H.
"""

import copy
from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from model.classifier import Classifier
from model.passes import shape
from model.recurrent import BidirectionalLSTM
from model.tokenizer import Encoded
from model.wide import WideTable

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


class Reader:
    """A classifier whose recurrence is the library's bidirectional LSTM, which reads in bfloat16 if
    `half`. All else stays in float32: of small products in bfloat16 the CPU's library keeps kernels
    for each shape."""

    def __init__(self, network: Classifier, *, half: bool) -> None:
        assert isinstance(network.encoder, BidirectionalLSTM)
        self._vocabulary = network.config.vocabulary
        self._hidden = network.config.hidden
        self._words = network.words.weight.detach().numpy()
        self._grams = network.grams.weight.detach()
        self._dtype = torch.bfloat16 if half else torch.float32
        lstms = (network.encoder.forward_lstm, network.encoder.backward_lstm)
        self._ahead, self._back = (copy.deepcopy(lstm).to(self._dtype) for lstm in lstms)
        for lstm in (self._ahead, self._back):
            lstm.batch_first = False  # as the library computes: else it copies
        self._project = network.attention.project.weight.detach().numpy().T
        self._shift = network.attention.project.bias.detach().numpy()
        self._query = network.attention.query.weight.detach().numpy()[0]
        self._output = network.output.weight.detach().numpy()[0]
        self._bias = network.output.bias.item()
        self._wide = None if network.wide is None else WideTable(network.wide)

    def logits(self, messages: Sequence[Encoded]) -> npt.NDArray[np.float64]:
        """float64 [B] of one pass: what Classifier.forward gives."""
        deep = self.deep(messages).astype(np.float64)
        if self._wide is None:
            return deep
        return deep + self._wide.add_up([message.hashes for message in messages])

    @torch.inference_mode()
    def deep(self, messages: Sequence[Encoded]) -> Floats:
        """float32 [B]: what Classifier.deep gives."""
        counts = np.array([max(1, len(message)) for message in messages])
        x_NE = self._embed(messages, counts)
        h_ND = self._recur(x_NE, counts)
        z_NZ = np.concatenate([h_ND, x_NE], 1)
        score_N = np.tanh(h_ND @ self._project + self._shift) @ self._query
        pooled = np.stack(
            [
                _pool(z_NZ[end - count : end], score_N[end - count : end], h_ND.shape[1])
                for count, end in zip(counts.tolist(), counts.cumsum().tolist(), strict=True)
            ]
        )
        pooled[[not len(message) for message in messages]] = 0
        logits: Floats = pooled @ self._output + self._bias
        return logits

    def _embed(self, messages: Sequence[Encoded], counts: Integers) -> Floats:
        """[N, E]; a message without words is a word of padding."""
        ids = chain.from_iterable(message.ids or (0,) for message in messages)
        id_N = np.fromiter(ids, np.int64, int(counts.sum()))
        unknown = [buckets for message in messages for buckets in message.unknown]
        if not unknown:
            return self._words.take(id_N, 0)
        x_NE = self._words.take(id_N, 0, mode="clip")
        (strange,) = (id_N >= self._vocabulary).nonzero()
        # Each message numbers its own from `vocabulary` on.
        before = np.cumsum([0, *(len(message.unknown) for message in messages[:-1])])
        number = id_N[strange] - self._vocabulary + before.repeat(counts)[strange]
        x_NE[strange] = self._mean_grams(unknown)[number]
        return x_NE

    def _mean_grams(self, unknown: Sequence[tuple[int, ...]]) -> Floats:
        """[words, E]: of each word outside the vocabulary the mean of its n-grams."""
        ends = np.cumsum([0, *map(len, unknown)])
        grams = torch.from_numpy(np.fromiter(chain.from_iterable(unknown), np.int64, int(ends[-1])))
        offsets = torch.from_numpy(ends[:-1])
        mean: Floats = embedding_bag(grams, self._grams, offsets, mode="mean").numpy()
        return mean

    def _recur(self, x_NE: Floats, counts: Integers) -> Floats:
        """[N, D]: both directions, the backward one reading each message from its own end."""
        rows, steps = shape(len(counts), int(counts.max()))
        starts = counts.cumsum() - counts
        last = counts - 1
        # The words of each row at each step, in both orders, and behind them whatever: padding
        # comes last, and cannot reach what came before.
        step_T1 = np.arange(steps)[:, None]
        words = np.zeros((2, steps, rows), np.int64)
        words[0, :, : len(counts)] = starts + np.minimum(step_T1, last)
        words[1, :, : len(counts)] = starts + np.maximum(last - step_T1, 0)
        x = torch.from_numpy(x_NE).to(self._dtype)
        row_N = np.arange(len(counts)).repeat(counts)
        step_N = np.arange(len(x_NE)) - starts.repeat(counts)
        ahead = self._read(self._ahead, x, words[0], step_N * rows + row_N)
        back = self._read(self._back, x, words[1], (last.repeat(counts) - step_N) * rows + row_N)
        return torch.cat([ahead, back], 1).float().numpy()

    def _read(self, lstm: torch.nn.LSTM, x: Tensor, words: Integers, places: Integers) -> Tensor:
        """[N, H]: the states at `places` of what is read in the order of `words`, [T, rows]."""
        steps, rows = words.shape
        read = x.index_select(0, torch.from_numpy(words.ravel())).view(steps, rows, -1)
        states: Tensor = lstm(read)[0]
        return states.view(steps * rows, -1).index_select(0, torch.from_numpy(places))


def _pool(z_TZ: Floats, score_T: Floats, width: int) -> Floats:
    """One message's states and embeddings, side by side, as Classifier.read pools them: the mean,
    the maximum and the attention's mean of the states, `width` each, and mean and maximum of the
    embeddings."""
    weights = np.empty((2, len(z_TZ)), np.float32)
    weights[0] = 1 / len(z_TZ)
    np.exp(score_T - score_T.max(), out=weights[1])
    weights[1] /= weights[1].sum()
    mean, attended = weights @ z_TZ
    most = z_TZ.max(0)
    parts = (mean[:width], most[:width], attended[:width], mean[width:], most[width:])
    return np.concatenate(parts)
