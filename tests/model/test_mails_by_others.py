"""The shipped network on mails by writers who knew nothing of it (tests/mails/by_others)."""

from pathlib import Path

import pytest

import model
from model.mime import parse
from model.predictor import ClassifierPredictor

MAILS = Path(__file__).parent.parent / "mails" / "by_others"
WEIGHTS = Path(model.__file__).parent / "weights" / "classifier"
UNSURE_FPR = 0.01  # the service's own, as is its threshold


@pytest.fixture(scope="module")
def predictor() -> ClassifierPredictor:
    return ClassifierPredictor.load(WEIGHTS, "cpu")


def verdicts(predictor: ClassifierPredictor, kind: str) -> dict[str, str]:
    """Each mail's: spam, unsure or ham."""
    spam_from, ham_below = predictor.threshold(), predictor.threshold(UNSURE_FPR)
    files = sorted((MAILS / kind).glob("*.eml"))
    assert len(files) == 90
    found = predictor.predict([predictor.encode(parse(file.read_bytes())) for file in files])
    said = {}
    for file, probability in zip(files, found, strict=True):
        verdict = (
            "spam" if probability >= spam_from else "ham" if probability < ham_below else "unsure"
        )
        said[file.stem] = verdict
        if verdict != kind:
            print(f"{kind}: {file.stem:36} {verdict:6} {probability:.4f}")
    return said


def test_no_good_mail_is_called_spam(predictor: ClassifierPredictor) -> None:
    said = list(verdicts(predictor, "ham").values())
    assert said.count("spam") == 0
    assert said.count("ham") >= 80


def test_most_spam_is_called_so_and_hardly_any_good(predictor: ClassifierPredictor) -> None:
    said = list(verdicts(predictor, "spam").values())
    assert said.count("ham") <= 2
    assert said.count("spam") >= 65
