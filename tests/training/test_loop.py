"""Training learns, repeats itself at a seed, stops when it should, and survives an interruption."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.classifier import Classifier, ClassifierConfig
from training.batches import BatchBuilder, Noise
from training.config import OptimiserConfig
from training.loop import Floats, Task, Trainer, _Schedule, predict_logits
from training.tokens import TokenTable
from training.vocabulary import index_lexicon

WORDS = ["<subject>", "<body>", "cheap", "pills", "meeting", "nine", "the", "a"]
CONFIG = OptimiserConfig(
    epochs=4, tokens_per_batch=256, rows_per_batch=16, learning_rate=0.02, average=0.8,
    bfloat16=False,
)  # fmt: skip
MakeTable = Callable[..., TokenTable]
MakeTrainer = Callable[..., Trainer]


@pytest.fixture
def task(make_table: MakeTable) -> Task:
    """160 messages, spam when `cheap` comes before `meeting`: their bags of words are the same."""
    random = np.random.default_rng(0)
    rows = []
    for number in range(160):
        pair = ("cheap", "meeting") if number % 2 else ("meeting", "cheap")
        filler = random.choice(["the", "a", "nine", "pills"], 6).tolist()
        at = sorted(random.choice(7, 2, replace=False))
        filler[at[0] : at[0]] = [pair[0]]
        filler[at[1] + 1 : at[1] + 1] = [pair[1]]
        rows.append((" ".join(filler), bool(number % 2), "c", "s"))
    table = make_table(*rows)
    builder = BatchBuilder(table, index_lexicon(table, WORDS, 30), 20, 20)
    train, validation = np.arange(120), np.arange(120, 160)
    targets = table.is_spam.astype(np.float32)

    def error_rate(logits: Floats) -> float:
        return float(((logits > 0) != table.is_spam[validation]).mean())

    return Task(builder, train, targets[train], np.ones(120, np.float32), validation, error_rate)


@pytest.fixture
def make_trainer(task: Task) -> MakeTrainer:
    def make(seed: int = 1, config: OptimiserConfig = CONFIG, task: Task = task) -> Trainer:
        torch.manual_seed(seed)
        sizes = ClassifierConfig(
            len(WORDS) + 1, 30, embedding=12, hidden=12, attention=8, dropout=0.1
        )
        return Trainer(Classifier(sizes), task, Noise(0.05, 0.0), config, seed)

    return make


def weights(network: Classifier) -> list[list[float]]:
    return [parameter.flatten().tolist() for parameter in network.parameters()]


def test_it_learns_a_task_that_no_bag_of_words_can(make_trainer: MakeTrainer, task: Task) -> None:
    trainer = make_trainer(config=replace(CONFIG, epochs=12, patience=12))
    network = trainer.run()
    assert not network.training
    assert min(epoch.score for epoch in trainer.epochs) <= 0.05
    assert task.score(predict_logits(network, task.builder, task.validation)) <= 0.05
    assert trainer.epochs[-1].loss < trainer.epochs[0].loss / 2


def test_a_recipe_in_bfloat16_learns_on_every_processor(
    make_trainer: MakeTrainer, task: Task
) -> None:
    config = replace(CONFIG, epochs=12, patience=12, bfloat16=True)
    network = make_trainer(config=config).run()
    assert task.score(predict_logits(network, task.builder, task.validation, True)) <= 0.1


def test_the_same_seed_gives_the_same_weights(make_trainer: MakeTrainer) -> None:
    one, same, other = (make_trainer(seed).run() for seed in (1, 1, 2))
    assert weights(one) == weights(same)
    assert weights(one) != weights(other)


def test_an_interrupted_run_ends_as_an_uninterrupted_one(
    make_trainer: MakeTrainer, task: Task, tmp_path: Path
) -> None:
    whole = make_trainer()
    expected = whole.run()
    calls = 0

    def power_cut(logits: Floats) -> float:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return task.score(logits)

    state = tmp_path / "state.pt"
    with pytest.raises(KeyboardInterrupt):
        make_trainer(task=replace(task, score=power_cut)).run(state)
    torch.manual_seed(99)  # another process draws other numbers
    resumed = make_trainer()
    assert weights(resumed.run(state)) == weights(expected)
    assert resumed.epochs == whole.epochs


def test_a_finished_run_is_not_run_again(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    state = tmp_path / "state.pt"
    trainer = make_trainer()
    first = trainer.run(state)
    written = state.stat().st_mtime_ns
    again = make_trainer()
    assert weights(again.run(state)) == weights(first)
    assert again.epochs == trainer.epochs
    assert state.stat().st_mtime_ns == written


def test_it_stops_when_patience_is_spent_and_gives_the_best(
    make_trainer: MakeTrainer, task: Task
) -> None:
    scores = iter([3.0, 1.0, 2.0, 2.0, 0.0])
    seen: list[Floats] = []

    def score(logits: Floats) -> float:
        seen.append(logits.copy())
        return next(scores)

    config = replace(CONFIG, epochs=10, patience=2)
    trainer = make_trainer(config=config, task=replace(task, score=score))
    network = trainer.run()
    assert [epoch.score for epoch in trainer.epochs] == [3.0, 1.0, 2.0, 2.0]
    found = predict_logits(network, task.builder, task.validation)
    np.testing.assert_allclose(found, seen[1], atol=1e-6)


def test_what_weighs_nothing_is_not_learnt(make_trainer: MakeTrainer, task: Task) -> None:
    """Half the targets turned round: with weight zero they must not matter."""
    wrong = np.arange(120) % 4 < 2
    targets = np.where(wrong, 1 - task.targets, task.targets)
    kept = np.where(wrong, 0, 2).astype(np.float32)
    config = replace(CONFIG, epochs=14, patience=14)
    trainer = make_trainer(config=config, task=replace(task, targets=targets, weights=kept))
    trainer.run()
    assert min(epoch.score for epoch in trainer.epochs) <= 0.15


def test_logits_come_back_in_the_order_of_the_rows(make_trainer: MakeTrainer, task: Task) -> None:
    network = make_trainer().run()
    rows = np.array([7, 150, 3, 3, 88])
    together = predict_logits(network, task.builder, rows)
    alone = [predict_logits(network, task.builder, rows[i : i + 1])[0] for i in range(5)]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_the_learning_rate_rises_and_falls_to_nothing() -> None:
    schedule = _Schedule(100, 0.1)
    factors = [schedule(step) for step in range(101)]
    assert factors[:10] == pytest.approx([n / 10 for n in range(1, 11)])
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[55] == pytest.approx(0.5)
    assert factors[100] == pytest.approx(0)
