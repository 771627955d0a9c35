"""How much the recurrence has to say beside the wide path: fitted on validation, not on training.

The recurrence learns to mend a wide path that has not met a message's sender (training.linear). On
mail of known senders there is less to mend. Stacking (Wolpert 1992) with two inputs: logistic
regression of the label on the two logits.
"""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from model.classifier import Classifier
from training.loop import Floats
from training.metrics import Bools


def fit_share(deep: Floats, wide: Floats, labels: Bools) -> float:
    """The factor on `deep` at which `deep * factor + wide` predicts best; in 0..1.

    `deep` and `wide` are logits, float64 [N], of messages that neither was trained on. Raises
    ValueError unless there are both ham and spam.
    """
    fitted = LogisticRegression(C=1e3).fit(np.column_stack([deep, wide]), labels)
    of_deep, of_wide = fitted.coef_[0]
    return float(np.clip(of_deep / of_wide, 0, 1)) if of_wide > 0 else 1.0


@torch.no_grad()
def scale_recurrence(network: Classifier, share: float) -> None:
    """Multiply what the recurrence says by `share`, in place."""
    network.output.weight.mul_(share)
    network.output.bias.mul_(share)
