"""A real browser on a real service: Debian's chromium or Chrome, driven by Playwright."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.test_serve import WEIGHTS, Service, serving

CHROMIUM = next(
    (p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None
)
# Read now: fixtures clear HAMLET_*. It may name a folder for pictures of what was tested.
SCREENSHOTS = os.environ.get("HAMLET_SCREENSHOTS")

_ASKED_FOR = ("the server responded with a status of 4", "net::ERR_INTERNET_DISCONNECTED")

Picture = Callable[[Page, str], None]
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests of pages; it keeps texts, as the pages show the more of them."""
    if not WEIGHTS.is_file():
        pytest.skip("no trained weights in model/weights/classifier")
    with serving(tmp_path_factory.mktemp("pages"), HAMLET_STORE_TEXT="true") as running:
        yield running


@pytest.fixture(scope="session")
def address(service: Service) -> str:
    return f"http://127.0.0.1:{service.port}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed after each module: while it runs, so does Playwright's event loop, and no test that
    wants one of its own could follow."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        # Without its sandbox it also runs as root, in a container; it sees our own pages alone.
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Open]:
    """`open_page("/path", **context)`: a page in a context of its own.

    What the console, the network or a dialog has to say fails the test, save for errors that tests
    ask for.
    """
    contexts = []
    complaints: list[str] = []

    def opened(path: str = "/", **options: Any) -> Page:
        options = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"} | options
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on("popup", lambda popup: complaints.append(f"window: {popup.url}"))
        page.on(
            "request",
            lambda r: None if r.url.startswith(address) else complaints.append(f"asked {r.url}"),
        )
        page.goto(address + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not [c for c in complaints if not any(asked in c for asked in _ASKED_FOR)]


@pytest.fixture
def page(open_page: Open) -> Page:
    """The first page, opened."""
    return open_page()


@pytest.fixture
def picture() -> Picture:
    """Take a picture of a page, when somebody wants them."""

    def take(page: Page, name: str) -> None:
        if SCREENSHOTS:
            page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=True)

    return take
