"""How much each voice has to say: the wide path trained beside the recurrence and the wide path
fitted by itself, and then the recurrence.

All know the training messages by heart, so training cannot tell which of them is to be believed on
others; a plain sum also counts thrice what all say. Stacking (Wolpert 1992): logistic regression
of the label on their logits, on validation messages. The two wide paths are then one, since their
sum is a wide path again.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from model.classifier import Classifier
from model.wide import WidePath
from training.loop import Floats
from training.metrics import Bools


def fit_shares(logits: Sequence[Floats], labels: Bools) -> Floats:
    """The factors, none negative, at which the sum of `logits`, each float64 [N], predicts best.

    The messages must be such that no voice was trained on. Raises ValueError unless there are both
    ham and spam.
    """
    said = np.column_stack(logits)
    heard = np.ones(said.shape[1], np.bool_)
    shares = np.zeros(said.shape[1])
    while heard.any():
        found = LogisticRegression(C=1e3).fit(said[:, heard], labels).coef_[0]
        if (found >= 0).all():
            shares[heard] = found
            break
        heard[np.flatnonzero(heard)[found.argmin()]] = False
    return shares


def widen(network: Classifier, keys: Tensor, dropout: float) -> Classifier:
    """The network with a wide path of these features beside its recurrence, all scalars zero."""
    both = Classifier(replace(network.config, features=len(keys), wide_dropout=dropout))
    wide = WidePath(len(keys))
    wide.keys.copy_(keys)
    both.load_state_dict(network.state_dict() | wide.state_dict(prefix="wide."))
    return both


@torch.no_grad()
def weigh(network: Classifier, fitted: WidePath, shares: Floats) -> None:
    """Give the recurrence, the wide path and `fitted`, which has the same features, their shares;
    in place, `fitted` goes into the wide path."""
    assert network.wide is not None
    deep, wide, linear = shares.tolist()
    network.output.weight.mul_(deep)
    network.output.bias.mul_(deep)
    network.wide.weight.mul_(wide).add_(fitted.weight, alpha=linear)
    network.wide.bias.mul_(wide).add_(fitted.bias, alpha=linear)
