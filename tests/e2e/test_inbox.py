"""The inbox in a real browser: corrected with one click, with a script and without."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e import hostile
from tests.e2e.conftest import Open, Picture
from tests.e2e.test_serve import HAM, SPAM, Service, mail

pytestmark = pytest.mark.browser

MAILS = Path(__file__).resolve().parents[1] / "mails"


def line_of(page: Page, entry_id: str) -> Locator:
    return page.locator(f"#e-{entry_id}")


@pytest.mark.parametrize("scripts", [True, False], ids=["script", "no-script"])
def test_one_click_corrects_and_one_takes_it_back(
    open_page: Open, service: Service, scripts: bool
) -> None:
    own = mail("Winner of the lottery", f"Claim your prize now at http://a.example {scripts}")
    entry_id = service.classify(own)["id"]
    page = open_page("/inbox?label=spam", java_script_enabled=scripts)
    line = line_of(page, entry_id)
    expect(line.get_by_role("link", name="Winner of the lottery")).to_be_visible()
    line.get_by_role("button", name="This is ham").click()
    expect(page).to_have_url(re.compile(rf"/inbox\?label=spam#e-{entry_id}$"))
    expect(line).to_contain_text("corrected to")
    expect(line.get_by_role("button", name="This is ham", pressed=True)).to_be_visible()
    assert service.classify(own)["label"] == "ham"  # at once, and everywhere
    line.get_by_role("button", name="Undo").click()
    expect(line).not_to_contain_text("corrected to")
    assert service.classify(own)["label"] == "spam"


def test_a_verdict_is_corrected_where_it_is_shown(page: Page) -> None:
    page.get_by_role("button", name="A meeting").click()
    expect(page.locator("#verdict .chip")).to_have_text("ham")
    page.locator("#result").get_by_role("button", name="This is spam").click()
    expect(page.locator("#verdict")).to_contain_text("corrected to")
    expect(page.get_by_role("heading", name="Thursday")).to_be_visible()
    page.get_by_role("link", name="Classify").click()
    page.get_by_role("button", name="A meeting").click()
    expect(page.locator("#verdict")).to_contain_text("as corrected by a person")
    page.locator("#result").get_by_role("button", name="Undo").click()
    expect(page.locator("#verdict")).not_to_contain_text("corrected to")


def test_the_filters_work_by_keyboard_alone(open_page: Open, service: Service) -> None:
    spam, ham = service.classify(SPAM)["id"], service.classify(HAM)["id"]
    page = open_page("/inbox")
    expect(line_of(page, spam)).to_be_visible()
    page.get_by_label("Verdict").focus()
    page.keyboard.press("ArrowDown")
    page.get_by_label("Text").focus()
    page.keyboard.type("LOTTERY")
    page.keyboard.press("Enter")
    expect(line_of(page, spam)).to_be_visible()
    expect(line_of(page, ham)).to_have_count(0)
    expect(page).to_have_url(re.compile("label=spam"))
    line_of(page, spam).get_by_role("button", name="This is spam").focus()
    page.keyboard.press("Enter")
    expect(line_of(page, spam)).to_contain_text("confirmed")
    page.keyboard.press("Tab")  # goes on from the entry that was corrected
    focused = page.evaluate(f"document.querySelector('#e-{spam}').contains(document.activeElement)")
    assert focused
    line_of(page, spam).get_by_role("button", name="Undo").click()


@pytest.mark.parametrize("scripts", [True, False], ids=["script", "no-script"])
def test_a_hostile_mail_is_text_in_the_list_and_alone(
    open_page: Open, service: Service, scripts: bool
) -> None:
    entry_id = service.classify(hostile.mail())["id"]
    page = open_page("/inbox", java_script_enabled=scripts)
    line = line_of(page, entry_id)
    subject = line.locator(".subject")
    inside = ":is(script, img, style, b, iframe, svg[onload])"
    expect(subject).to_contain_text("<script>alert('subject')</script>")
    expect(subject.locator(".unseen").first).to_have_text("U+202E")
    assert page.locator(f".mails {inside}").count() == 0
    subject.get_by_role("link").click()
    text = page.locator(".text")
    for attack in hostile.ATTACKS[:8]:
        expect(text).to_contain_text(attack)
    assert page.locator(f"main {inside}").count() == 0
    assert page.locator("h1").count() == 1
    assert "\u202e" not in page.locator("main").inner_text()
    expect(text).to_contain_text("more characters are not shown")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_cut_off(
    open_page: Open, picture: Picture, service: Service, width: int, theme: str
) -> None:
    for path in sorted(MAILS.glob("*.eml")):
        service.classify(path.read_bytes())
    page = open_page("/inbox", viewport={"width": width, "height": 800}, color_scheme=theme)
    expect(page.locator(".mail").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    overlapping = page.locator(".mail").evaluate_all(
        """all => all.filter((mail) => {
            const boxes = [...mail.children].map((e) => e.getBoundingClientRect());
            return boxes.some((a, i) => boxes.slice(i + 1).some((b) =>
                a.left < b.right - 1 && b.left < a.right - 1 &&
                a.top < b.bottom - 1 && b.top < a.bottom - 1));
        }).map((mail) => mail.id)"""
    )
    assert overlapping == []
    picture(page, f"inbox-{width}-{theme}")
    page.locator(".mail .subject a").first.click()
    expect(page.locator(".text")).to_be_visible()  # a click does not wait for the page it leads to
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture(page, f"entry-{width}-{theme}")
