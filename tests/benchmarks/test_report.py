"""What is written of a benchmark: nothing of it is lost, and numbers keep the digits that count."""

from pathlib import Path

import pytest

from tests.benchmarks import report
from tests.benchmarks.results import Curve, Findings, Row

_FINDINGS = {
    "one": Findings(
        (Row("speed", {"ours, messages/s": 1234.56, "ms": 0.01234}, "fast", "faster", None),),
        (Curve("a", "x", "y", ((1.0, 2.0), (3.0, 4.5))), Curve("b", "z", "y", ((0.0, 1.0),))),
        ("a peer was left out",),
    ),
    "two": Findings((Row("size", {}, "small", "smaller", True),)),
}


def test_what_was_written_is_read_again() -> None:
    assert report.from_json(report.to_json(_FINDINGS)) == _FINDINGS


def test_the_table_holds_every_row_and_the_notes() -> None:
    assert report.table(_FINDINGS).splitlines() == [
        "| what | measured | verdict | aim | reached |",
        "| --- | --- | --- | --- | --- |",
        "| speed | ours, messages/s: 1,235<br>ms: 0.0123 | fast | faster | – |",
        "| size |  | small | smaller | yes |",
        "",
        "- one: a peer was left out",
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (8000.0, "8,000"), (99.44, "99.4"), (0.00061, "0.00061")]
)
def test_numbers_keep_three_digits(value: float, text: str) -> None:
    assert report.number(value) == text


def test_a_figure_is_drawn_where_there_are_curves(tmp_path: Path) -> None:
    report.plot({"none": Findings()}, tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
    report.plot(_FINDINGS, tmp_path / "bench.png")
    assert (tmp_path / "bench.png").stat().st_size
