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
    the network is initialised for that. Raises VectorError when the file cannot be read or a line
    has not E numbers.
    """
    scale, width = weight[1:].std(), weight.shape[1]
    found: dict[int, Tensor] = {}
    first = 1
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                if number == 1 and len(line.split()) == 2:
                    first = 2  # word2vec's header: count and width
                    continue
                # From the right: published files hold a few words with spaces in them (`. . .`).
                word, *values = line.rstrip().rsplit(" ", width)
                row = tokenizer.id(word.lower())
                if len(values) != width or (number == first and " " in word):
                    raise VectorError(f"{path}, line {number}: not a word and {width} numbers")
                if row is not None and row not in found:
                    found[row] = _vector(values, path, number)
    except OSError as error:
        raise VectorError(str(error)) from error
    if found:
        rows = torch.stack(list(found.values()))
        weight[list(found)] = (rows * (scale / rows.std())).to(weight.dtype)
    return len(found)


def _vector(values: list[str], path: Path, number: int) -> Tensor:
    try:
        return torch.tensor([float(value) for value in values])
    except ValueError as error:
        raise VectorError(f"{path}, line {number}: {error}") from error
