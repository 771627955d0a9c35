"""Fit the wide path: logistic regression of words and word pairs, weighted as the network is.

Fitted to its optimum and not by the network's gradient steps: Adam moves the scalar of a rare pair
as far as that of a frequent one, which is right for the corpus at hand and wrong for the next
(docs/log.md). Rarity is weighed in the open instead, by scaling each feature with a power of its
document frequency before the ridge penalty applies.

The recurrence then learns what to add. It would find nothing to add to a path that knows the
training messages by heart, so it is given what a path fitted without them says (stacking, Wolpert
1992), and where that is possible without their whole source: what a newsletter needs to be told
from spam is learnt on newsletters whose sender the wide path has never met.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
import torch
from sklearn.linear_model import LogisticRegression

from model.classifier import Classifier
from model.wide import WidePath, feature_keys
from training.datasets import Indices
from training.tokens import TokenTable

Bools = npt.NDArray[np.bool_]
Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class WideConfig:
    """`min_messages` training messages must hold a feature; its scale before the penalty is its
    share of messages to the power of -`rarity`; `regularisation` is scikit-learn's C, the larger,
    the weaker. `most_words` of a message are read. Held-out logits are of `folds` parts, sources of
    up to `largest_source` training messages held out whole.

    `recurrence` is the share of its logit that the recurrence is given in the sum. It learns to
    mend a wide path that has not met a sender, where all of it is right; for mail of the senders
    of the training part next to nothing would be (docs/log.md)."""

    enabled: bool = True
    most_words: int = 1024
    min_messages: int = 5
    rarity: float = 0.25
    regularisation: float = 10.0
    folds: int = 5
    largest_source: int = 500
    recurrence: float = 0.5


@dataclass(frozen=True)
class Examples:
    """N training messages as the wide path sees them: `scaled` float [N, F], a present feature's
    `scale` [F] over the root of the message's number of features; `keys` int64 [F], rising."""

    scaled: sparse.csr_matrix
    scale: npt.NDArray[np.float64]
    keys: npt.NDArray[np.int64]
    labels: Bools
    weights: Weights


def fit_wide(examples: Examples, config: WideConfig) -> WidePath:
    """Raises ValueError unless there are both ham and spam."""
    regression = _regression(examples, np.ones(len(examples.labels), np.bool_), config)
    wide = WidePath(len(examples.keys))
    wide.keys.copy_(torch.from_numpy(examples.keys))
    wide.weight.data.copy_(torch.from_numpy(regression.coef_[0] * examples.scale))
    wide.bias.data.copy_(torch.tensor(regression.intercept_[0]))
    return wide


def widen(network: Classifier, wide: WidePath) -> Classifier:
    """The network with a wide path beside its recurrence, in eval mode."""
    both = Classifier(replace(network.config, features=len(wide.keys)))
    both.load_state_dict(network.state_dict() | wide.state_dict(prefix="wide."))
    return both.eval()


@torch.no_grad()
def scale_recurrence(network: Classifier, share: float) -> None:
    """Multiply what the recurrence says by `share`, in place."""
    network.output.weight.mul_(share)
    network.output.bias.mul_(share)


def held_out_logits(
    examples: Examples, clusters: Indices, config: WideConfig, seed: int
) -> Weights:
    """What a wide path that has not seen a message's cluster says of it, float32 [N].

    `clusters` [N] numbers alike what is left out together. Raises ValueError as `fit_wide` does.
    """
    _, number = np.unique(clusters, return_inverse=True)
    fold = np.random.default_rng(seed).integers(config.folds, size=number.max() + 1)[number]
    logits = np.empty(len(fold), np.float32)
    for part in np.unique(fold):
        inside = fold == part
        regression = _regression(examples, ~inside, config)
        logits[inside] = regression.decision_function(examples.scaled[inside])
    return logits


def _regression(examples: Examples, chosen: Bools, config: WideConfig) -> LogisticRegression:
    regression = LogisticRegression(C=config.regularisation, solver="liblinear", random_state=1)
    return regression.fit(
        examples.scaled[chosen], examples.labels[chosen], examples.weights[chosen]
    )


def read_examples(
    table: TokenTable, rows: Indices, hashes: Indices, weights: Weights, config: WideConfig
) -> Examples:
    """Find the features of the messages `rows`; `hashes` int64 [L] of the lexicon's words."""
    words = [table.row(row)[: config.most_words] for row in rows]
    # One long text, a gap of no word after each message, so that no pair reaches across.
    gapped = np.concatenate([np.append(hashes[message], 0) for message in words])
    owner = np.repeat(np.arange(len(rows)), [len(message) + 1 for message in words])
    keys = feature_keys(torch.from_numpy(gapped)[None])[0].numpy()
    owner = np.concatenate([owner, owner[:-1]])[keys >= 0]
    distinct, number = np.unique(keys[keys >= 0], return_inverse=True)
    present = sparse.csr_matrix(
        (np.ones(len(number), np.float32), (owner, number)), (len(rows), len(distinct))
    )
    present.data[:] = 1  # or not present: what fills a long mail says no more for it
    often = np.flatnonzero(np.asarray(present.sum(0)).ravel() >= config.min_messages)
    present = present[:, often]
    scale = (np.asarray(present.sum(0)).ravel() / len(rows)) ** -config.rarity
    length = np.sqrt(np.maximum(1, np.diff(present.indptr)))
    scaled = sparse.csr_matrix(sparse.diags(1 / length) @ present @ sparse.diags(scale))
    return Examples(scaled, scale, distinct[often], table.is_spam[rows], weights)
