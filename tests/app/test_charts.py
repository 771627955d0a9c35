"""Charts as numbers: where things are drawn, and that the table says the same."""

import pytest

from app.charts import Axis, Tick, curves, log_odds_place, number, stacked_bars

AXIS = Axis("hour", ["a", "b", "c", "d"])


def test_bars_stand_on_each_other() -> None:
    chart = stacked_bars("n", "t", "d", AXIS, {"ham": [3, 0, 4, 0], "spam": [1, 2, 0, 0]})
    assert [tick.name for tick in chart.y_ticks] == ["1", "2", "3", "4"]
    assert [tick.at for tick in chart.y_ticks] == [75, 50, 25, 0]
    drawn = [(r.kind, r.y, r.height, r.title) for r in chart.rects]
    assert drawn == [
        ("ham", 25, 75, "a: 3 ham"),
        ("spam", 0, 25, "a: 1 spam"),
        ("spam", 50, 50, "b: 2 spam"),
        ("ham", 0, 100, "c: 4 ham"),
    ]
    for rect, place in zip(chart.rects, (0, 0, 1, 2), strict=True):
        assert 25 * place < rect.x < rect.x + rect.width < 25 * (place + 1)
    assert chart.legend == ["ham", "spam"]
    assert chart.table.columns == ["hour", "ham", "spam"]
    assert chart.table.rows[0] == ["a", "3", "1"]


def test_nothing_to_draw_is_an_empty_plot() -> None:
    chart = stacked_bars("n", "t", "d", AXIS, {"ham": [0, 0, 0, 0]})
    assert chart.rects == []
    assert chart.legend == []
    assert chart.y_ticks[-1].at == 0
    assert curves("n", "t", "d", AXIS, {"x": [None] * 4}).curves[0].path == ""


def test_log_odds_have_room_where_it_matters() -> None:
    shares = [0.0, 1e-9, 0.001, 0.01, 0.5, 0.979, 0.99, 0.999, 1 - 1e-12, 1.0]
    places = [log_odds_place(share) for share in shares]
    assert places == sorted(places)
    assert places[0] == places[1] == 0
    assert places[-1] == places[-2] == 100
    assert log_odds_place(0.5) == 50
    assert log_odds_place(0.999) - log_odds_place(0.979) > 15
    assert log_odds_place(0.01) == pytest.approx(100 - log_odds_place(0.99))


def test_a_curve_breaks_where_nothing_is_known() -> None:
    chart = curves("n", "t", "d", AXIS, {"x": [0, 50, None, 100]}, unit=" %", top=100)
    assert chart.curves[0].path == "M12.50 100.00L37.50 50.00"
    assert chart.curves[0].dots == "M87.50 0.00h0"
    assert chart.table.columns == ["hour", "x, %"]
    assert [row[1] for row in chart.table.rows] == ["0", "50", "–", "100"]


@pytest.mark.parametrize("largest", [1e-3, 0.7, 1, 3, 9.9, 10, 11, 99, 1001, 7e6])
def test_the_scale_is_round_and_holds_everything(largest: float) -> None:
    chart = curves("n", "t", "d", Axis("x", ["a"]), {"x": [largest]})
    y = float(chart.curves[0].dots.removesuffix("h0").split()[1])
    assert 0 <= y <= 45  # at least half of the plot is used
    assert 2 <= len(chart.y_ticks) <= 6
    names = [tick.name for tick in chart.y_ticks]
    assert len(set(names)) == len(names)
    assert {name.strip("0.,")[:1] for name in names} <= set("123456789")


def test_names_along_the_axis_leave_room_for_each_other() -> None:
    chart = stacked_bars(
        "n", "t", "d", Axis("x", [str(n) for n in range(24)]), {"x": list(range(24))}
    )
    assert [tick.name for tick in chart.x_ticks] == ["0", "4", "8", "12", "16", "20"]
    own = [Tick(0, "left"), Tick(100, "right")]
    assert stacked_bars("n", "t", "d", Axis("x", ["a"], own), {"x": [1]}).x_ticks == own


def test_numbers_are_written_to_be_read() -> None:
    wrote = [number(value) for value in (0, 7, 1234567, 1234.5, 12.34, 0.1234, 2.0)]
    assert wrote == ["0", "7", "1,234,567", "1,234", "12.3", "0.12", "2"]
