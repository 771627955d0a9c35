"""Sums of what the interpreter says about imports."""

import pytest

from tests.benchmarks.imports import costs

_SAID = """\
import time: self [us] | cumulative | imported package
import time:       100 |        100 |     numpy.core
import time:       200 |        300 |   numpy
import time:      1000 |       1300 | torch
a line of the log
import time:        30 |         30 |   email.parser
import time:        20 |         50 | app.inputs
import time:         5 |          5 | email.policy
import time:         7 |          7 |   torch.late
import time:         9 |         16 | app.serving
"""


def test_what_torch_brings_is_not_counted() -> None:
    assert costs(_SAID, without="torch") == pytest.approx({"email": 35e-6, "app": 29e-6})


def test_with_everything_counted_it_is_the_sum_of_all() -> None:
    assert sum(costs(_SAID, without="").values()) == pytest.approx(1371e-6)
