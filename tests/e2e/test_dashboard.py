"""The dashboard in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Open, Picture
from tests.e2e.test_serve import HAM, SPAM, Service

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_what_was_asked_is_drawn(
    open_page: Open, picture: Picture, service: Service, width: int, theme: str
) -> None:
    for mail in (SPAM, HAM, HAM):
        service.classify(mail)
    page = open_page("/dashboard", viewport={"width": width, "height": 800}, color_scheme=theme)
    expect(page.locator("svg.plot")).to_have_count(4)
    names = ["Messages by hour", "Share of spam", "Probabilities of spam", "Time to a verdict"]
    for name in names:
        expect(page.get_by_role("img", name=name)).to_be_visible()
    bars = page.locator("#volume-desc ~ svg > rect").evaluate_all(
        """all => all.map((bar) => [bar.getAttribute("class"), bar.getBoundingClientRect().height,
                                    getComputedStyle(bar).fill])"""
    )
    heights = [height for _, height, _ in bars]
    told = page.locator("#volume-title ~ details tbody td").all_text_contents()
    counts = [int(count) for count in told if count != "0"]
    assert {kind for kind, _, _ in bars} >= {"ham", "spam"}
    assert [h / sum(heights) for h in heights] == pytest.approx(
        [count / sum(counts) for count in counts], abs=0.01
    )
    assert {fill for kind, _, fill in bars if kind == "spam"} == {'url("#volume-spam")'}
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture(page, f"dashboard-{width}-{theme}")


def test_the_numbers_are_there_as_tables_by_keyboard_and_without_a_script(open_page: Open) -> None:
    page = open_page("/dashboard", java_script_enabled=False)
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    table = page.get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_text(["hour, UTC", "ham", "unsure", "spam"])
    expect(table.get_by_role("rowheader")).to_have_count(24)
    page.get_by_role("link", name="30 days").click()
    expect(page.get_by_role("link", name="30 days")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("img", name="Messages by day")).to_be_visible()
