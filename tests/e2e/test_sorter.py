"""The number sorter's panel in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Open

pytestmark = pytest.mark.browser


def test_numbers_are_sorted_and_the_pointer_is_drawn(page: Page) -> None:
    page.get_by_label("numbers, separated").fill("3, 9007199254740993 -1.50\n.5 1e3")
    page.get_by_role("button", name="Sort").click()
    expect(page.locator("#exact")).to_have_text("in order")
    items = page.locator("#sorted li").all_inner_texts()
    assert items == ["-1.50", ".5", "3", "1e3", "9007199254740993"]
    expect(page.locator("#step-text")).to_contain_text("Step 5 of 5: 9007199254740993")
    assert darkest_columns(page, 5) == [2, 3, 0, 4, 1]
    page.locator("#step").fill("2")
    expect(page.locator("#step-text")).to_contain_text("Step 2 of 5: .5, number 4 of the input")
    assert darkest_columns(page, 5)[2:] == [None, None, None]


def test_the_drawing_plays_step_by_step(open_page: Open) -> None:
    page = open_page(reduced_motion="no-preference")
    page.get_by_role("button", name="Random").click()
    expect(page.locator("#play")).to_have_text("Pause")
    expect(page.locator("#step-text")).to_contain_text("Step 24 of 24", timeout=20_000)
    expect(page.locator("#play")).to_have_text("Play")


def test_what_is_no_number_is_said_and_the_last_answer_goes(page: Page) -> None:
    page.get_by_role("button", name="Close ties").click()
    expect(page.locator("#sorting")).to_be_visible()
    page.get_by_label("numbers, separated").fill("1 two 3 1e999")
    page.get_by_role("button", name="Sort").click()
    expect(page.locator("#sort-problem")).to_have_text(
        "Number 2, two, must be a number. Number 4, 1e999, must be finite."
    )
    expect(page.locator("#sorting")).to_be_hidden()
    page.get_by_label("numbers, separated").fill("7 " * 300)
    page.get_by_role("button", name="Sort").click()
    expect(page.locator("#sort-problem")).to_contain_text("300 numbers; at most 256")


def test_the_number_of_the_step_is_in_view(page: Page) -> None:
    page.get_by_label("numbers, separated").fill(" ".join(str(1000 + n) for n in range(256)))
    page.get_by_role("button", name="Sort").click()
    expect(page.locator("#step-text")).to_contain_text("Step 256 of 256")
    for step in (256, 1, 128):
        page.locator("#step").fill(str(step))
        expect(page.locator("#sorted li.here")).to_have_text(str(999 + step))
        assert page.locator("#sorted").evaluate(
            """list => {
                const [frame, here] = [list, list.querySelector(".here")].map(
                    (e) => e.getBoundingClientRect());
                return here.top >= frame.top - 1 && here.bottom <= frame.bottom + 1;
            }"""
        )


def darkest_columns(page: Page, count: int) -> list[int | None]:
    """Of each row of the matrix, the column with the most colour; None where nothing is drawn."""
    columns: list[int | None] = page.locator("#matrix").evaluate(
        """(canvas, count) => {
            const cell = canvas.width / count, pen = canvas.getContext("2d");
            const at = (row, column) => pen.getImageData(
                Math.floor((column + 0.5) * cell), Math.floor((row + 0.5) * cell), 1, 1).data[3];
            return [...Array(count).keys()].map((row) => {
                const alpha = [...Array(count).keys()].map((column) => at(row, column));
                const most = Math.max(...alpha);
                return most ? alpha.indexOf(most) : null;
            });
        }""",
        count,
    )
    return columns
