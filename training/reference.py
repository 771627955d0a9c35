"""How a checkpoint's scores and unknown words are spread over its validation messages."""

from pathlib import Path

import numpy as np

from model import checkpoint, reference
from model.reference import SCORE_EDGES, UNKNOWN_EDGES, Reference, shares
from training.config import RunConfig
from training.evaluate import score_checkpoint
from training.run import Data, reported, split_all


def write_reference(data: Data, config: RunConfig, weights: Path) -> Reference:
    """Measure the checkpoint in `weights` on the validation part of the corpora that are reported,
    and put the result beside it."""
    shipped = checkpoint.load(weights)
    validation = split_all(data, config).validation
    rows = validation[np.isin(data.table.corpus[validation], reported(config))]
    found = score_checkpoint(data, shipped, rows)
    words = (
        [str(data.table.lexicon[token]) for token in data.table.row(row)] for row in found.rows
    )
    encoded = [shipped.tokenizer.encode_words(message) for message in words]
    made = Reference(
        version=shipped.version,
        messages=len(found.rows),
        scores=shares(found.probabilities.tolist(), SCORE_EDGES),
        unknown=shares((one.tokens_unknown / len(one) for one in encoded), UNKNOWN_EDGES),
    )
    reference.save(weights, made)
    return made
