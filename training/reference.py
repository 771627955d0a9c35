"""How a checkpoint's scores and unknown words are spread over its validation messages, and whether
bfloat16 changes what it says of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model import checkpoint, reference
from model.checkpoint import Checkpoint
from model.predictor import ClassifierPredictor
from model.reference import SCORE_EDGES, UNKNOWN_EDGES, Reference, shares
from model.tokenizer import Encoded
from training.config import RunConfig
from training.evaluate import score_checkpoint
from training.metrics import Bools, one_minus_auc_percent
from training.run import Data, reported, split_all

_MOST_MOVED = 0.01
_MOST_LOST = 0.05


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
    labels, corpus = data.table.is_spam[found.rows], data.table.corpus[found.rows]
    made = Reference(
        version=shipped.version,
        messages=len(found.rows),
        scores=shares(found.probabilities.tolist(), SCORE_EDGES),
        unknown=shares((one.tokens_unknown / len(one) for one in encoded), UNKNOWN_EDGES),
        bfloat16=_same_in_bfloat16(shipped, encoded, labels, corpus),
    )
    reference.save(weights, made)
    return made


def _same_in_bfloat16(
    shipped: Checkpoint, encoded: Sequence[Encoded], labels: Bools, corpus: npt.NDArray[np.str_]
) -> bool:
    """Whether no probability moves by more than 0.01, and the 1-AUC of no corpus, nor of all, by
    more than a twentieth of itself."""
    exact, half = (
        np.array(ClassifierPredictor(shipped, "cpu", half=half).predict(encoded))
        for half in (False, True)
    )
    if np.abs(exact - half).max() > _MOST_MOVED:
        return False
    for part in [np.ones(len(labels), bool), *(corpus == one for one in np.unique(corpus))]:
        before = one_minus_auc_percent(labels[part], exact[part])
        after = one_minus_auc_percent(labels[part], half[part])
        if before is None or after is None:
            continue
        if abs(after - before) > _MOST_LOST * before:
            return False
    return True
