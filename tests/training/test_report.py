"""Reports survive JSON, and their tables show what was measured."""

import json
from pathlib import Path

import numpy as np
import pytest

from training.metrics import Metrics, bootstrap_one_minus_auc, by_slice
from training.report import (
    Report,
    Row,
    from_json,
    measured_rows,
    table,
    to_json,
    write,
)

GOOD = Metrics(1200, 300, 0.99, 0.0025, 0.04, 0.9746, 0.0312, 0.0123, 0.9)
POOR = Metrics(1200, 300, 0.95, 0.01, 0.2, 0.8727, 0.64, 0.05, 0.8)
HAM_ONLY = Metrics(400, 0, 0.98, 0.02, None, None, None, 0.01, 0.9)


def make_report(*rows: Row) -> Report:
    return Report("Test part", "python -m training evaluate", "3f2a9c1b", 1, "2026-01-31", rows)


def cells(markdown: str, *beginning: str) -> list[str]:
    """The table line that begins with the given cells, taken apart."""
    lines = [line.strip("| ").split(" | ") for line in markdown.splitlines() if line[:1] == "|"]
    (found,) = [line for line in lines if line[: len(beginning)] == list(beginning)]
    return found


def test_a_report_survives_json() -> None:
    report = make_report(
        Row("BiLSTM", "sms", GOOD, (0.01, 0.06)), Row("BiLSTM", "newsletters", HAM_ONLY)
    )
    assert from_json(to_json(report)) == report
    assert json.loads(to_json(report))["rows"][1]["metrics"]["f1"] is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"rows": [{}]}', '{"rows": [], "colour": 1}'])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no report|Expecting value"):
        from_json(text)


def test_table_sets_models_side_by_side_and_marks_the_best() -> None:
    markdown = table(
        make_report(
            Row("BiLSTM", "all", GOOD),
            Row("BiLSTM", "sms", GOOD, (0.01, 0.0604)),
            Row("TF-IDF + LR", "all", POOR),
            Row("TF-IDF + LR", "sms", POOR),
        )
    )
    assert cells(markdown, "corpus") == (
        "corpus model ham spam,accuracy %,FPR %,FNR %,F1,1-AUC %,ECE".replace(
            "corpus model ham spam", "corpus,model,ham,spam"
        ).split(",")
    )
    assert cells(markdown, "sms", "BiLSTM") == [
        "sms",
        "BiLSTM",
        "1,200",
        "300",
        "**99.00**",
        "**0.25 (0.09–0.73)**",  # Wilson, 3 of 1200
        "**4.00 (2.30–6.86)**",  # Wilson, 12 of 300
        "**0.9746**",
        "**0.031 (0.010–0.060)**",
        "**0.0123**",
    ]
    assert cells(markdown, "sms", "TF-IDF + LR")[-3:] == ["0.8727", "0.640", "0.0500"]
    order = [line.split(" | ")[:2] for line in markdown.splitlines() if line[:1] == "|"][2:]
    assert order == [
        ["| sms", "BiLSTM"],
        ["| sms", "TF-IDF + LR"],
        ["| all", "BiLSTM"],
        ["| all", "TF-IDF + LR"],
    ]


def test_table_says_how_it_was_made() -> None:
    markdown = table(make_report(Row("BiLSTM", "sms", GOOD)))
    assert markdown.startswith("## Test part\n")
    for part in ("`python -m training evaluate`", "commit 3f2a9c1b", "seed 1", "2026-01-31"):
        assert part in markdown


def test_a_lone_or_equal_value_is_not_marked_as_best() -> None:
    alone = table(make_report(Row("BiLSTM", "sms", GOOD)))
    equal = table(make_report(Row("BiLSTM", "sms", GOOD), Row("other", "sms", GOOD)))
    assert "**" not in alone
    assert "**" not in equal


def test_what_cannot_be_measured_is_a_dash() -> None:
    found = cells(table(make_report(Row("BiLSTM", "newsletters", HAM_ONLY))), "newsletters")
    assert found[2:] == ["400", "0", "98.00", "2.00 (1.02–3.90)", "–", "–", "–", "0.0100"]


def test_a_name_cannot_break_the_table() -> None:
    markdown = table(make_report(Row("a|b\nc", "sms", GOOD)))
    assert cells(markdown, "sms")[1] == r"a\|b c"


def test_measured_rows_are_slices_with_intervals() -> None:
    random = np.random.default_rng(1)
    labels = np.arange(200) % 2 == 0
    probabilities = np.clip(random.normal(0.35, 0.2, 200) + 0.3 * labels, 0, 1)
    slices = ["sms"] * 100 + ["enron"] * 100
    thresholds = {"1 %": 0.7, "logit 0": 0.5}
    found = measured_rows("BiLSTM", labels, probabilities, slices, thresholds, seed=7)
    assert [row.spam_from for row in found] == ["1 %"] * 3 + ["logit 0"] * 3
    strict, rows = found[:3], found[3:]
    assert {r.slice: r.metrics for r in strict} == by_slice(labels, probabilities, slices, 0.7)
    assert [row.slice for row in rows] == ["enron", "sms", "all"]
    assert {r.slice: r.metrics for r in rows} == by_slice(labels, probabilities, slices, 0.5)
    expected = bootstrap_one_minus_auc(labels[100:], probabilities[100:], seed=7)
    assert rows[0].one_minus_auc_interval == expected
    assert {row.model for row in rows} == {"BiLSTM"}


def test_write_makes_both_files(tmp_path: Path) -> None:
    report = make_report(Row("BiLSTM", "sms", GOOD))
    write(report, table(report), tmp_path / "reports" / "classifier-1.0")
    folder = tmp_path / "reports"
    assert from_json((folder / "classifier-1.0.json").read_text(encoding="utf-8")) == report
    assert (folder / "classifier-1.0.md").read_text(encoding="utf-8") == table(report)
