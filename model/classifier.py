"""ids -> logit: the word-embedding bidirectional LSTM.

Words become rows of a trainable matrix, or the mean of their n-grams' rows when the vocabulary
lacks them; a bidirectional LSTM reads them; its states are pooled over time beside the embeddings
themselves (a skip connection past the recurrence, as in a deep RNN of type (c), Pascanu et al.
2014); a linear layer gives the logit of spam. What is known by its name alone goes straight from
the input to the logit (model.wide). Training, calibration and text are elsewhere.

Axes: B messages, T tokens, W words of the wide path, E embedding width, H hidden width, U distinct
unknown words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from model.attention import AdditiveAttention, masked_max, masked_mean
from model.encoders import EncoderConfig, make_encoder
from model.recurrent import step_mask
from model.tokenizer import Encoded
from model.wide import WidePath


@dataclass(frozen=True, slots=True)
class ClassifierConfig:
    """Sizes. `vocabulary` counts the padding row; `features` words and word pairs have a scalar on
    the wide path, 0 leaves it out; dropouts are probabilities, used in training; `cell`,
    `directions` and `depth` are words of model.encoders."""

    vocabulary: int
    buckets: int
    features: int = 0
    embedding: int = 128
    hidden: int = 128
    attention: int = 64
    embedding_dropout: float = 0.2
    dropout: float = 0.4
    wide_dropout: float = 0.3
    cell: str = "lstm"
    directions: int = 2
    depth: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """A padded batch: `ids` int64 [B, T] (0 pads, V + u is unknown word u), `lengths` int64 [B],
    `hashes` int64 [B, W] (32-bit hashes of the words that the wide path reads, W >= T, 0 where
    there is none), and the n-gram buckets of all U unknown words one after the other, beginning at
    `offsets`."""

    ids: Tensor
    lengths: Tensor
    hashes: Tensor
    grams: Tensor
    offsets: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(
            self.ids.to(device),
            self.lengths.to(device),
            self.hashes.to(device),
            self.grams.to(device),
            self.offsets.to(device),
        )


def collate(messages: Sequence[Encoded], vocabulary: int) -> Batch:
    """Pad messages; each one's unknown words, numbered from `vocabulary`, are renumbered."""
    lengths = [len(message) for message in messages]
    # NumPy fills small arrays several times faster than torch does.
    ids = np.zeros((len(messages), max(1, *lengths)), np.int64)
    widest = max(len(message.hashes) for message in messages)
    hashes = np.zeros((len(messages), widest), np.int64)
    grams: list[int] = []
    offsets: list[int] = []
    for index, message in enumerate(messages):
        row = ids[index, : len(message)]
        row[:] = message.ids
        if message.unknown:
            row[row >= vocabulary] += len(offsets)
        hashes[index, : len(message.hashes)] = message.hashes
        for buckets in message.unknown:
            offsets.append(len(grams))
            grams.extend(buckets)
    return Batch(
        torch.from_numpy(ids),
        torch.tensor(lengths, dtype=torch.int64),
        torch.from_numpy(hashes),
        torch.tensor(grams, dtype=torch.int64),
        torch.tensor(offsets, dtype=torch.int64),
    )


class Classifier(nn.Module):
    """The network. Stateless between messages."""

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.words = nn.Embedding(config.vocabulary, config.embedding, padding_idx=0)
        self.grams = nn.EmbeddingBag(config.buckets, config.embedding, mode="mean")
        reads = EncoderConfig(
            config.embedding, config.hidden, config.cell, config.directions, config.depth
        )
        self.encoder = make_encoder(reads)
        self.attention = AdditiveAttention(reads.width, config.attention)
        # One draw a message and channel (Gal & Ghahramani 2016), the same at every step.
        self.embedding_dropout = nn.Dropout1d(config.embedding_dropout)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(3 * reads.width + 2 * config.embedding, 1)
        self.wide = WidePath(config.features, config.wide_dropout) if config.features else None
        for embedding in (self.words, self.grams):
            nn.init.normal_(embedding.weight, std=0.1)
        with torch.no_grad():
            self.words.weight[0] = 0

    def embed(self, batch: Batch) -> Tensor:
        """float [B, T, E]: a row of the matrix a known word, the mean of its n-grams' else."""
        if batch.offsets.numel() == 0:
            known: Tensor = self.words(batch.ids)
            return known
        unknown_BT = batch.ids >= self.config.vocabulary
        x_BTE: Tensor = self.words(batch.ids.masked_fill(unknown_BT, 0))
        u_UE = self.grams(batch.grams, batch.offsets)
        x_BTE[unknown_BT] = u_UE[batch.ids[unknown_BT] - self.config.vocabulary].to(x_BTE.dtype)
        return x_BTE

    def forward(self, batch: Batch) -> Tensor:
        """Logits of spam, float [B]."""
        deep, wide = self.paths(batch)
        return deep + wide

    def paths(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """What the recurrence and what the wide path say, each float [B]: together the logit."""
        deep = self.deep(batch)
        wide = torch.zeros_like(deep) if self.wide is None else self.wide(batch.hashes)
        return deep, wide

    def deep(self, batch: Batch) -> Tensor:
        """What the recurrence says, float [B]."""
        return self.read(self.embed(batch), batch.lengths)

    def read(self, x_BTE: Tensor, lengths: Tensor) -> Tensor:
        """Logits, float [B], of embedded messages: what an explanation differentiates."""
        mask_BT = step_mask(lengths, x_BTE.shape[1])
        x_BTE = self.embedding_dropout(x_BTE.transpose(1, 2)).transpose(1, 2)
        h_BTD = self.encoder(x_BTE, lengths)
        width = h_BTD.shape[2]
        # Side by side, as each operation on a small tensor costs more than its arithmetic.
        z_BTZ = torch.cat([h_BTD, x_BTE], 2)
        mean_h, mean_x = masked_mean(z_BTZ, mask_BT).tensor_split([width], 1)
        max_h, max_x = masked_max(z_BTZ, mask_BT).tensor_split([width], 1)
        pooled = torch.cat([mean_h, max_h, self.attention(h_BTD, mask_BT), mean_x, max_x], 1)
        logits: Tensor = self.output(self.dropout(pooled)).squeeze(1)
        return logits.float()
