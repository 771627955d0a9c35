"""The first page in a real browser: a message is classified, with a script and without."""

import html
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import hostile
from tests.e2e.conftest import Open, Picture

pytestmark = pytest.mark.browser

MAILS = Path(__file__).resolve().parents[1] / "mails"


def submit(page: Page, text: str) -> None:
    page.get_by_label("A message").fill(text)
    page.get_by_role("button", name="Classify").click()


def test_a_message_is_classified_and_its_words_are_marked(page: Page) -> None:
    page.get_by_role("button", name="A prize").click()
    expect(page.locator("#verdict")).to_contain_text("spam with a probability of")
    expect(page.locator("#verdict .chip")).to_have_text("spam")
    words = page.locator(".words li")
    marked = page.locator(".text mark")
    assert 5 < marked.count() == words.count()
    # Every mark stands on its word.
    assert set(words.locator(".word").all_inner_texts()) == set(marked.all_inner_texts())
    assert "CONGRATULATIONS" in page.locator(".text").inner_text()
    sides = marked.evaluate_all("all => all.map(e => getComputedStyle(e).textDecorationStyle)")
    assert set(sides) == {"double", "dotted"}  # told apart without colour
    widths = page.locator(".words rect").evaluate_all(
        # In hundredths of a pixel: what is alike differs by less, by the column that it stands in.
        "all => all.map(e => Math.round(100 * e.getBoundingClientRect().width) / 100)"
    )
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 100
    submit(page, "Hi Anna, shall we move the review to 3pm? Paul")
    expect(page.locator("#verdict .chip")).to_have_text("ham")
    expect(page.get_by_role("status")).to_contain_text("ham spam with a probability of")


def test_the_scale_shows_the_verdict_beside_its_threshold(page: Page) -> None:
    submit(page, "Claim your lottery prize at http://claims.example now!!! You are our winner")
    expect(page.locator("#verdict .chip")).to_have_text("spam")
    expect(page.get_by_role("img", name="Probability of spam:")).to_be_visible()
    places = page.locator("svg.scale").evaluate(
        """scale => {
            const left = (e) => e.getBoundingClientRect().left;
            return [".zone.ham", ".zone.spam", ".here circle"].map((s) => left(
                scale.querySelector(s)));
        }"""
    )
    assert places == sorted(places)


@pytest.mark.parametrize("scripts", [True, False], ids=["script", "no-script"])
def test_a_file_is_classified(open_page: Open, scripts: bool) -> None:
    page = open_page(java_script_enabled=scripts)
    page.locator("#file").set_input_files(MAILS / "letter-419.eml")
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#verdict .chip")).to_have_text("spam")
    expect(page.locator(".text .subject")).not_to_be_empty()


def test_a_dropped_file_is_classified(page: Page) -> None:
    content = (MAILS / "letter-419.eml").read_text()
    page.evaluate(
        """content => {
            const files = new DataTransfer();
            files.items.add(new File([content], "a.eml", { type: "message/rfc822" }));
            const event = new DragEvent("drop", { dataTransfer: files, bubbles: true,
                                                  cancelable: true });
            document.querySelector("#classify-title").dispatchEvent(event);
        }""",
        content,
    )
    expect(page.locator("#verdict .chip")).to_have_text("spam")
    # What is typed from now on is what is asked about, not the file.
    submit(page, "Hi Anna, shall we move the review to 3pm? Paul")
    expect(page.locator("#verdict .chip")).to_have_text("ham")


def test_without_a_script_the_form_is_enough(open_page: Open, picture: Picture) -> None:
    page = open_page(java_script_enabled=False)
    expect(page.get_by_role("button", name="A prize")).to_be_hidden()
    text = (
        "Subject: prize\n\n  You have won the lottery.\n\n<b>Claim</b> $500 at http://a.example!!!"
    )
    submit(page, text)
    expect(page.locator("#verdict .chip")).to_have_text("spam")
    expect(page.get_by_label("A message")).to_have_value(text)
    assert page.url.endswith("/#result")
    assert page.locator(".text mark").count() > 2
    picture(page, "without-script")
    submit(page, "   ")
    expect(page.get_by_role("alert")).to_contain_text("the message is empty")


@pytest.mark.parametrize("scripts", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize("as_file", [True, False], ids=["file", "text"])
def test_a_hostile_mail_is_text(
    open_page: Open, picture: Picture, tmp_path: Path, as_file: bool, scripts: bool
) -> None:
    page = open_page(java_script_enabled=scripts)
    if as_file:
        path = tmp_path / "hostile.eml"
        path.write_bytes(hostile.mail())
        page.locator("#file").set_input_files(path)
        page.get_by_role("button", name="Classify").click()
    else:
        submit(page, hostile.TEXT)
    expect(page.locator("#verdict")).to_be_visible(timeout=20_000)
    text = page.locator("#result .text")
    for attack in hostile.ATTACKS:
        assert html.unescape(attack) in html.unescape(text.inner_text())
    assert "<script>alert('subject')</script>" in text.locator(".subject").inner_text()
    inside = "#result .text :not(p, div, bdi, mark, span)"
    assert page.locator(inside).count() == 0
    assert page.locator("h1").count() == 1
    # The override is named, and turns nothing.
    assert "U+202E" in text.locator(".subject .unseen").all_inner_texts()
    assert "\u202e" not in page.locator("#result").inner_text()
    expect(page.locator("#result")).to_contain_text("more characters are not shown")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280 if scripts else True
    picture(page, "hostile")
    submit(page, hostile.BARE)
    expect(page.locator("#result")).not_to_contain_text("more characters are not shown")
    assert page.locator(inside).count() == 0


def test_what_the_service_refuses_is_said(page: Page) -> None:
    submit(page, "  ")
    expect(page.get_by_role("alert")).to_contain_text("the message is empty")
    page.context.set_offline(True)
    submit(page, "Hi Anna")
    expect(page.get_by_role("alert")).to_contain_text("does not answer")


def test_the_keyboard_is_enough_and_everything_has_a_name(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("A message")).to_be_focused()
    page.keyboard.type("see you at lunch")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict .chip")).to_have_text("ham")
    expect(page.get_by_role("button", name="Classify")).to_be_focused()
    unnamed = page.locator("button, textarea, select, input").evaluate_all(
        "all => all.filter(e => !e.textContent.trim() && !e.labels?.length).map(e => e.id)"
    )
    assert unnamed == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_cut_off(open_page: Open, picture: Picture, width: int, theme: str) -> None:
    page = open_page(viewport={"width": width, "height": 800}, color_scheme=theme)
    page.get_by_role("button", name="A prize").click()
    page.get_by_role("button", name="Close ties").click()
    expect(page.locator("#exact")).to_have_text("in order")
    expect(page.locator("#verdict .chip")).to_have_text("spam")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture(page, f"classify-{width}-{theme}")
