"""A batch of messages to calibrated probabilities, verdicts and reasons."""

import json
import math
import threading
from pathlib import Path

import pytest
import torch

from model.checkpoint import Checkpoint, CheckpointError, save
from model.classifier import collate
from model.mime import Message
from model.predictor import ClassifierPredictor

MESSAGES = [
    Message("Meeting", "at nine"),
    Message("cheap pills", "cheap pills at unheard of prices"),
    Message("", ""),
]


@pytest.fixture
def predictor(checkpoint: Checkpoint) -> ClassifierPredictor:
    return ClassifierPredictor(checkpoint, "cpu")


def test_probabilities_are_calibrated_logits_in_order(
    predictor: ClassifierPredictor, checkpoint: Checkpoint
) -> None:
    encoded = [predictor.encode(message) for message in MESSAGES]
    found = predictor.predict(encoded)
    with torch.inference_mode():
        batch = collate(encoded, checkpoint.network.config.vocabulary)
        logits = checkpoint.network(batch).tolist()
    expected = [1 / (1 + math.exp(-(logit / 1.5 - 0.25))) for logit in logits]
    assert found == pytest.approx(expected, abs=1e-4)
    assert predictor.predict(encoded[::-1]) == pytest.approx(expected[::-1], abs=1e-4)


def test_company_changes_no_probability(predictor: ClassifierPredictor) -> None:
    texts = ["word " * length for length in (1, 3, 30, 200, 31, 2, 7, 120)]
    encoded = [predictor.encode(Message("", text)) for text in texts]
    alone = [predictor.predict([one])[0] for one in encoded]
    assert predictor.predict(encoded) == pytest.approx(alone, abs=1e-6)


def test_an_empty_batch_gives_nothing(predictor: ClassifierPredictor) -> None:
    assert predictor.predict([]) == []


def test_what_is_loaded_predicts_what_was_saved(
    predictor: ClassifierPredictor, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    save(tmp_path / "c", checkpoint)
    loaded = ClassifierPredictor.load(tmp_path / "c", "cpu")
    encoded = [loaded.encode(message) for message in MESSAGES]
    assert loaded.predict(encoded) == predictor.predict(encoded)
    assert (loaded.name, loaded.version) == ("classifier", "1.2.3+abc")


def test_a_directory_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        ClassifierPredictor.load(tmp_path)


def test_an_explanation_points_at_the_words(predictor: ClassifierPredictor) -> None:
    message = Message("Ch\u200beap pills", "Meeting at nine &amp; cheap pills")
    found = predictor.explain(predictor.encode(message))
    spans = {(word.field, getattr(message, word.field)[word.start : word.end]) for word in found}
    assert spans == {
        *(("subject", text) for text in ("Ch\u200beap", "pills")),
        *(("body", text) for text in ("Meeting", "at", "nine", "&amp;", "cheap", "pills")),
    }
    weights = [abs(word.weight) for word in found]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > 0


def test_an_explanation_is_bounded(predictor: ClassifierPredictor) -> None:
    encoded = predictor.encode(Message("", "meeting at nine cheap pills"))
    assert len(predictor.explain(encoded, limit=2)) == 2


def test_a_message_without_words_has_no_explanation(predictor: ClassifierPredictor) -> None:
    assert predictor.explain(predictor.encode(Message("", ""))) == []


def test_explaining_changes_no_later_prediction(predictor: ClassifierPredictor) -> None:
    encoded = [predictor.encode(message) for message in MESSAGES]
    before = predictor.predict(encoded)
    predictor.explain(encoded[1])
    assert predictor.predict(encoded) == before


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (None, 0.7),  # the shipped default
        (0.05, 0.4),
        (0.049, 0.7),  # between two points of the curve: the stricter
        (0.005, 0.7),
        (0.004, 0.9),
        (0.0005, 0.99),
        (0.0, 0.99),
        (1.0, 0.4),
    ],
)
def test_a_threshold_never_lets_more_ham_be_blamed_than_asked(
    predictor: ClassifierPredictor, target: float | None, expected: float
) -> None:
    assert predictor.threshold(target) == expected


def test_info_is_json(predictor: ClassifierPredictor, checkpoint: Checkpoint) -> None:
    info = json.loads(json.dumps(predictor.info()))
    assert info["vocabulary"] == len(checkpoint.tokenizer)
    assert info["parameters"] == sum(p.numel() for p in checkpoint.network.parameters())
    assert info["run"] == {"seed": 0}


def test_threads_may_encode_at_the_same_time(predictor: ClassifierPredictor) -> None:
    message = Message("cheap " * 50, " ".join(f"word{'x' * (n % 7)}{n}" for n in range(200)))
    expected, found = predictor.encode(message), []
    threads = [
        threading.Thread(target=lambda: found.append(predictor.encode(message))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


def test_a_lone_surrogate_is_predicted_too(predictor: ClassifierPredictor) -> None:
    (probability,) = predictor.predict([predictor.encode(Message("\ud800", "a\udfff b"))])
    assert 0 <= probability <= 1
