"""The same recurrence as anyone would write it in plain torch: float32, one padded batch a call.

It has the trained embedding and LSTM, so that its recurrence is the same arithmetic. Its output
layer is not trained: how fast it is is what is measured, not what it says.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from model.classifier import Classifier, ClassifierConfig
from model.recurrent import BidirectionalLSTM
from model.tokenizer import Encoded


class PlainNetwork(nn.Module):
    """Embeddings, both directions, mean and maximum over time, one linear layer. `packed`: the
    recurrence reads a packed sequence, so that nothing is computed for padding."""

    def __init__(self, config: ClassifierConfig, *, packed: bool = False) -> None:
        super().__init__()
        self.words = nn.Embedding(config.vocabulary, config.embedding, padding_idx=0)
        self.lstm = nn.LSTM(config.embedding, config.hidden, batch_first=True, bidirectional=True)
        self.output = nn.Linear(4 * config.hidden, 1)
        self._packed = packed

    def forward(self, ids_BT: Tensor, lengths_B: Tensor) -> Tensor:
        """int64 [B, T] and [B] -> logits, float [B]."""
        mask_BT1 = (torch.arange(ids_BT.shape[1]) < lengths_B[:, None])[:, :, None]
        h_BTD = self._read(self.words(ids_BT), lengths_B)
        mean_BD = (h_BTD * mask_BT1).sum(1) / lengths_B[:, None]
        max_BD = h_BTD.masked_fill(~mask_BT1, -torch.inf).amax(1)
        logits: Tensor = self.output(torch.cat([mean_BD, max_BD], 1)).squeeze(1)
        return logits

    def _read(self, x_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        h_BTD: Tensor
        if self._packed:
            packed = pack_padded_sequence(x_BTE, lengths_B, batch_first=True, enforce_sorted=False)
            h_BTD = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]
        else:
            h_BTD = self.lstm(x_BTE)[0]
        return h_BTD

    def predict(self, batch: Sequence[Encoded]) -> list[float]:
        """Probabilities, in order."""
        with torch.inference_mode():
            probabilities: list[float] = torch.sigmoid(self(*self.pad(batch))).tolist()
        return probabilities

    def pad(self, batch: Sequence[Encoded]) -> tuple[Tensor, Tensor]:
        """Ids int64 [B, T], filled up with 0, and lengths int64 [B]."""
        ids_BT = pad_sequence([torch.tensor(m.ids) for m in batch], batch_first=True)
        return self.known(ids_BT), torch.tensor([len(message) for message in batch])

    def known(self, ids: Tensor) -> Tensor:
        """An unknown word reads as padding."""
        return ids.masked_fill(ids >= self.words.num_embeddings, 0)


def copy_of(trained: Classifier) -> PlainNetwork:
    """A plain network with the embedding and the LSTM of the trained one."""
    assert isinstance(trained.encoder, BidirectionalLSTM)
    network = PlainNetwork(trained.config)
    network.words.load_state_dict(trained.words.state_dict())
    backward = trained.encoder.backward_lstm.state_dict()
    network.lstm.load_state_dict(
        trained.encoder.forward_lstm.state_dict()
        | {f"{name}_reverse": tensor for name, tensor in backward.items()}
    )
    return network.eval()
