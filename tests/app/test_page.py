"""GET /: the page and what it loads come from here alone."""

import asyncio
import re

from app import __version__
from app.settings import ROOT
from tests.app.asserts import assert_problem
from tests.conftest import Serve


def test_the_page_loads_nothing_from_elsewhere(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve(max_numbers=77) as client:
            page = await client.get("/")
            assert page.status_code == 200
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert __version__ in page.text
            assert "Up to 77 numbers" in page.text
            links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
            assert len(links) >= 5
            for link in links:
                assert link.startswith("/")
                assert not link.startswith("//")
                assert (await client.get(link)).status_code == 200, link

    asyncio.run(scenario())


def test_the_policy_has_nothing_to_forbid() -> None:
    """No script, style or handler stands in the page itself."""
    page = (ROOT / "app" / "templates" / "index.html").read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
    for script in (ROOT / "app" / "static").glob("*.js"):
        text = script.read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)


def test_what_is_not_there_is_a_problem(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            for path in ("/static/nothing.js", "/static/../main.py", "/static/%2e%2e/main.py"):
                assert_problem(await client.get(path), 404)
            assert_problem(await client.post("/static/common.js"), 405)

    asyncio.run(scenario())
