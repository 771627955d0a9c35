"""The linear peers that the network has to beat, on the same text and the same splits.

Both read a message as tokens joined by spaces (TokenTable.text), so they gain from the project's
own normalisation and placeholders as much as the network does. Their logits are calibrated and
given a threshold by training.calibration, like the network's.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

MOST_CHARACTERS = 4000


class Baseline(Protocol):
    """A classifier of texts, each text its tokens joined by spaces, read up to MOST_CHARACTERS."""

    def fit(
        self, texts: Sequence[str], labels: Bools, weights: npt.ArrayLike | None = None
    ) -> None:
        """Train on N texts; `labels` bool [N], True is spam; `weights` [N], 1 each if not given.

        Raises ValueError unless there are both ham and spam.
        """

    def logits(self, texts: Sequence[str]) -> Floats:
        """Log-odds of spam, float64 [len(texts)]. Call `fit` first."""


class TfidfRegression:
    """TF-IDF of words and word pairs, then logistic regression."""

    def __init__(self, seed: int, regularisation: float = 30.0, features: int = 300_000) -> None:
        """`regularisation` is scikit-learn's C: the larger, the weaker."""
        self._vectoriser = TfidfVectorizer(
            token_pattern=r"\S+",
            ngram_range=(1, 2),
            min_df=2,
            max_features=features,
            sublinear_tf=True,
            dtype=np.float32,
        )
        # liblinear's trust-region Newton needs fewest passes over sparse text of this size.
        self._regression = LogisticRegression(
            C=regularisation, solver="liblinear", random_state=seed
        )

    def fit(
        self, texts: Sequence[str], labels: Bools, weights: npt.ArrayLike | None = None
    ) -> None:
        features = self._vectoriser.fit_transform(_truncated(texts))
        self._regression.fit(features, labels, sample_weight=weights)

    def logits(self, texts: Sequence[str]) -> Floats:
        if not len(texts):
            return np.empty(0)
        features = self._vectoriser.transform(_truncated(texts))
        return np.asarray(self._regression.decision_function(features), dtype=np.float64)


class MeanOfEmbeddings:
    """The mean of learned word vectors, then one linear layer: fastText without word pairs
    (Joulin et al. 2017). A word outside the vocabulary is left out of the mean.

    The same seed, texts and number of threads give the same logits.
    """

    def __init__(
        self,
        seed: int,
        dimensions: int = 64,
        vocabulary: int = 50_000,
        epochs: int = 5,
        learning_rate: float = 3e-3,
        weight_decay: float = 1e-2,
        batch: int = 128,
    ) -> None:
        self._seed = seed
        self._dimensions = dimensions
        self._most_words = vocabulary
        self._epochs = epochs
        self._learning_rate = learning_rate
        self._weight_decay = weight_decay
        self._batch = batch
        self._ids: dict[str, int] = {}
        self._network = _Bag(0, dimensions, torch.Generator())

    def fit(
        self, texts: Sequence[str], labels: Bools, weights: npt.ArrayLike | None = None
    ) -> None:
        if labels.all() or not labels.any():
            raise ValueError("a baseline needs both ham and spam")
        self._ids = _vocabulary(texts, self._most_words)
        documents = self._documents(texts)
        random = torch.Generator().manual_seed(self._seed)
        self._network = _Bag(len(self._ids), self._dimensions, random)
        targets = torch.from_numpy(labels.astype(np.float32))
        share = torch.ones(len(texts)) if weights is None else _float_tensor(weights)
        optimiser = torch.optim.AdamW(
            self._network.parameters(), self._learning_rate, weight_decay=self._weight_decay
        )
        for _ in range(self._epochs):
            for rows in torch.randperm(len(texts), generator=random).split(self._batch):  # type: ignore[no-untyped-call]
                logits = self._network(*_bags(documents, rows.numpy()))
                loss = binary_cross_entropy_with_logits(logits, targets[rows], share[rows])
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()

    @torch.inference_mode()
    def logits(self, texts: Sequence[str]) -> Floats:
        documents = self._documents(texts)
        found = [
            self._network(*_bags(documents, rows)).double().numpy()
            for rows in _slices(len(texts), 1024)
        ]
        return np.concatenate([np.empty(0), *found])

    def _documents(self, texts: Sequence[str]) -> list[Indices]:
        """The numbers of each text's known words."""
        ids = self._ids
        return [
            np.array([ids[word] for word in _words(text) if word in ids], dtype=np.int64)
            for text in _truncated(texts)
        ]


class _Bag(nn.Module):
    """Words of many texts, one after the other, and where each text begins -> logits [texts]."""

    def __init__(self, words: int, dimensions: int, random: torch.Generator) -> None:
        super().__init__()
        self.words = nn.EmbeddingBag(words, dimensions, mode="mean")  # no words: a zero vector
        self.output = nn.Linear(dimensions, 1)
        # Drawn anew from the seed's own generator, so the global one neither matters nor moves.
        nn.init.normal_(self.words.weight, std=0.1, generator=random)
        nn.init.normal_(self.output.weight, std=dimensions**-0.5, generator=random)
        nn.init.zeros_(self.output.bias)

    def forward(self, words: Tensor, starts: Tensor) -> Tensor:
        logits: Tensor = self.output(self.words(words, starts)).squeeze(1)
        return logits


def _bags(documents: Sequence[Indices], rows: Indices) -> tuple[Tensor, Tensor]:
    chosen = [documents[row] for row in rows]
    ends = np.cumsum([len(words) for words in chosen])
    starts = np.concatenate([[0], ends[:-1]])
    return torch.from_numpy(np.concatenate(chosen)), torch.from_numpy(starts)


def _vocabulary(texts: Sequence[str], most: int) -> dict[str, int]:
    """The most frequent words, numbered by rank; equally frequent ones in order of appearance."""
    counts = Counter(itertools.chain.from_iterable(map(_words, _truncated(texts))))
    return {word: number for number, (word, _) in enumerate(counts.most_common(most))}


def _words(text: str) -> list[str]:
    return text.lower().split()


def _truncated(texts: Sequence[str]) -> Iterator[str]:
    return (text[:MOST_CHARACTERS] for text in texts)


def _slices(count: int, size: int) -> Iterator[Indices]:
    return (np.arange(begin, min(begin + size, count)) for begin in range(0, count, size))


def _float_tensor(values: npt.ArrayLike) -> Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))
