"""On a GPU, where there is one: tokenized mail to probabilities in bulk, and a whole training."""

import math
from collections.abc import Sequence
from functools import partial

import torch

from app.settings import ROOT, Settings
from model.checkpoint import load
from model.classifier import Classifier
from model.mime import parse
from model.predictor import ClassifierPredictor
from model.tokenizer import Encoded
from tests.benchmarks.mails import mail_files
from tests.benchmarks.results import Findings, Row
from tests.benchmarks.setting import Setting
from tests.benchmarks.timing import seconds, side_by_side
from training.batches import BatchBuilder, Indices
from training.config import read_config
from training.evaluate import test_rows
from training.loop import predict_logits
from training.metrics import one_minus_auc_percent
from training.run import Data, Trained, load_data, make_builder, split_all, train

_BULK, _TRAINING = "GPU: bulk classification of tokenized mail", "GPU: training"
_AIM_BULK, _AIM_TRAINING = 100_000.0, 90.0
_ROUNDS = 100  # of the drawn mails, in one call
_REPEATS = 5
_AS_ACCURATE = 1.05  # times the shipped 1-AUC: as far as another seed would be off


def measure(setting: Setting) -> Findings:
    """Without a GPU the rows say so. Reading the corpora is no part of the training's time: it is
    done once for all trainings."""
    if not torch.cuda.is_available():
        absent = "not measured: there is no CUDA device here"
        rows = (
            Row(_BULK, {}, absent, f"≥ {_AIM_BULK:,.0f} messages/s", None),
            Row(_TRAINING, {}, absent, f"≤ {_AIM_TRAINING:.0f} s to the shipped accuracy", None),
        )
        return Findings(rows)
    return Findings((_bulk(setting, "cuda"), _training(setting)))


def _bulk(setting: Setting, device: str) -> Row:
    predictor = ClassifierPredictor.load(Settings().model_dir, device)
    messages = [predictor.encode(parse(mail)) for mail in mail_files(setting).contents()]
    many: Sequence[Encoded] = messages * setting.count(_ROUNDS)
    took = side_by_side({"": partial(predictor.predict, many)}, setting.repeats(_REPEATS))[""]
    rate = len(many) / took
    return Row(
        name=_BULK,
        measured={"messages/s": rate, "tokens/s": sum(map(len, many)) / took},
        verdict=f"{rate:,.0f} messages/s on {_name(predictor.device)}",
        aim=f"≥ {_AIM_BULK:,.0f} messages/s",
        reaches=rate >= _AIM_BULK,
    )


def _training(setting: Setting) -> Row:
    config = read_config(ROOT / "training" / "runs" / "classifier.toml")
    data = load_data(config, setting.folder, setting.out / "cache")
    split, trained = split_all(data, config), list[Trained]()
    took = seconds(lambda: trained.append(train(data, split, config)))
    rows, shipped = test_rows(data, config), load(Settings().model_dir)
    builder = make_builder(data.table, shipped.tokenizer)
    errors = {
        "trained": _error(data, rows, trained[0].network, trained[0].builder),
        "shipped": _error(data, rows, shipped.network, builder),
    }
    as_accurate = errors["trained"] <= _AS_ACCURATE * errors["shipped"]
    return Row(
        name=_TRAINING,
        measured={"s": took} | {f"{name}, 1-AUC in per cent": e for name, e in errors.items()},
        verdict=f"{took:.0f} s, {'as accurate as' if as_accurate else 'worse than'} what ships",
        aim=f"≤ {_AIM_TRAINING:.0f} s to the shipped accuracy",
        reaches=took <= _AIM_TRAINING and as_accurate,
    )


def _error(data: Data, rows: Indices, network: Classifier, builder: BatchBuilder) -> float:
    """1-AUC in per cent on the test part, on the CPU for both."""
    found = one_minus_auc_percent(data.table.is_spam[rows], predict_logits(network, builder, rows))
    return math.inf if found is None else found


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "the CPU"
