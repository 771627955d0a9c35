"""Shares of the three verdicts, by hand."""

import numpy as np
import pytest

from model.checkpoint import Calibration
from training.verdicts import table, verdicts

CURVE = ((0.99, 0.0), (0.9, 0.001), (0.5, 0.01), (0.2, 0.1))
CALIBRATION = Calibration(1.0, 0.0, 0.7, CURVE)


def test_each_share_is_of_its_own_kind() -> None:
    labels = np.array([False] * 4 + [True] * 5)
    probabilities = np.array([0.1, 0.4999, 0.5, 0.9, 0.95, 0.9, 0.8999, 0.5, 0.3])
    found = verdicts("all", labels, probabilities, CALIBRATION)
    assert found.ham_called_spam == 1 / 4
    assert found.ham_unsure == 1 / 4
    assert found.spam_unsure == 2 / 5
    assert found.spam_called_ham == 1 / 5
    lines = table([found], CALIBRATION).splitlines()
    assert lines[-1] == "| all | 25.00 | 25.00 | 20.00 | 40.00 |"


def test_a_slice_of_one_kind_has_no_share_of_the_other() -> None:
    found = verdicts("phishing", np.array([True]), np.array([1.0]), CALIBRATION)
    assert (found.ham_called_spam, found.spam_called_ham) == (None, 0.0)
    assert table([found], CALIBRATION).endswith("| phishing | – | – | 0.00 | 0.00 |")


@pytest.mark.parametrize(
    ("rate", "threshold"), [(0.0001, 0.99), (0.001, 0.9), (0.05, 0.5), (0.5, 0.2)]
)
def test_a_rate_never_lets_more_ham_be_blamed_than_asked(rate: float, threshold: float) -> None:
    assert CALIBRATION.threshold_at(rate) == threshold
