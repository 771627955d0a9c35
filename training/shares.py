"""How much each has to say: the recurrence, the wide path trained beside it, and the wide path that
is fitted by itself.

All know the training messages by heart, so training cannot tell which of them is to be believed on
others; nor can validation messages, which are mail of the same senders: they would give the wide
path that knows these best two fifths of the say, and the recurrence none (docs/log.md). So the run
file sets the shares, by what each knows of corpora left out. The two wide paths are then one, since
their sum is a wide path again.
"""

from dataclasses import replace

import torch
from torch import Tensor

from model.classifier import Classifier
from model.wide import WidePath


def widen(network: Classifier, keys: Tensor, dropout: float) -> Classifier:
    """The network with a wide path of these features beside its recurrence, all scalars zero."""
    both = Classifier(replace(network.config, features=len(keys), wide_dropout=dropout))
    wide = WidePath(len(keys))
    wide.keys.copy_(keys)
    both.load_state_dict(network.state_dict() | wide.state_dict(prefix="wide."))
    return both


@torch.no_grad()
def weigh(network: Classifier, fitted: WidePath, recurrence: float, joint: float) -> None:
    """Give the recurrence and the network's wide path these shares, and `fitted`, which has the
    same features, what `joint` leaves of 1; in place, `fitted` goes into the wide path."""
    assert network.wide is not None
    network.output.weight.mul_(recurrence)
    network.output.bias.mul_(recurrence)
    network.wide.weight.mul_(joint).add_(fitted.weight, alpha=1 - joint)
    network.wide.bias.mul_(joint).add_(fitted.bias, alpha=1 - joint)
