"""The baselines learn what can be learnt from words, and learn it the same way twice."""

import numpy as np
import pytest
import torch

from training.baselines import MOST_CHARACTERS, Baseline, Bools, MeanOfEmbeddings, TfidfRegression
from training.metrics import one_minus_auc_percent

HAM = "meeting agenda minutes project review deadline attached thanks".split()
SPAM = "winner prize claim cheap pills guaranteed click lottery".split()
BOTH = "the a to and of <url> , . you we".split()


def messages(count: int, seed: int) -> tuple[list[str], Bools]:
    """Texts of ten common words and two of their class's."""
    random = np.random.default_rng(seed)
    labels = random.random(count) < 0.4
    texts = [
        " ".join([*random.choice(BOTH, 10), *random.choice(SPAM if spam else HAM, 2)])
        for spam in labels
    ]
    return texts, labels


def both() -> list[Baseline]:
    # The steps that tens of thousands of messages give come from a larger rate and more epochs.
    return [TfidfRegression(seed=1), MeanOfEmbeddings(seed=1, epochs=20, learning_rate=0.03)]


@pytest.fixture(params=[0, 1], ids=["tfidf", "mean"])
def baseline(request: pytest.FixtureRequest) -> Baseline:
    number: int = request.param
    return both()[number]


@pytest.fixture(params=[0, 1], ids=["tfidf", "mean"])
def twins(request: pytest.FixtureRequest) -> tuple[Baseline, Baseline]:
    number: int = request.param
    return both()[number], both()[number]


def test_learns_a_toy_problem(baseline: Baseline) -> None:
    baseline.fit(*messages(600, seed=1))
    texts, labels = messages(300, seed=2)
    logits = baseline.logits(texts)
    assert logits.dtype == np.float64
    assert logits.shape == (300,)
    assert one_minus_auc_percent(labels, logits) == 0
    assert np.mean((logits > 0) == labels) > 0.99


def test_the_same_seed_gives_the_same_logits(twins: tuple[Baseline, Baseline]) -> None:
    texts, labels = messages(200, seed=1)
    one, other = twins
    one.fit(texts, labels)
    torch.rand(3)  # the global generator has no say
    other.fit(texts, labels)
    assert np.array_equal(one.logits(texts), other.logits(texts))


def test_a_logit_does_not_depend_on_its_neighbours(baseline: Baseline) -> None:
    texts, labels = messages(200, seed=1)
    baseline.fit(texts, labels)
    alone = np.concatenate([baseline.logits([text]) for text in texts[:20]])
    assert baseline.logits(texts)[:20] == pytest.approx(alone, abs=1e-5)


def test_weights_decide_between_contradicting_messages(baseline: Baseline) -> None:
    texts = ["offer of the day"] * 100 + ["minutes of the meeting"] * 100
    labels = np.array(([True] * 50 + [False] * 50) * 2)
    baseline.fit(texts, labels, np.where(labels, 5.0, 0.2))
    assert (baseline.logits(["offer of the day"]) > 1).all()
    baseline.fit(texts, labels, np.where(labels, 0.2, 5.0))
    assert (baseline.logits(["offer of the day"]) < -1).all()


def test_unknown_words_and_no_words_say_nothing(baseline: Baseline) -> None:
    baseline.fit(*messages(200, seed=1))
    unknown, empty = baseline.logits(["zebra xylophone", ""])
    assert np.isfinite(unknown)
    assert unknown == pytest.approx(empty, abs=1e-5)
    assert baseline.logits([]).shape == (0,)


def test_letter_case_is_ignored(baseline: Baseline) -> None:
    baseline.fit(*messages(200, seed=1))
    lower, upper = baseline.logits(["claim the prize", "CLAIM the Prize"])
    assert lower == pytest.approx(upper, abs=1e-5)


def test_text_past_the_bound_is_not_read(baseline: Baseline) -> None:
    baseline.fit(*messages(200, seed=1))
    long = "the " * (MOST_CHARACTERS // 4)
    plain, tailed, inside = baseline.logits([long, long + "winner prize", "winner prize " + long])
    assert plain == pytest.approx(tailed, abs=1e-5)
    assert inside > plain + 0.01


def test_one_class_is_refused(baseline: Baseline) -> None:
    with pytest.raises(ValueError, match=r"class|both ham and spam"):
        baseline.fit(["a b", "a b", "b c"], np.array([True, True, True]))


def test_word_pairs_count_for_tfidf_alone() -> None:
    """What only the order tells, a mean of embeddings cannot learn."""
    texts = ["not good", "good not"] * 100
    labels = np.array([True, False] * 100)
    pairs, mean = both()
    pairs.fit(texts, labels)
    mean.fit(texts, labels)
    assert np.ptp(pairs.logits(texts[:2])) > 2
    assert np.ptp(mean.logits(texts[:2])) == pytest.approx(0, abs=1e-5)


def test_a_small_vocabulary_keeps_the_most_frequent_words() -> None:
    texts = ["common spam rare"] + ["common spam", "common ham"] * 50
    labels = np.array([True] + [True, False] * 50)
    mean = MeanOfEmbeddings(seed=1, vocabulary=3)  # common, spam, ham
    mean.fit(texts, labels)
    with_rare, without = mean.logits(["spam rare", "spam"])
    assert with_rare == pytest.approx(without, abs=1e-5)
