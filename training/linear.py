"""Fit the wide path a second time, as logistic regression of words and word pairs.

Adam, which trains it with the recurrence, moves the scalar of a rare pair as far as that of a
frequent one, which is right for the corpus at hand and wrong for the next (docs/log.md). Here
rarity is weighed in the open, by scaling each feature with a power of its document frequency
before the ridge penalty applies, and the optimum is found. training.shares weighs the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
import torch
from sklearn.linear_model import LogisticRegression

from model.wide import WidePath, feature_keys
from training.datasets import Indices
from training.tokens import Ints, TokenTable

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class WideConfig:
    """`min_messages` training messages must hold a feature; its scale before the penalty is its
    share of messages to the power of -`rarity`; `regularisation` is scikit-learn's C, the larger,
    the weaker. `most_words` of a message are read.

    `joint` is the share in the logit of the wide path as it was trained beside the recurrence, the
    fit has the rest; `recurrence` is that of the recurrence, beside the 1 of both. They are not
    fitted: on mail of the senders of the training part, as validation messages are, the joint path
    is the best and needs no one beside it. The others are there for everybody else.
    """

    enabled: bool = True
    most_words: int = 1024
    min_messages: int = 5
    rarity: float = 0.3
    regularisation: float = 7.0
    joint: float = 0.3
    recurrence: float = 0.1


@dataclass(frozen=True)
class Examples:
    """N training messages as the wide path sees them: `scaled` float [N, F], a present feature's
    `scale` [F] over the root of the number of all distinct words and pairs of the message; `keys`
    int64 [F], rising."""

    scaled: sparse.csr_matrix
    scale: Floats
    keys: npt.NDArray[np.int64]
    labels: Bools
    weights: Weights


def fit_wide(examples: Examples, config: WideConfig) -> WidePath:
    """Raises ValueError unless there are both ham and spam."""
    regression = LogisticRegression(C=config.regularisation, solver="liblinear", random_state=1)
    regression.fit(examples.scaled, examples.labels, examples.weights)
    wide = WidePath(len(examples.keys))
    wide.keys.copy_(torch.from_numpy(examples.keys))
    wide.weight.data.copy_(torch.from_numpy(regression.coef_[0] * examples.scale))
    wide.bias.data.copy_(torch.tensor(regression.intercept_[0]))
    return wide.eval()


def read_examples(
    table: TokenTable, rows: Indices, hashes: Indices, weights: Weights, config: WideConfig
) -> Examples:
    """Find the features of the messages `rows`; `hashes` int64 [L] of the lexicon's words."""
    owner, keys = _features([table.row(row)[: config.most_words] for row in rows], hashes)
    distinct, number = np.unique(keys, return_inverse=True)
    present = _present(owner, number, (len(rows), len(distinct)))
    length = np.sqrt(np.maximum(1, np.diff(present.indptr)))
    messages = np.asarray(present.sum(0)).ravel()
    often = np.flatnonzero(messages >= config.min_messages)
    scale = (messages[often] / len(rows)) ** -config.rarity
    scaled = sparse.csr_matrix(sparse.diags(1 / length) @ present[:, often] @ sparse.diags(scale))
    return Examples(scaled, scale, distinct[often], table.is_spam[rows], weights)


def _features(texts: Sequence[Ints], hashes: Indices) -> tuple[Indices, Indices]:
    """The keys of the features of all texts, one text after the other, and whose each is."""
    # One long text, a gap of no word after each message, so that no pair reaches across.
    gapped = np.concatenate([np.append(hashes[text], 0) for text in texts])
    owner = np.repeat(np.arange(len(texts)), [len(text) + 1 for text in texts])
    keys = feature_keys(torch.from_numpy(gapped)[None])[0].numpy()
    return np.concatenate([owner, owner[:-1]])[keys >= 0], keys[keys >= 0]


def _present(owner: Indices, number: Indices, shape: tuple[int, int]) -> sparse.csr_matrix:
    """float32: 1 where a text has the feature of that number, however often: what fills a long
    mail says no more for it."""
    present = sparse.csr_matrix((np.ones(len(number), np.float32), (owner, number)), shape)
    present.data[:] = 1
    return present
