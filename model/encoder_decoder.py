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
from model.recurrent import BidirectionalLSTM, at, step_mask

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
        e_BND, state = self._encode(ids_BN, lengths)
        mask_BN = step_mask(lengths, ids_BN.shape[1])
        previous, scores = torch.zeros_like(e_BND[:, 0]), []
        for target_B in targets_BT.unbind(1):
            step_BN, state = self._point(e_BND, mask_BN, previous, state)
            scores.append(step_BN)
            previous = at(e_BND, target_B)
        return torch.stack(scores, dim=1)

    @torch.no_grad()
    def run(self, ids_BN: Tensor, lengths: Tensor, most: int) -> Tensor:
        """Its own outputs fed back: positions int64 [B, T], T at most `most`, zeros after END."""
        e_BND, state = self._encode(ids_BN, lengths)
        mask_BN = step_mask(lengths, ids_BN.shape[1])
        previous, pointed = torch.zeros_like(e_BND[:, 0]), []
        going_B = torch.ones(len(ids_BN), dtype=torch.bool)
        for _ in range(most):
            step_BN, state = self._point(e_BND, mask_BN, previous, state)
            chosen_B = step_BN.argmax(1) * going_B
            pointed.append(chosen_B)
            going_B = going_B & (chosen_B != END)
            previous = at(e_BND, chosen_B)
        return torch.stack(pointed, dim=1)

    def _encode(self, ids_BN: Tensor, lengths: Tensor) -> tuple[Tensor, State]:
        e_BND = self.encoder(self.embedding(ids_BN), lengths)
        # Forward has read all at the last position, backward at the first.
        ahead, back = e_BND.chunk(2, dim=2)
        summary = torch.cat([at(ahead, lengths - 1), back[:, 0]], dim=1)
        hidden, leaky = self.bridge(summary).chunk(2, dim=1)
        return e_BND, (torch.tanh(hidden), leaky)

    def _point(
        self, e_BND: Tensor, mask_BN: Tensor, previous: Tensor, state: State
    ) -> tuple[Tensor, State]:
        state = self.decoder(previous, state)
        scores_BN = self.pointer.score(self.pointer.prepare(e_BND, state[0][:, None]))
        return scores_BN.masked_fill(~mask_BN, -torch.inf), state
