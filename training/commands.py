"""What each command does: train and publish, evaluate, cross-validate; and where results go."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from model import checkpoint
from model.checkpoint import Calibration, round_to_stored
from training import compare, plots, report
from training.config import ConfigError, RunConfig
from training.datasets import Indices
from training.evaluate import (
    NETWORK,
    FoldResult,
    Scored,
    calibrate_on,
    network_logits,
    rate_name,
    run_fold,
    score_baselines,
    score_checkpoint,
    score_paths,
    test_rows,
)
from training.export import make_checkpoint, publish
from training.faithfulness import faithfulness
from training.left_out import crossval_table
from training.metrics import ALL
from training.plots import Predictions
from training.reference import write_reference
from training.report import Report, Row, measured_rows, table
from training.run import Data, commit, load_data, split_all, train
from training.verdicts import table as verdict_table
from training.verdicts import verdicts


def train_command(config: RunConfig, options: argparse.Namespace) -> None:
    """Train (resuming what was cut off), calibrate on validation, publish, test once."""
    data = load_data(config, options.corpora, options.work / "cache")
    split = split_all(data, config)
    state = options.work / f"{config.name}.state"
    state.parent.mkdir(parents=True, exist_ok=True)
    trained = train(data, split, config, state)
    round_to_stored(trained.network)
    logits = network_logits(trained, split.validation)
    calibration = calibrate_on(data, split.validation, logits, config)
    made = make_checkpoint(trained, calibration, config, options.run)
    publish(made, trained, split.validation, options.weights)
    state.unlink()
    write_reference(data, config, options.weights)
    rows = test_rows(data, config)
    results = {NETWORK: score_checkpoint(data, checkpoint.load(options.weights), rows)}
    print(table(_report(f"{config.name}: test", data, config, results)))
    print(f"published {made.version} in {options.weights}")


def reference_command(config: RunConfig, options: argparse.Namespace) -> None:
    """How the published weights' scores and unknown words are spread: what drift is measured by."""
    data = load_data(config, options.corpora, options.work / "cache")
    made = write_reference(data, config, options.weights)
    print(f"{made.messages} validation messages, written to {options.weights}")


def evaluate_command(config: RunConfig, options: argparse.Namespace) -> None:
    """The published weights and the baselines on the grouped test part: tables and plots."""
    data = load_data(config, options.corpora, options.work / "cache")
    rows, split = test_rows(data, config), split_all(data, config)
    shipped = checkpoint.load(options.weights)
    results = {NETWORK: score_checkpoint(data, shipped, rows)}
    others = score_baselines(data, split, config) | score_paths(data, shipped, split, config)
    results |= {name: _restrict(found, rows) for name, found in others.items()}
    made = _report(f"{config.name}: grouped test", data, config, results)
    folder = options.work / "evaluate"
    markdown = table(made)
    report.write(made, markdown, folder / config.name)
    called = _verdicts(data, results[NETWORK], shipped.calibration)
    (folder / "verdicts.md").write_text(called + "\n", encoding="utf-8")
    _plot(data, results, folder)
    spam = rows[data.table.is_spam[rows]]
    explained = faithfulness(data.table, shipped, spam, config.seed)
    (folder / "faithfulness.json").write_text(json.dumps(asdict(explained)), encoding="utf-8")
    print(markdown, called, explained.text(), sep="\n\n")
    print(f"written to {folder}")


def crossval_command(config: RunConfig, options: argparse.Namespace) -> None:
    """Train without each fold's messages and measure on just those: table and plot."""
    data = load_data(config, options.corpora, options.work / "cache")
    chosen = options.fold or [fold.name for fold in config.folds]
    unknown = sorted(set(chosen) - {fold.name for fold in config.folds})
    if unknown:
        raise ConfigError(f"{config.name} has no fold {unknown[0]!r}")
    folder = options.work / "crossval"
    for fold in config.folds:
        if fold.name in chosen:
            result = run_fold(data, config, fold)
            made = _fold_report(data, config, result)
            report.write(made, crossval_table(made), folder / fold.name)
            print(crossval_table(made), flush=True)
    _summarise(config, folder)


def compare_command(config: RunConfig, options: argparse.Namespace) -> None:
    """The classifier's recurrence with each encoder of the course: table and plot."""
    data = load_data(config, options.corpora, options.work / "cache")
    folder = options.work / "compare"
    found = []
    for row in compare.compare(data, config, folder, options.seeds):
        found.append(row)
        print(compare.table([row]).splitlines()[-1], flush=True)
    markdown = compare.table(found)
    (folder / "compare.md").write_text(markdown + "\n", encoding="utf-8")
    compare.plot(found, folder / "compare.png")
    print(markdown)
    print(f"written to {folder}")


def _summarise(config: RunConfig, folder: Path) -> None:
    """One table and plot of all folds measured so far, so that folds may be run one by one."""
    files = [folder / f"{fold.name}.json" for fold in config.folds]
    reports = [
        report.from_json(file.read_text(encoding="utf-8")) for file in files if file.exists()
    ]
    whole = Report(
        title=f"{config.name}: left out of training",
        command="python -m training crossval",
        commit=reports[0].commit,
        seed=config.seed,
        date=reports[-1].date,
        rows=tuple(row for part in reports for row in part.rows),
    )
    markdown = crossval_table(whole)
    report.write(whole, markdown, folder / config.name)
    values: dict[str, dict[str, float]] = {}
    for row in whole.rows:
        if row.metrics.f1 is not None and row.spam_from == rate_name(config.target_fpr):
            values.setdefault(row.slice, {})[row.model] = row.metrics.f1
    if values:
        plots.plot_left_out(folder / "f1.png", "F1", values)
    print(markdown)


def _restrict(found: Scored, rows: Indices) -> Scored:
    keep = np.isin(found.rows, rows)
    return Scored(found.rows[keep], found.probabilities[keep], found.threshold)


def _verdicts(data: Data, found: Scored, calibration: Calibration) -> str:
    corpora = data.table.corpus[found.rows]
    rows = []
    for name in (*sorted(set(corpora.tolist())), ALL):
        inside = np.ones(len(corpora), np.bool_) if name == ALL else corpora == name
        labels = data.table.is_spam[found.rows[inside]]
        rows.append(verdicts(name, labels, found.probabilities[inside], calibration))
    return verdict_table(rows, calibration)


def _report(title: str, data: Data, config: RunConfig, results: Mapping[str, Scored]) -> Report:
    measured: list[Row] = []
    for model, found in results.items():
        corpora = data.table.corpus[found.rows].tolist()
        labels = data.table.is_spam[found.rows]
        measured += measured_rows(
            model, labels, found.probabilities, corpora, {"": found.threshold}, config.seed
        )
    return _stamp(title, "python -m training evaluate", config, measured)


def _fold_report(data: Data, config: RunConfig, result: FoldResult) -> Report:
    measured: list[Row] = []
    for model, found in result.scored.items():
        labels = data.table.is_spam[found.rows]
        names = [result.name] * len(labels)
        thresholds = {rate_name(config.target_fpr): found.threshold, **found.others}
        rows = measured_rows(model, labels, found.probabilities, names, thresholds, config.seed)
        measured += [row for row in rows if row.slice == result.name]
    title = f"{config.name}: {result.name} left out of training"
    return _stamp(title, f"python -m training crossval --fold {result.name}", config, measured)


def _stamp(title: str, command: str, config: RunConfig, rows: Sequence[Row]) -> Report:
    date = datetime.now(UTC).date().isoformat()
    return Report(title, command, commit(), config.seed, date, tuple(rows))


def _plot(data: Data, results: Mapping[str, Scored], folder: Path) -> None:
    everything: dict[str, Predictions] = {}
    by_corpus: dict[str, dict[str, Predictions]] = {}
    for model, found in results.items():
        labels = data.table.is_spam[found.rows]
        everything[model] = Predictions(labels, found.probabilities)
        corpora = data.table.corpus[found.rows]
        for corpus in np.unique(corpora).tolist():
            inside = corpora == corpus
            if labels[inside].any() and not labels[inside].all():
                by_corpus.setdefault(corpus, {})[model] = Predictions(
                    labels[inside], found.probabilities[inside]
                )
    plots.plot_roc(folder / "roc.png", by_corpus)
    plots.plot_reliability(folder / "reliability.png", everything)
    network = results[NETWORK]
    plots.plot_scores(folder / "scores.png", NETWORK, everything[NETWORK], network.threshold)
