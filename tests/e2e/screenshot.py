"""The picture of the page in the README: `python -m tests.e2e.screenshot docs/page.png`."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.e2e.conftest import CHROMIUM
from tests.e2e.test_serve import serving


def take(path: Path) -> None:
    """Classify a message and sort numbers on a service of our own, and take a picture of both."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder)) as service,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(
            viewport={"width": 1120, "height": 800}, reduced_motion="reduce", color_scheme="light"
        )
        page.goto(f"http://127.0.0.1:{service.port}")
        page.get_by_role("button", name="A prize").click()
        page.locator("#verdict").wait_for()
        page.get_by_role("button", name="Close ties").click()
        page.locator("#sorting").wait_for()
        page.evaluate("document.activeElement.blur()")
        page.screenshot(path=path, full_page=True)
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]))
