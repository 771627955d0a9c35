"""How far each word moved the logit of spam.

What the wide path made of a word is exact. What the recurrence made of it is gradient times input
at the embedding (Simonyan et al. 2014, Shrikumar et al. 2017): one pass forward and one back,
however many words. `python -m training evaluate` measures how faithful they are together.
"""

import torch
from torch import Tensor

from model.classifier import Batch, Classifier


def word_weights(network: Classifier, batch: Batch) -> Tensor:
    """A batch of one message -> float [W], a weight for each word that the wide path reads,
    positive towards spam. The first T of them the recurrence reads too."""
    # cuDNN has no backward in eval mode, and one message does not need it.
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        x_1TE = network.embed(batch).detach().requires_grad_()
        logit = network.read(x_1TE, batch.lengths)
        (gradient,) = torch.autograd.grad(logit.sum(), x_1TE)
    weights = torch.zeros(batch.hashes.shape[1], device=x_1TE.device)
    weights[: x_1TE.shape[1]] = (gradient * x_1TE.detach()).sum(2)[0]
    if network.wide is not None:
        weights += network.wide.attribute(batch.hashes[0]).detach()
    return weights
