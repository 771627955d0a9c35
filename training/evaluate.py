"""Measure the shipped network and its baselines: in-corpus on the grouped test part, and on what
was left out of training. The baselines see the same messages, the same split and the same text."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch

import numpy as np
import numpy.typing as npt

from model.checkpoint import Calibration, Checkpoint
from model.rates import UNSURE_RATE
from training.baselines import Baseline, MeanOfEmbeddings, TfidfRegression
from training.calibration import Scaling, calibrate
from training.config import FoldConfig, RunConfig
from training.datasets import Indices, Split
from training.loop import Floats, predict_logits, predict_paths
from training.run import Data, Trained, make_builder, reported, split_all, split_without, train

NETWORK = "BiLSTM"
TFIDF = "TF-IDF + LR"
# Shares of validation ham, beside the one that ships, whose thresholds crossval measures at; and of
# validation spam that is let through.
_OTHER_RATES = (0.005, UNSURE_RATE)
_MISSED = 0.1


@dataclass(frozen=True)
class Scored:
    """One model on one set of messages: probabilities float64 [N] and the threshold it ships;
    `others` are thresholds that it could be used at, by name."""

    rows: Indices
    probabilities: Floats
    threshold: float
    others: Mapping[str, float] = field(default_factory=dict)


def score_checkpoint(data: Data, checkpoint: Checkpoint, rows: Indices) -> Scored:
    """What is shipped, on the messages `rows`, in float32 as it is served."""
    logits = predict_logits(
        checkpoint.network, make_builder(data.table, checkpoint.tokenizer), rows
    )
    return scored(rows, logits, checkpoint.calibration)


def score_paths(
    data: Data, checkpoint: Checkpoint, split: Split, config: RunConfig
) -> dict[str, Scored]:
    """Each path of the shipped network alone, with a calibration of its own."""
    builder = make_builder(data.table, checkpoint.tokenizer)
    validation = predict_paths(checkpoint.network, builder, split.validation)
    test = predict_paths(checkpoint.network, builder, split.test)
    names = ("its recurrence alone", "its wide path alone")
    return {
        name: scored(split.test, tested, calibrate_on(data, split.validation, validated, config))
        for name, validated, tested in zip(names, validation, test, strict=True)
    }


def scored(rows: Indices, logits: Floats, calibration: Calibration) -> Scored:
    return Scored(rows, _scaling(calibration).apply(logits), calibration.threshold)


def scored_everywhere(
    data: Data, split: Split, validation: Floats, test: Floats, config: RunConfig
) -> Scored:
    """The split's test part at every threshold that can be set on its validation part, given the
    logits of both."""
    calibration = calibrate_on(data, split.validation, validation, config)
    spam = data.table.is_spam[split.validation] & _counting(data, split.validation, config)
    missed = np.quantile(validation[spam], _MISSED)
    others = {rate_name(rate): calibration.threshold_at(rate) for rate in _OTHER_RATES}
    # The logit 0: as it comes out of training, before any validation message has had a say.
    tenth, as_trained = _scaling(calibration).apply(np.array([missed, 0.0])).tolist()
    others |= {f"{rate_name(_MISSED)} missed": tenth, "logit 0": as_trained}
    return replace(scored(split.test, test, calibration), others=others)


def _scaling(calibration: Calibration) -> Scaling:
    return Scaling(calibration.temperature, calibration.bias)


def _counting(data: Data, rows: Indices, config: RunConfig) -> npt.NDArray[np.bool_]:
    """bool [len(rows)]: those of the real corpora."""
    return np.isin(data.table.corpus[rows], reported(config))


def rate_name(rate: float) -> str:
    return f"{100 * rate:g} %"


def baselines(seed: int) -> dict[str, Baseline]:
    return {TFIDF: TfidfRegression(seed), "mean of embeddings": MeanOfEmbeddings(seed)}


def score_baselines(data: Data, split: Split, config: RunConfig) -> dict[str, Scored]:
    """Fit each baseline on the training part, calibrate and set its threshold on validation."""
    texts = [data.table.text(row) for row in range(len(data.table))]
    labels = data.table.is_spam
    results = {}
    for name, baseline in baselines(config.seed).items():
        baseline.fit([texts[row] for row in split.train], labels[split.train])
        validation = baseline.logits([texts[row] for row in split.validation])
        test = baseline.logits([texts[row] for row in split.test])
        results[name] = scored_everywhere(data, split, validation, test, config)
    return results


def calibrate_on(data: Data, rows: Indices, logits: Floats, config: RunConfig) -> Calibration:
    """Temperature, bias and threshold from validation messages of the real corpora."""
    real = _counting(data, rows, config)
    return calibrate(logits[real], data.table.is_spam[rows][real], config.target_fpr)


def test_rows(data: Data, config: RunConfig) -> Indices:
    """The grouped test part of the corpora whose results count."""
    rows = split_all(data, config).test
    return rows[_counting(data, rows, config)]


@dataclass(frozen=True)
class FoldResult:
    """A fold's models on what it left out."""

    name: str
    scored: Mapping[str, Scored]


def run_fold(data: Data, config: RunConfig, fold: FoldConfig) -> FoldResult:
    """Train everything anew without what the fold leaves out, then measure on just that."""
    split = split_without(data, config, left_out(data, fold))
    network = score_trained(data, train(data, split, config), split, config)
    return FoldResult(fold.name, {NETWORK: network} | score_baselines(data, split, config))


def score_trained(data: Data, trained: Trained, split: Split, config: RunConfig) -> Scored:
    """A network as it came from training, calibrated on validation, on the split's test part."""
    validation, test = (network_logits(trained, rows) for rows in (split.validation, split.test))
    return scored_everywhere(data, split, validation, test, config)


def network_logits(trained: Trained, rows: Indices) -> Floats:
    return predict_logits(trained.network, trained.builder, rows)


def left_out(data: Data, fold: FoldConfig) -> npt.NDArray[np.bool_]:
    """bool [N]: a whole corpus, or the ham whose `corpus/source` matches one of the patterns."""
    if fold.corpus:
        return np.asarray(data.table.corpus == fold.corpus)
    names = np.char.add(np.char.add(data.table.corpus, "/"), data.table.source)
    distinct, inverse = np.unique(names, return_inverse=True)
    matches = np.array([any(fnmatch(str(n), p) for p in fold.sources) for n in distinct])
    return np.asarray(matches[inverse] & ~data.table.is_spam)
