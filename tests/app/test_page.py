"""The pages as HTTP: they load and take forms from here alone, and say what is wrong."""

import asyncio
import re
from html.parser import HTMLParser

import httpx
import pytest

from app import __version__
from app.settings import ROOT
from tests.app.asserts import assert_problem
from tests.conftest import Rows, Serve

TEMPLATES = ROOT / "app" / "templates"


class Balance(HTMLParser):
    """Checks that every element that must be closed is, in order."""

    VOID = ("meta", "link", "input", "br")
    SHAPES = ("rect", "line", "circle", "path")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        assert tag in self.SHAPES, f"<{tag}/>"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def assert_page(response: httpx.Response, status: int = 200) -> str:
    """A page of ours, whole and under the policy; its text."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["cache-control"] == "no-store"
    balance = Balance()
    balance.feed(response.text)
    assert not balance.open
    return response.text


def form(text: str = "", file: bytes = b"") -> dict[str, tuple[str | None, bytes]]:
    return {"text": (None, text.encode()), "file": ("a.eml" if file else "", file)}


def test_the_page_loads_nothing_from_elsewhere(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve(max_numbers=77) as client:
            page = assert_page(await client.get("/"))
            assert __version__ in page
            assert "Up to 77 numbers" in page
            links = re.findall(r'(?:src|href|action)="([^"]+)"', page)
            assert len(links) >= 8
            for link in links:
                assert link.startswith(("/", "#"))
                assert not link.startswith("//")
                if link.startswith("/"):
                    assert (await client.get(link)).status_code == 200, link

    asyncio.run(scenario())


def test_the_policy_has_nothing_to_forbid() -> None:
    """No script, style or handler stands in a page itself, and no script writes markup."""
    for template in TEMPLATES.glob("*.html"):
        page = template.read_text("utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page), template
        assert not re.search(r"\|\s*safe\b|autoescape\s+false|Markup", page), template
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


def test_a_form_is_answered_with_its_verdict(serve: Serve, rows: Rows) -> None:
    async def scenario() -> None:
        async with serve() as client:
            page = assert_page(await client.post("/", files=form("buy viagra viagra \r\n <b>")))
            assert '<strong class="chip spam">spam</strong>' in page
            assert "buy viagra viagra \n &lt;b&gt;</textarea>" in page
            assert re.search(r'<mark class="spam s3" title="\+1.00">viagra</mark>', page)
            part = await client.post(
                "/", files=form("hello Anna"), headers={"x-hamlet-part": "result"}
            )
            assert part.text.startswith('<div id="result">')
            assert '<strong class="chip ham">ham</strong>' in part.text
            # The same text by another way is the same message.
            await client.post("/classify", json={"text": "buy viagra viagra \n <b>"})

    asyncio.run(scenario())
    first, second, third = rows()
    assert first["source"] == "text"
    assert first["message_hash"] == third["message_hash"] != second["message_hash"]


def test_a_file_goes_before_the_text_and_its_markup_stays_text(serve: Serve, rows: Rows) -> None:
    async def scenario() -> None:
        mail = b"From: a@b.example\nSubject: <script>viagra</script>\n\n\xe4 viagra viagra <i>"
        async with serve() as client:
            page = assert_page(await client.post("/", files=form("hello", mail)))
            assert "&lt;script&gt;viagra&lt;/script&gt;" in page
            assert "<script>viagra" not in page
            assert "ä " in page

    asyncio.run(scenario())
    assert [row["source"] for row in rows()] == ["rfc822"]


def test_what_is_wrong_with_a_form_stands_on_the_page(serve: Serve, rows: Rows) -> None:
    async def scenario() -> None:
        async with serve(max_body_bytes=10_000) as client:
            page = assert_page(await client.post("/", files=form(" \r\n ")), 422)
            assert "the message is empty" in page
            multipart = {"content-type": "multipart/form-data; boundary=x"}
            for status, headers, body in (
                (415, {"content-type": "application/x-www-form-urlencoded"}, b"text=a"),
                (415, {}, b""),
                (400, {"content-type": "multipart/form-data"}, b""),
                (400, {"content-type": "multipart/form-data; boundary=x; charset=idna"}, b""),
                (400, multipart, b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n"),
                (400, multipart, b"nonsense"),
                (422, multipart, b"--x--\r\n"),
            ):
                answer = await client.post("/", content=body, headers=headers)
                assert_page(answer, status)
            many = {f"f{n}": (None, b"x") for n in range(20)}
            assert_page(await client.post("/", files=many), 400)
            assert_problem(await client.post("/", files=form("x" * 20_000)), 413)

    asyncio.run(scenario())
    assert rows() == []


def test_a_network_that_fails_is_told_of(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            page = assert_page(await client.post("/", files=form("a fault")), 503)
            assert "Prediction failed" in page
            assert "a fault</textarea>" in page

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "http://test"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://test:81"}, 403),
    ],
)
def test_forms_of_other_sites_are_refused(
    serve: Serve, rows: Rows, headers: dict[str, str], status: int
) -> None:
    async def scenario() -> None:
        async with serve() as client:
            assert_page(await client.post("/", files=form("hello"), headers=headers), status)

    asyncio.run(scenario())
    assert len(rows()) == (status == 200)
