"""The shipped network's explanations, on mails written for the tests."""

from pathlib import Path

import numpy as np
import pytest

import model
from model import checkpoint
from model.mime import parse
from training.corpora import Example
from training.faithfulness import faithfulness
from training.tokens import tokenise

MAILS = Path(__file__).parent.parent / "mails"
WEIGHTS = Path(model.__file__).parent / "weights" / "classifier"
SPAM = ("letter-419", "pharmacy-disguised", "phishing-hidden-text")


def test_the_words_it_names_are_those_that_did_it() -> None:
    if not WEIGHTS.exists():
        pytest.skip("no weights have been trained yet")
    files = [MAILS / f"{name}.eml" for name in SPAM] + sorted(MAILS.glob("spam-*.eml"))
    mails = [Example(parse(file.read_bytes()), True, "written", file.stem) for file in files]
    table = tokenise(mails, most_tokens=600)
    found = faithfulness(table, checkpoint.load(WEIGHTS), np.arange(len(mails)), seed=1)
    assert found.messages == len(mails) > 5
    assert found.share == 1
    assert found.fall > found.fall_at_random
    assert f"{found.messages} test spams" in found.text()


def test_a_message_of_five_words_has_none_to_spare() -> None:
    if not WEIGHTS.exists():
        pytest.skip("no weights have been trained yet")
    shipped = checkpoint.load(WEIGHTS)
    texts = (b"Subject: buy\n\ncheap pills here now", b"Subject: buy\n\ncheap pills here now today")
    mails = [Example(parse(text), True, "written", "short") for text in texts]
    table = tokenise(mails, most_tokens=600)
    assert faithfulness(table, shipped, np.arange(2), seed=1).messages == 1
