"""Figures are drawn without a warning and refuse what they cannot show."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from training.plots import (
    Predictions,
    plot_left_out,
    plot_reliability,
    plot_roc,
    plot_scores,
)


def predictions(ham: int, spam: int) -> Predictions:
    random = np.random.default_rng(ham)
    labels = np.arange(ham + spam) >= ham
    return Predictions(labels, 1 / (1 + np.exp(-random.normal(6 * labels - 3, 1.5))))


def drawn(path: Path) -> bool:
    """Whether the PNG shows more than an empty page: some pixels are coloured, not grey."""
    image = imread(path)[..., :3]
    return bool(np.mean(np.ptp(image, axis=2) > 0.2) > 0.001)


def test_roc_has_a_panel_for_each_corpus_with_ham_and_spam(tmp_path: Path) -> None:
    full = {"BiLSTM": predictions(80, 40), "TF-IDF": predictions(80, 40)}
    plot_roc(tmp_path / "one.png", {"sms": full, "newsletters": {"BiLSTM": predictions(9, 0)}})
    plot_roc(tmp_path / "four.png", {"sms": full, "ling": full, "enron": full, "modern": full})
    assert drawn(tmp_path / "one.png")
    one, four = imread(tmp_path / "one.png"), imread(tmp_path / "four.png")
    assert four.shape[0] > 1.4 * one.shape[0]
    assert four.shape[1] > 1.8 * one.shape[1]


def test_roc_without_ham_and_spam_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="both ham and spam"):
        plot_roc(tmp_path / "roc.png", {"newsletters": {"BiLSTM": predictions(9, 0)}})


def test_reliability_and_scores_are_drawn(tmp_path: Path) -> None:
    made = predictions(300, 100)
    plot_reliability(tmp_path / "new folder" / "reliability.png", {"BiLSTM": made})
    plot_scores(tmp_path / "scores.png", "BiLSTM", made, 0.93)
    assert drawn(tmp_path / "new folder" / "reliability.png")
    assert drawn(tmp_path / "scores.png")


def test_scores_of_one_class_and_of_full_certainty_are_drawn(tmp_path: Path) -> None:
    certain = Predictions(np.array([False, False]), np.array([0.0, 1.0]))
    plot_scores(tmp_path / "scores.png", "BiLSTM", certain, 1.0)
    assert drawn(tmp_path / "scores.png")


def test_reliability_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs messages"):
        plot_reliability(tmp_path / "reliability.png", {"BiLSTM": predictions(0, 0)})


def test_left_out_draws_what_there_is(tmp_path: Path) -> None:
    values = {"sms": {"BiLSTM": 0.9, "TF-IDF": 0.8}, "newsletters of shops": {"TF-IDF": 0.7}}
    plot_left_out(tmp_path / "f1.png", "F1", values)
    assert drawn(tmp_path / "f1.png")
    with pytest.raises(ValueError, match="nothing to draw"):
        plot_left_out(tmp_path / "f1.png", "F1", {})
