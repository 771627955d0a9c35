"""The commands as who trains on mail of their own calls them: two CSV files and a run file."""

import csv
import json
import random
from pathlib import Path

import pytest

from model.mime import from_text
from model.predictor import ClassifierPredictor
from training.__main__ import main

HAM = "meeting agenda notes lunch project review colleague draft minutes schedule".split()
SPAM = "viagra winner prize casino refinance pills claim lottery jackpot unlimited".split()
BOTH = [f"word{chr(97 + i)}{chr(97 + j)}" for i in range(10) for j in range(10)]
RUN = """
name = "own"
most_tokens = 32
target_fpr = 0.02
[vocabulary]
words = 500
buckets = 64
min_messages = 2
min_corpora = 1
[network]
embedding = 8
hidden = 4
attention = 4
[wide]
min_messages = 2
[optimiser]
epochs = 2
[[corpora]]
name = "home"
format = "csv"
path = "home.csv"
[[corpora]]
name = "work"
format = "csv"
path = "work.csv"
[[folds]]
name = "work"
corpus = "work"
"""


def write_corpus(path: Path, seed: int) -> None:
    """Two hundred messages that three words of thirty tell apart."""
    drawn = random.Random(seed)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["label", "text"])
        for number in range(200):
            words = drawn.choices(BOTH, k=27) + drawn.choices(SPAM if number % 2 else HAM, k=3)
            drawn.shuffle(words)
            rows.writerow(["spam" if number % 2 else "ham", " ".join(words)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Corpora, a run file, and the weights that `train` made of them."""
    made = tmp_path_factory.mktemp("own")
    write_corpus(made / "home.csv", 1)
    write_corpus(made / "work.csv", 2)
    (made / "own.toml").write_text(RUN)
    assert run("train", made) == 0
    return made


def run(command: str, folder: Path, *more: str) -> int:
    given = ["--corpora", str(folder), "--work", str(folder), "--weights", str(folder / "weights")]
    return main([command, str(folder / "own.toml"), *given, *more])


def test_what_was_trained_serves(folder: Path) -> None:
    predictor = ClassifierPredictor.load(folder / "weights", "cpu")
    messages = [from_text("notes of the meeting: agenda, lunch"), from_text("claim your prize")]
    ham, spam = predictor.predict([predictor.encode(message) for message in messages])
    assert ham < 0.5 < spam
    assert predictor.info()["run"]


def test_evaluate_sets_it_beside_the_linear_models(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("evaluate", folder) == 0
    printed = capsys.readouterr().out
    report = json.loads((folder / "evaluate" / "own.json").read_text())
    models = {row["model"] for row in report["rows"]}
    assert {"BiLSTM", "TF-IDF + LR", "mean of embeddings"} <= models
    assert {row["slice"] for row in report["rows"]} == {"home", "work", "all"}
    for model in models:
        assert f"| {model} |" in printed
    for name in ("roc", "reliability", "scores"):
        assert (folder / "evaluate" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_crossval_measures_on_what_it_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("crossval", folder, "--fold", "work") == 0
    assert "| work | 100 | 100 |" in capsys.readouterr().out
    report = json.loads((folder / "crossval" / "own.json").read_text())
    measured = [(row["model"], row["spam_from"]) for row in report["rows"]]
    assert measured == [
        (model, spam_from)
        for model in ("BiLSTM", "TF-IDF + LR", "mean of embeddings")
        for spam_from in ("2 %", "0.5 %", "1 %", "10 % missed", "logit 0")
    ]
    assert (folder / "crossval" / "f1.png").read_bytes().startswith(b"\x89PNG")


def test_a_fold_that_the_run_has_not_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("crossval", folder, "--fold", "play") == 2
    assert "no fold 'play'" in capsys.readouterr().err
