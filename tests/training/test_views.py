"""Parts of messages: runs of their own words, in their order."""

import numpy as np
import pytest

from training.views import Views

LEXICON = np.array(["<subject>", "<body>", *(f"word{number}" for number in range(300))])
LONG = np.array([0, 2, 3, 4, 1, *range(5, 300)], dtype=np.int32)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def test_the_beginning_a_stretch_and_the_body(random: np.random.Generator) -> None:
    for _ in range(50):
        beginning, stretch, body = Views(LEXICON).all(LONG, random)
        assert 15 <= len(beginning) < 60
        np.testing.assert_array_equal(beginning, LONG[: len(beginning)])
        start = LONG.tolist().index(stretch[0])
        np.testing.assert_array_equal(stretch, LONG[start : start + len(stretch)])
        assert body.tolist()[:2] == [0, 1]  # both marks, and nothing of the subject
        np.testing.assert_array_equal(body[1:], LONG[4 : 3 + len(body)])


def test_no_two_draws_are_alike(random: np.random.Generator) -> None:
    drawn = {tuple(map(tuple, Views(LEXICON).all(LONG, random))) for _ in range(50)}
    assert len(drawn) == 50


@pytest.mark.parametrize("message", [[0, 1, 5, 6], [0, 2, 1], [0, 1], [5]])
def test_a_short_message_has_none(message: list[int], random: np.random.Generator) -> None:
    assert Views(LEXICON).all(np.array(message, dtype=np.int32), random) == []


def test_a_lexicon_without_marks_will_do(random: np.random.Generator) -> None:
    parts = Views(LEXICON[2:]).all(np.arange(200, dtype=np.int32), random)
    assert len(parts) == 2
