"""The tasks draw what they say, measure what they say, and fail when a bar is missed."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from training.__main__ import main
from training.tasks import digits, expressions, parity, recall, reversal, waveform
from training.tasks.result import Result, table


def test_a_bar_is_passed_from_its_own_side() -> None:
    def result(reached: float, smaller: bool) -> Result:
        return Result("t", "n", "u", reached, 10, 0, "none", smaller)

    assert result(11, smaller=False).passed
    assert result(9, smaller=True).passed
    assert not result(9, smaller=False).passed
    assert "**missed**" in table([result(11, smaller=True)])


def test_the_symbol_to_recall_is_the_first() -> None:
    x, first = recall.draw(delay=5, rows=4)
    assert x.shape == (4, 6, recall.SYMBOLS)
    assert torch.equal(x[:, 0].argmax(1), first)


def test_parity_by_hand() -> None:
    torch.manual_seed(0)
    bits, odd = parity.draw(steps=6, rows=3)
    for row, answers in zip(bits[:, :, 0].tolist(), odd.tolist(), strict=True):
        assert answers == [sum(row[: t + 1]) % 2 for t in range(6)]


def test_a_wave_is_what_its_parameters_say() -> None:
    torch.manual_seed(0)
    context, wave = waveform.draw(2)
    amplitude, frequency, phase, damping = context[0].tolist()
    t = 7 / waveform.STEPS
    expected = (1 + 0.5 * amplitude) * np.exp(-(1 + damping) * t)
    expected *= np.sin(2 * np.pi * (2 + frequency) * t + np.pi * phase)
    assert wave[0, 7, 0].item() == pytest.approx(expected, abs=1e-5)


def test_the_targets_of_a_reversal_spell_it_backwards_and_end() -> None:
    torch.manual_seed(0)
    ids, lengths, targets = reversal.draw(20)
    for row, length, positions in zip(
        ids.tolist(), lengths.tolist(), targets.tolist(), strict=True
    ):
        spelled = [row[position] for position in positions if position >= 0]
        assert spelled == [*row[1:length][::-1], 0]


def test_digits_move_by_a_pixel_and_bounce() -> None:
    paths = [digits.bounce(np.array([t, 15 - t]), 8) for t in range(20)]
    for before, after in itertools.pairwise(paths):
        assert all(abs(a - b) == 1 for a, b in zip(before, after, strict=True))
    assert {0, 8} <= {place for path in paths for place in path} <= set(range(9))
    frames, following = digits.film(torch.rand(3, 8, 8), rows=2)
    assert torch.equal(frames[:, 1:], following[:, :-1])


def test_expressions_have_the_values_of_their_trees() -> None:
    forest = expressions.draw(np.random.default_rng(0), 50)
    assert set(forest.symbols.tolist()) == set(range(expressions.SYMBOLS))
    for node, (left, right) in enumerate(forest.children.tolist()):
        symbol, value = int(forest.symbols[node]), int(forest.values[node])
        if left < 0:
            assert value == symbol
        else:
            operator = expressions.OPERATORS[symbol - expressions.MODULUS]
            pair = int(forest.values[left]), int(forest.values[right])
            assert value == eval(f"{pair[0]} {operator} {pair[1]}") % expressions.MODULUS


@pytest.mark.slow
def test_parity_is_learnt_and_the_command_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tasks", "--task", "parity", "--work", str(tmp_path)]) == 0
    assert "| 100 | ≥ 100 |" in capsys.readouterr().out
    assert "passed" in (tmp_path / "tasks" / "tasks.md").read_text(encoding="utf-8")


def test_a_task_that_was_not_learnt_fails_loudly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = parity.run
    monkeypatch.setattr(parity, "run", lambda seed, steps: learn(seed, steps=1))
    assert main(["tasks", "--task", "parity", "--work", str(tmp_path)]) == 1
    assert "MISSED: parity" in capsys.readouterr().out


@pytest.mark.slow
def test_an_lstm_recalls_and_an_elman_networks_gradient_fades(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recall, "DELAYS", (20,))
    results, found = recall.run(seed=1, steps=400)
    assert found.accuracy["LSTM"][20] > 0.9
    gradient = results[1]
    assert gradient.reached > 2 * gradient.baseline > 0
