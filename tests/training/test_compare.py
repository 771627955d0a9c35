"""One encoder after the other, on a small corpus of one's own."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from training import compare
from training.config import ConfigError, CorpusConfig, FoldConfig, RunConfig, read_config
from training.run import Data, load_data

RUN = Path(compare.__file__).parent / "runs" / "compare.toml"
WORDS = [f"{a}{b}" for a in "ba ko mi lu".split() for b in "ran tel sun dor".split()]


def corpus(folder: Path, seed: int) -> None:
    """Three hundred messages; the spam says one word more often."""
    rng = random.Random(seed)
    folder.mkdir()
    lines = ["label,text"]
    for number in range(300):
        said = rng.sample(WORDS, 8) + ["winner" if number % 2 else "meeting"] * 2
        rng.shuffle(said)
        lines.append(f"{'spam' if number % 2 else 'ham'},{' '.join(said)} {number}")
    (folder / "mail.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def run(tmp_path: Path) -> tuple[Data, RunConfig]:
    shipped = read_config(RUN)
    for seed, name in enumerate(("one", "two")):
        corpus(tmp_path / name, seed)
    config = replace(
        shipped,
        corpora=tuple(CorpusConfig(n, "csv", f"{n}/mail.csv") for n in ("one", "two")),
        folds=(FoldConfig("two", "two"),),
        network=replace(shipped.network, embedding=8, hidden=4, attention=4),
        optimiser=replace(shipped.optimiser, epochs=1),
    )
    return load_data(config, tmp_path, tmp_path / "cache"), config


def test_each_encoder_has_a_row_and_none_is_measured_twice(
    run: tuple[Data, RunConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "ENCODERS", compare.ENCODERS[:2] + compare.ENCODERS[-1:])
    found = list(compare.compare(*run, tmp_path / "out", (1, 2)))
    assert [row.name for row in found] == 2 * [name for name, *_ in compare.ENCODERS]
    assert [row.seed for row in found] == [1, 1, 1, 2, 2, 2]
    assert found[0].parameters == 0 < found[1].parameters < found[2].parameters
    assert all(0 <= row.f1_left_out <= 1 and row.messages_a_second > 0 for row in found)
    assert list(compare.compare(*run, tmp_path / "out", (1, 2))) == found
    compare.plot(found, tmp_path / "compare.png")
    assert (tmp_path / "compare.png").stat().st_size > 1000
    assert compare.table(found).count("\n") == 4


def test_a_run_with_a_wide_path_is_refused(run: tuple[Data, RunConfig], tmp_path: Path) -> None:
    data, config = run
    with pytest.raises(ConfigError, match="no wide path"):
        next(
            compare.compare(
                data, replace(config, wide=replace(config.wide, enabled=True)), tmp_path, (1,)
            )
        )


def test_the_shipped_run_compares_what_it_says() -> None:
    assert read_config(RUN).folds == (FoldConfig("spamassassin", "spamassassin"),)
    cells = {(cell, directions) for _, cell, directions, _ in compare.ENCODERS}
    assert {(c, d) for c in ("elman", "gru", "lstm") for d in (1, 2)} <= cells
    assert {"a", "b", "c"} <= {depth for *_, depth in compare.ENCODERS}
