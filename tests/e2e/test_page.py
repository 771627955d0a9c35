"""The page in a real browser: Debian's chromium or Chrome, driven by Playwright.

HAMLET_SCREENSHOTS may name a folder for pictures of what was tested.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.test_serve import needs_weights, serving

CHROMIUM = next(
    (p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None
)
SCREENSHOTS = os.environ.get("HAMLET_SCREENSHOTS")  # read now: fixtures clear HAMLET_*

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
    needs_weights,
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("page")) as service:
        yield f"http://127.0.0.1:{service.port}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Without its sandbox it also runs as root, in a container; it sees our own page alone.
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page, opened; whatever the console or the network complains of fails the test."""
    context = browser.new_context(reduced_motion="reduce", viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    foreign: list[str] = []
    opened.on("request", lambda r: None if r.url.startswith(address) else foreign.append(r.url))
    opened.goto(address)
    yield opened
    context.close()
    assert not [c for c in complaints if "422" not in c]  # that one is asked for
    assert not foreign


def picture(page: Page, name: str) -> None:
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=True)


def test_a_message_is_classified_and_its_words_are_marked(page: Page) -> None:
    page.get_by_role("button", name="A prize").click()
    expect(page.locator("#label")).to_have_text("spam")
    expect(page.locator("#probability")).to_contain_text("%")
    words = page.locator("#words li")
    assert words.count() > 5
    marked = page.locator("#highlighted mark")
    assert marked.count() == words.count()
    # Every mark stands on its word, however the message writes it.
    texts = [text.lower() for text in marked.all_inner_texts()]
    listed = page.locator("#words li > :nth-child(2)").all_inner_texts()
    plain = [word for word in listed if word.isalpha()]
    assert plain
    assert set(plain) <= set(texts)
    assert "CONGRATULATIONS" in page.locator("#highlighted").inner_text()
    bar = page.locator("#bar").evaluate("e => e.getBoundingClientRect().width")
    assert bar > 100
    page.get_by_label("A message").fill("Hi Anna, shall we move the review to 3pm? Paul")
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#label")).to_have_text("ham")


def test_words_are_found_behind_headers_and_letters_beyond_utf16(page: Page) -> None:
    mail = "From: a@b.example\nSubject: \U0001f381 Prize\n\n\U0001f381\U0001f381 Claim the lottery"
    page.get_by_label("A message").fill(mail)
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#verdict")).to_be_visible()
    marked = page.locator("#highlighted mark").all_inner_texts()
    assert {"Prize", "Claim", "lottery"} <= set(marked)


def test_markup_in_a_message_stays_text(page: Page) -> None:
    page.get_by_label("A message").fill("<img src=x onerror=alert(1)> viagra <b>now</b>")
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#verdict")).to_be_visible()
    assert page.locator("#highlighted img, #highlighted b, #words img").count() == 0
    assert "onerror" in page.locator("#highlighted").inner_text()


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


def test_the_drawing_plays_step_by_step(browser: Browser, address: str) -> None:
    context = browser.new_context(reduced_motion="no-preference")
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="Random").click()
    expect(page.locator("#play")).to_have_text("Pause")
    expect(page.locator("#step-text")).to_contain_text("Step 24 of 24", timeout=20_000)
    expect(page.locator("#play")).to_have_text("Play")
    context.close()


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


def test_the_keyboard_is_enough_and_everything_has_a_name(page: Page) -> None:
    page.get_by_label("A message").focus()
    page.keyboard.type("see you at lunch")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#label")).to_have_text("ham")
    unnamed = page.locator("button, textarea, select, input").evaluate_all(
        "all => all.filter(e => !e.textContent.trim() && !e.labels?.length).map(e => e.id)"
    )
    assert unnamed == []


def test_on_a_telephone_nothing_is_cut_off(browser: Browser, address: str) -> None:
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, color_scheme="dark", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="A prize").click()
    page.get_by_role("button", name="Close ties").click()
    expect(page.locator("#exact")).to_have_text("in order")
    expect(page.locator("#label")).to_have_text("spam")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    picture(page, "telephone-dark")
    context.close()


def test_both_panels_at_once(page: Page) -> None:
    page.get_by_role("button", name="A prize").click()
    page.get_by_role("button", name="Random").click()
    expect(page.locator("#label")).to_have_text("spam")
    expect(page.locator("#exact")).to_have_text("in order")
    picture(page, "desk-light")


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
