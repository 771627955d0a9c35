"""The inbox: what its form finds, how it pages, and that its buttons correct."""

import asyncio
import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.errors import InvalidRequest
from app.inbox import InboxForm, address, read_query
from app.queries.history import Filter
from tests.app.test_page import assert_page
from tests.conftest import ON_BOTH, Serve

URLENCODED = {"content-type": "application/x-www-form-urlencoded"}


async def ask(client: httpx.AsyncClient, text: str, subject: str = "") -> str:
    """Classify; the entry's id."""
    answer = await client.post("/classify", json={"subject": subject, "body": text})
    entry_id: str = answer.json()["id"]
    return entry_id


async def correct(client: httpx.AsyncClient, entry_id: str, **fields: str) -> httpx.Response:
    return await client.post(f"/inbox/{entry_id}/correction", data=fields)


def listed(page: str) -> list[str]:
    """The entries of a page, in its order."""
    return re.findall(r'<li class="mail" id="e-(\w+)">', page)


def pressed(page: str) -> list[str]:
    return re.findall(r'value="(\w+)" aria-pressed="true"', page)


@ON_BOTH
def test_the_list_shows_the_newest_first_and_filters(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve(store_text=True) as client:
            assert "No message here." in assert_page(await client.get("/inbox"))
            spam = await ask(client, "viagra viagra viagra", "A <b>bold</b> offer")
            ham = await ask(client, "see you at lunch")
            page = assert_page(await client.get("/inbox"))
            assert listed(page) == [ham, spam]
            assert "A &lt;b&gt;bold&lt;/b&gt; offer" in page
            assert "No subject, " in page
            for query, found in (
                ("label=spam&corrected=&at_least=&at_most=&since=&until=&text=", [spam]),
                ("label=ham", [ham]),
                ("label=unsure", []),
                ("at_least=50", [spam]),
                ("at_most=50", [ham]),
                ("at_least=0&at_most=100", [ham, spam]),
                ("text=LUNCH", [ham]),
                ("text=bold", [spam]),
                ("corrected=true", []),
                ("since=2020-01-01", [ham, spam]),
                ("until=2020-01-01", []),
                (f"until={datetime.now(UTC).date()}", [ham, spam]),
            ):
                assert listed(assert_page(await client.get(f"/inbox?{query}"))) == found, query
            await correct(client, ham, label="ham")
            assert listed((await client.get("/inbox?corrected=true")).text) == [ham]

    asyncio.run(scenario())


def test_what_was_filled_in_stays_and_is_escaped(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve(store_text=True) as client:
            query = {"text": '"><script>', "label": "ham", "corrected": "false", "at_least": "2.5"}
            page = assert_page(await client.get("/inbox", params=query))
            assert 'value="&#34;&gt;&lt;script&gt;"' in page
            assert '<option value="ham" selected>' in page
            assert '<option value="false" selected>' in page
            assert 'value="2.5"' in page

    asyncio.run(scenario())


@ON_BOTH
def test_pages_follow_each_other_without_loss(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            ids = [await ask(client, f"hello {n}") for n in range(120)]
            found: list[str] = []
            path: str | None = "/inbox?label=ham"
            while path is not None:
                page = assert_page(await client.get(path))
                assert ("Newest" in page) == bool(found)
                found += listed(page)
                older = re.search(r'href="([^"]+)" rel="next"', page)
                path = older[1].replace("&amp;", "&") if older else None
            assert found == ids[::-1]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "query",
    ["label=eggs", "at_least=101", "at_most=nan", "since=tomorrow", "cursor=../", "corrected=hm"],
)
def test_nonsense_is_told(serve: Serve, query: str) -> None:
    async def scenario() -> None:
        async with serve() as client:
            page = assert_page(await client.get(f"/inbox?{query}"), 422)
            assert query.partition("=")[0] in page
            assert_page(await client.get("/inbox?text=x"), 422)  # no texts are kept

    asyncio.run(scenario())


@ON_BOTH
def test_a_button_corrects_and_another_takes_it_back(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            entry_id = await ask(client, "viagra viagra viagra")
            answer = await correct(client, entry_id, label="ham", back="label=spam")
            assert answer.status_code == 303
            assert answer.headers["location"] == f"/inbox?label=spam#e-{entry_id}"
            page = assert_page(await client.get("/inbox?label=spam"))
            assert pressed(page) == ["ham"]
            assert "corrected to" in page
            assert 'name="back" value="label=spam"' in page
            # The same message gets the corrected verdict from now on, and the page says so.
            form = {"text": (None, "viagra viagra viagra")}
            json_form = await client.post("/classify", json={"body": "viagra viagra viagra"})
            assert json_form.json()["source"] == "correction"
            assert "In truth it is:" in assert_page(await client.post("/", files=form))
            # The last word stands.
            answer = await correct(client, entry_id, label="spam")
            assert answer.headers["location"] == f"/inbox/{entry_id}"
            page = assert_page(await client.get(f"/inbox/{entry_id}"))
            assert pressed(page) == ["spam"]
            assert "confirmed" in page
            await correct(client, entry_id, label="none")
            page = assert_page(await client.get(f"/inbox/{entry_id}"))
            assert pressed(page) == []
            assert "Undo" not in page
            counted = (await client.get("/metrics")).text
            assert 'hamlet_corrections_total{label="ham"} 1.0' in counted
            assert 'hamlet_corrections_total{label="spam"} 1.0' in counted

    asyncio.run(scenario())


def test_a_corrected_message_says_so_on_the_first_page(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            form = {"text": (None, "viagra viagra viagra")}
            first = assert_page(await client.post("/", files=form))
            (entry_id,) = re.findall(r'href="/inbox/(\w+)"', first)
            await correct(client, entry_id, label="ham")
            again = assert_page(await client.post("/", files=form))
            assert '<strong class="chip ham">ham</strong>' in again
            assert "as corrected by a person; the network says spam" in again
            assert pressed(again) == ["ham"]

    asyncio.run(scenario())


def test_corrections_of_other_sites_and_nonsense_are_refused(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            entry_id = await ask(client, "hello")
            path = f"/inbox/{entry_id}/correction"
            for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}):
                answer = await client.post(path, data={"label": "spam"}, headers=headers)
                assert_page(answer, 403)
            assert_page(await client.post(path, data={"label": "eggs"}), 422)
            assert_page(await client.post(path, content=b"", headers=URLENCODED), 422)
            assert_page(await client.post(path, json={"label": "spam"}), 422)
            assert pressed((await client.get("/inbox")).text) == []
            nobody = "0" * 32
            for label in ("spam", "none"):
                assert_page(await correct(client, nobody, label=label), 404)
            assert_page(await client.get(f"/inbox/{nobody}"), 404)
            assert_page(await client.get("/inbox/%3Cscript%3E"), 404)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "back",
    ["//evil.example", "http://evil.example/", "\r\nSet-Cookie: a=b", "#e", "javascript:alert(1)"],
)
def test_a_correction_leads_back_to_the_inbox_and_nowhere_else(serve: Serve, back: str) -> None:
    async def scenario() -> None:
        async with serve() as client:
            entry_id = await ask(client, "hello")
            answer = await correct(client, entry_id, label="spam", back=back)
            assert re.fullmatch(r"/inbox(\?[\w%.=&+-]*)?#e-\w{32}", answer.headers["location"])
            assert "set-cookie" not in answer.headers

    asyncio.run(scenario())


def test_one_message_is_shown_with_its_text_or_without(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve(store_text=True) as client:
            kept = await ask(client, "pay <i>now</i>\u202e", "An <u>offer</u>")
            page = assert_page(await client.get(f"/inbox/{kept}"))
            assert "pay &lt;i&gt;now&lt;/i&gt;" in page
            assert "An &lt;u&gt;offer&lt;/u&gt;" in page
            assert '<span class="unseen">U+202E</span>' in page
        async with serve() as client:
            unkept = await ask(client, "hello", "secret")
            page = assert_page(await client.get(f"/inbox/{unkept}"))
            assert "The text was not kept." in page
            page = assert_page(await client.get("/inbox"))
            assert "Subject not kept, 12 B" in page
            assert 'name="text"' not in page

    asyncio.run(scenario())


def test_days_are_whole_and_percent_become_shares() -> None:
    form = read_query({"since": "2026-03-01", "until": "2026-03-02", "at_most": "80", "text": " "})
    assert form.filter() == Filter(
        after=datetime(2026, 3, 1, tzinfo=UTC),
        before=datetime(2026, 3, 3, tzinfo=UTC),
        max_probability=0.8,
    )
    assert form.url(cursor="0" * 32) == (
        "/inbox?at_most=80.0&since=2026-03-01&until=2026-03-02&cursor=" + "0" * 32
    )
    assert InboxForm().url(cursor=None) == "/inbox"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_no_failure(serve: Serve, day: str) -> None:
    async def scenario() -> None:
        async with serve() as client:
            for name in ("since", "until"):
                assert_page(await client.get("/inbox", params={name: day}))

    asyncio.run(scenario())


def test_faults_name_the_field() -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_query({"at_least": "-1", "label": "x"})
    told: list[Any] = [fault.parameter for fault in caught.value.faults or []]
    assert sorted(told) == ["at_least", "label"]
    assert address("a=b&a=c") == "/inbox?a=b&a=c"
