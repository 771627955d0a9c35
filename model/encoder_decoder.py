"""Sequence to sequence of another length: an encoder reads, a decoder points at what was read.

Sutskever et al. 2014, Cho et al. 2014; pointing instead of spelling: Vinyals et al. 2015. It is
made of the parts of the sorter (model.sorter): the same encoder and the same pointer. There the
decoder has a row for each number, here one state for the whole sequence, which begins as a summary
of it.

Axes: B rows, N positions of the input, T steps of the output, D width of an encoder state.
"""

import torch
from torch import Tensor, nn

from model.attention import PointerAttention
from model.cells import LSTMCell, State
from model.recurrent import BidirectionalLSTM, at, step_mask, unroll_fed

END = 0


class EncoderDecoder(nn.Module):
    """Symbols -> positions. The symbol at position 0 is END; pointing at it ends the output."""

    def __init__(self, symbols: int, embedding: int, hidden: int, pointer: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(symbols, embedding)
        self.encoder = BidirectionalLSTM(embedding, hidden)
        self.bridge = nn.Linear(2 * hidden, 2 * hidden)
        self.decoder = LSTMCell(2 * hidden, hidden)
        self.pointer = PointerAttention(2 * hidden, hidden, pointer)

    def forward(self, ids_BN: Tensor, lengths: Tensor, targets_BT: Tensor) -> Tensor:
        """Training: int64 [B, N] with END first, int64 [B], and the true positions int64 [B, T],
        which are fed -> scores [B, T, N], padding at -inf."""
        return self._decode(ids_BN, lengths, targets_BT.shape[1], targets_BT)

    @torch.no_grad()
    def run(self, ids_BN: Tensor, lengths: Tensor, most: int) -> Tensor:
        """Its own outputs fed back: positions int64 [B, T], T being `most`, END after END."""
        pointed_BT = self._decode(ids_BN, lengths, most).argmax(2)
        ended_BT = (pointed_BT == END).cumsum(1) > 0
        return pointed_BT.masked_fill(ended_BT, END)

    def _decode(
        self, ids_BN: Tensor, lengths: Tensor, steps: int, targets_BT: Tensor | None = None
    ) -> Tensor:
        e_BND, state = self._encode(ids_BN, lengths)
        mask_BN = step_mask(lengths, ids_BN.shape[1])

        def step(_: int, previous: Tensor, state: State) -> tuple[Tensor, State]:
            state = self.decoder(previous, state)
            scores_BN = self.pointer.score(self.pointer.prepare(e_BND, state[0][:, None]))
            return scores_BN.masked_fill(~mask_BN, -torch.inf), state

        def feed(t: int, scores_BN: Tensor) -> Tensor:
            return at(e_BND, scores_BN.argmax(1) if targets_BT is None else targets_BT[:, t])

        return unroll_fed(step, feed, torch.zeros_like(e_BND[:, 0]), state, steps)

    def _encode(self, ids_BN: Tensor, lengths: Tensor) -> tuple[Tensor, State]:
        e_BND = self.encoder(self.embedding(ids_BN), lengths)
        # Forward has read all at the last position, backward at the first.
        ahead, back = e_BND.chunk(2, dim=2)
        summary = torch.cat([at(ahead, lengths - 1), back[:, 0]], dim=1)
        hidden, leaky = self.bridge(summary).chunk(2, dim=1)
        return e_BND, (torch.tanh(hidden), leaky)
