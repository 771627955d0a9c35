"""Word vectors from a text file (GloVe, or word2vec with its header line) into an embedding."""

from pathlib import Path

import torch
from torch import Tensor

from model.tokenizer import Tokenizer


class VectorError(ValueError):
    """A vector file that does not fit; the message says where."""


def load_vectors(path: Path, tokenizer: Tokenizer, weight: Tensor) -> int:
    """Overwrite the rows of `weight`, float [V, E], whose words the file has; how many it had.

    A file of 'word v1 … vE' lines; Pennington et al. 2014 and Mikolov et al. 2013 publish it so.
    The rows are scaled so that a loaded row has the same mean square as a random one: the rest of
    the network is initialised for that. Raises VectorError when a line has not E numbers.
    """
    scale = weight[1:].std()
    found: dict[int, Tensor] = {}
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            word, *values = line.rstrip().split(" ")
            if number == 1 and len(values) == 1:
                continue  # word2vec's header: count and width
            row = tokenizer.id(word.lower())
            if row is None or row in found:
                continue
            if len(values) != weight.shape[1]:
                raise VectorError(
                    f"{path}, line {number}: {len(values)} numbers, expected {weight.shape[1]}"
                )
            found[row] = torch.tensor([float(value) for value in values])
    if found:
        rows = torch.stack(list(found.values()))
        weight[list(found)] = (rows * (scale / rows.std())).to(weight.dtype)
    return len(found)
