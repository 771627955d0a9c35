"""Lists to sort, the loss, a run from its file to a published sorter, and the report."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from model import sorter_checkpoint
from model.decoding import Parts
from model.sorter import Sorter, SorterConfig, collate
from training.__main__ import main
from training.number_lists import CELLS, log_uniform, training_list
from training.sorting_config import SortingOptimiser, SortingRun
from training.sorting_loop import draw_batch, train_sorter
from training.sorting_loss import hear_all, prepare_all, sorting_loss, stable_order
from training.sorting_measures import Cell, fresh_lists, measure
from training.sorting_report import SortingReport, markdown, plot, to_json

TINY = SortingRun(
    name="tiny",
    kind="sorter",
    network=SorterConfig(encoder=8, decoder=8, pointer=16),
    optimiser=SortingOptimiser(steps=150, short_steps=150, short=5, numbers_per_batch=128),
)


def test_every_cell_gives_lists_of_the_length() -> None:
    random = np.random.default_rng(0)
    for name, draw in CELLS.items():
        for length in (1, 5, 64):
            numbers = draw(random, length)
            assert numbers.shape == (length,), name
            assert np.isfinite(numbers).all()


def test_cells_are_what_they_are_called() -> None:
    random = np.random.default_rng(0)
    spread = np.abs(log_uniform(random, 5000))
    assert np.log10(spread.max() / spread.min()) == pytest.approx(12, abs=0.1)
    assert (np.diff(CELLS["sorted"](random, 50)) > 0).all()
    assert (np.diff(CELLS["reversed"](random, 50)) < 0).all()
    assert len(np.unique(CELLS["integers"](random, 64))) <= 10
    close = np.sort(CELLS["clusters"](random, 64))
    gaps = np.abs(np.diff(close) / close[1:])
    assert (gaps < 3e-5).sum() > 32
    assert gaps.min() > 1e-7


def test_a_cell_is_always_the_same_lists() -> None:
    first, second = (list(fresh_lists("normal", 200, 9)) for _ in range(2))
    assert sum(map(len, first)) == 9
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(first[0][0], next(fresh_lists("normal", 200, 9))[1])


def test_training_lists_hold_every_length_and_ties() -> None:
    random = np.random.default_rng(0)
    lists = [training_list(random, 20) for _ in range(200)]
    assert all(len(numbers) == 20 and np.isfinite(numbers).all() for numbers in lists)
    ties = sum(len(np.unique(numbers)) < 20 for numbers in lists)
    assert 20 < ties < 180


def test_the_target_is_the_stable_order() -> None:
    numbers = collate([[2.0, 1.0, 2.0, 1.0], [5.0, -1.0]])
    assert stable_order(numbers).tolist() == [[1, 3, 0, 2], [1, 0, 2, 3]]


def test_padding_changes_no_score() -> None:
    torch.manual_seed(0)
    network = Sorter(SorterConfig(encoder=3, decoder=4, pointer=5))

    def scores(*lists: list[float]) -> npt.NDArray[np.float32]:
        numbers = collate(lists)
        order = stable_order(numbers)
        prepared = prepare_all(network, numbers, order)
        heard = hear_all(network, numbers, order, order, prepared)
        found: npt.NDArray[np.float32] = heard.detach().numpy()[0, :2, :2]
        return found

    alone, beside = scores([2.0, 1.0]), scores([2.0, 1.0], [5.0, 1.0, 2.0, 9.0])
    np.testing.assert_allclose(alone, beside, atol=1e-6)


def test_a_list_of_one_number_costs_nothing() -> None:
    torch.manual_seed(0)
    network = Sorter(SorterConfig(encoder=3, decoder=4, pointer=5))
    loss, wrong = sorting_loss(network, collate([[3.0]]), np.random.default_rng(0))
    assert (loss.item(), wrong) == (0, 0)


def test_every_weight_learns() -> None:
    torch.manual_seed(0)
    network = Sorter(SorterConfig(encoder=3, decoder=4, pointer=5))
    loss, _ = sorting_loss(network, collate([[1.0, 3.0, 2.0]] * 4), np.random.default_rng(0))
    loss.backward()  # type: ignore[no-untyped-call]
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name


def test_batches_begin_short() -> None:
    random = np.random.default_rng(0)
    config = SortingOptimiser(short_steps=5, short=4, longest=64)
    assert max(draw_batch(random, config, 0).lengths.max() for _ in range(20)) <= 4
    later = [draw_batch(random, config, 5) for _ in range(20)]
    assert max(batch.lengths.max() for batch in later) > 32
    assert all(len(batch.lengths) >= 8 for batch in later)


def test_a_short_training_learns_short_lists_the_same_way_twice() -> None:
    first, second = train_sorter(TINY), train_sorter(TINY)
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)
    other_seed = train_sorter(replace(TINY, seed=2, optimiser=SortingOptimiser(steps=1)))
    assert not torch.equal(other_seed.hop.bias, first.hop.bias)
    shares = [c.exact / c.lists for c in measure(first, [3], 50, {"all": Parts()})]
    assert np.mean(shares) > 0.5  # by chance: one in six


def test_train_and_evaluate_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "small.toml"
    run.write_text(
        'name = "small"\nkind = "sorter"\n'
        "[network]\nencoder = 2\ndecoder = 2\npointer = 2\n"
        "[optimiser]\nsteps = 3\nlongest = 6\nshort = 4\n"
    )
    weights, work = tmp_path / "weights", tmp_path / "work"
    options = ["--weights", str(weights), "--work", str(work)]
    assert main(["train", str(run), "--seed", "5", *options]) == 0
    made = sorter_checkpoint.load(weights)
    assert made.run["seed"] == 5
    assert made.run["file"] == "training/runs/small.toml"
    assert main(["evaluate", str(run), "--lists", "1", *options]) == 0
    assert "| length | uniform |" in capsys.readouterr().out
    folder = work / "evaluate" / "small"
    report = json.loads((folder / "report.json").read_text())
    assert len(report["cells"]) == 7 * len(CELLS)
    assert (folder / "length.png").read_bytes().startswith(b"\x89PNG")


def test_a_sorter_is_not_cross_validated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "small.toml"
    run.write_text('name = "small"\nkind = "sorter"\n')
    assert main(["crossval", str(run)]) == 2
    assert "cross-validate" in capsys.readouterr().err


def report_of(exact: int) -> SortingReport:
    cells = tuple(Cell("all parts", name, 5, 3000, exact, exact - 1) for name in CELLS)
    ablations = tuple(Cell("guard off", name, 5, 500, 0, 0) for name in CELLS)
    return SortingReport("command", "abc", "1.0", 1, "2026-01-01", 12.34, 5.67, cells, ablations)


def test_a_hundred_per_cent_means_every_list() -> None:
    text = markdown(report_of(3000))
    assert "| 5 | " + " | ".join(["100.00"] * 7) + " |" in text
    assert "| 5 | " + " | ".join(["99.96"] * 7) + " |" in text
    assert "| guard off | 5 | 0.00 |" in text
    assert "12.3 ms, 5.7 ms of them on a processor" in text
    assert json.loads(to_json(report_of(1)))["cells"][0]["exact"] == 1


def test_the_figure_has_a_line_each(tmp_path: Path) -> None:
    plot(report_of(2999), tmp_path / "length.png")
    assert (tmp_path / "length.png").stat().st_size > 10_000
