"""The table of what was left out shows each model at each threshold, and the best of them."""

from dataclasses import replace

import pytest

from tests.training.test_report import GOOD, HAM_ONLY, POOR, cells, make_report
from training.left_out import crossval_table
from training.report import Row

BETTER = replace(GOOD, f1=0.9946, one_minus_auc_percent=0.1312, false_positive_rate=0.0075)


def test_models_side_by_side_and_their_means_by_hand() -> None:
    markdown = crossval_table(
        make_report(
            Row("BiLSTM", "sms", GOOD),
            Row("TF-IDF", "sms", POOR),
            Row("BiLSTM", "ling", BETTER),
            Row("TF-IDF", "ling", POOR),
            Row("BiLSTM", "newsletters", HAM_ONLY),
            Row("TF-IDF", "newsletters", replace(HAM_ONLY, false_positive_rate=0.47)),
        )
    )
    titles = [f"{t}: {m}" for t in ("F1", "FPR %", "1-AUC %") for m in ("BiLSTM", "TF-IDF")]
    assert cells(markdown, "left out") == ["left out", "ham", "spam", "spam from", *titles]
    assert cells(markdown, "sms")[4:] == [
        *("**0.9746**", "0.8727"),
        *("**0.25**", "1.00"),
        *("**0.031**", "0.640"),
    ]
    absent = "–"
    assert cells(markdown, "newsletters")[4:] == [
        *(absent, absent),
        *("**2.00**", "47.00"),
        *(absent, absent),
    ]
    # The newsletters, ham only, are not in the mean.
    assert cells(markdown, "mean")[4:] == [
        *("0.9846", "0.8727"),
        *("0.50", "1.00"),
        *("0.081", "0.640"),
    ]


def test_each_threshold_has_a_best_and_a_mean_of_its_own() -> None:
    loose = replace(GOOD, f1=0.9, false_positive_rate=0.02)
    looser = replace(POOR, f1=0.91, false_positive_rate=0.03)
    markdown = crossval_table(
        make_report(
            Row("BiLSTM", "sms", GOOD, spam_from="0.1 %"),
            Row("BiLSTM", "sms", loose, spam_from="logit 0"),
            Row("TF-IDF", "sms", POOR, spam_from="0.1 %"),
            Row("TF-IDF", "sms", looser, spam_from="logit 0"),
        )
    )
    counts = ("sms", "1,200", "300")
    strict = cells(markdown, *counts, "0.1 %")
    assert strict[4:8] == ["**0.9746**", "0.8727", "**0.25**", "1.00"]
    assert cells(markdown, *counts, "logit 0")[4:8] == ["0.9000", "**0.9100**", "**2.00**", "3.00"]
    assert cells(markdown, "mean", "", "", "logit 0")[4:6] == ["0.9000", "0.9100"]


def test_ham_alone_has_no_mean() -> None:
    assert "mean |" not in crossval_table(make_report(Row("BiLSTM", "newsletters", HAM_ONLY)))


@pytest.mark.parametrize(
    "rows",
    [
        (Row("BiLSTM", "sms", GOOD), Row("BiLSTM", "ling", GOOD), Row("TF-IDF", "sms", POOR)),
        (Row("BiLSTM", "sms", GOOD), Row("BiLSTM", "sms", GOOD)),
        (Row("BiLSTM", "sms", GOOD, spam_from="1 %"), Row("TF-IDF", "sms", POOR)),
    ],
    ids=["missing", "twice", "another threshold"],
)
def test_a_row_missing_or_twice_is_refused(rows: tuple[Row, ...]) -> None:
    with pytest.raises(ValueError, match="one row on each"):
        crossval_table(make_report(*rows))
