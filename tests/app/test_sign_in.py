"""Keys for the pages: a browser signs in by a form and keeps the key in a cookie."""

import asyncio
from typing import Any

import httpx
import pytest

from app.dependencies import KEY_COOKIE
from tests.app.asserts import JSON, assert_problem
from tests.app.test_keys import new_key
from tests.app.test_page import assert_page
from tests.conftest import Serve

ELSEWHERE = {"sec-fetch-site": "cross-site"}
FORM = {"text": (None, "hello")}


async def sign_in(client: httpx.AsyncClient, key: str, **fields: str) -> httpx.Response:
    return await client.post("/sign-in", data={"key": key, **fields})


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ("classify", "/"),
        ("history", "/inbox?label=spam"),
        ("history", "/inbox/" + "0" * 32),
        ("history", "/dashboard"),
    ],
)
def test_a_page_asks_for_a_key_and_opens_with_one(
    serve: Serve, database_url: str, scope: str, path: str
) -> None:
    async def scenario() -> None:
        async with serve(require_key="always") as client:
            page = assert_page(await client.get(path), 401)
            assert f'name="next" value="{path}"' in page
            _, other = await new_key(database_url, "feedback")
            assert (await sign_in(client, other)).status_code == 303
            assert f"no scope {scope}" in assert_page(await client.get(path), 403)
            _, key = await new_key(database_url, scope)
            answer = await sign_in(client, f" {key}\n", next=path)
            assert answer.status_code == 303
            assert answer.headers["location"] == path
            page = assert_page(await client.get(path), 404 if "000" in path else 200)
            assert "Sign out" in page
            await client.post("/sign-out")
            assert_page(await client.get(path), 401)

    asyncio.run(scenario())


def test_the_cookie_is_for_no_script_and_no_other_site(serve: Serve, database_url: str) -> None:
    async def scenario() -> None:
        async with serve(require_key="always") as client:
            _, key = await new_key(database_url, "classify")
            cookie = (await sign_in(client, key)).headers["set-cookie"]
            assert cookie.startswith(f"{KEY_COOKIE}={key}; HttpOnly; ")
            assert "SameSite=strict" in cookie
            assert "Secure" not in cookie
            secure = client.base_url.copy_with(scheme="https")
            answer = await client.post(secure.join("/sign-in"), data={"key": key})
            assert "Secure" in answer.headers["set-cookie"]

    asyncio.run(scenario())


def test_forms_need_their_scopes_and_their_key_is_logged(
    serve: Serve, database_url: str, rows: Any
) -> None:
    async def scenario() -> None:
        async with serve(require_key="always") as client:
            assert_page(await client.post("/", files=FORM), 401)
            part = await client.post("/", files=FORM, headers={"x-hamlet-part": "result"})
            assert part.status_code == 401
            assert part.text.startswith('<div id="result">')
            key_id, key = await new_key(database_url, "classify", "history")
            await sign_in(client, key)
            assert_page(await client.post("/", files=FORM))
            (row,) = rows()
            assert row["key_id"] == key_id
            correction = f"/inbox/{row['id']}/correction"
            assert_page(await client.post(correction, data={"label": "spam"}), 403)
            # The sorter's script sends its cookie to the JSON call.
            assert (await client.post("/sort", json={"numbers": [2, 1]})).status_code == 200

    asyncio.run(scenario())


def test_another_site_cannot_use_the_cookie(serve: Serve, database_url: str) -> None:
    async def scenario() -> None:
        async with serve(require_key="always") as client:
            _, key = await new_key(database_url, "admin")
            assert_page(await client.post("/sign-in", data={"key": key}, headers=ELSEWHERE), 403)
            await sign_in(client, key)
            assert_page(await client.post("/", files=FORM, headers=ELSEWHERE), 403)
            assert_page(await client.post("/sign-out", headers=ELSEWHERE), 403)
            for method, path, body in (
                ("POST", "/classify", b'{"text": "hello"}'),
                ("DELETE", "/history?key=x", b""),
            ):
                headers = JSON | ELSEWHERE
                answer = await client.request(method, path, content=body, headers=headers)
                assert_problem(answer, 403)
                # A key that is sent on purpose is no cookie.
                headers = headers | {"authorization": f"Bearer {key}"}
                answer = await client.request(method, path, content=body, headers=headers)
                assert answer.status_code in (200, 204)

    asyncio.run(scenario())


def test_what_is_no_key_is_refused(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve(require_key="always") as client:
            for key in ("x", "hamlet_00000000_" + "0" * 64, "ü"):
                answer = await sign_in(client, key)
                assert_page(answer, 401)
                assert "set-cookie" not in answer.headers
            assert_page(await sign_in(client, ""), 401)
            assert_page(await sign_in(client, "x" * 300), 422)
            assert_page(await client.post("/sign-in", data={}), 422)
            assert_page(await client.post("/sign-in", json={"key": "x"}), 422)
            assert_page(await client.post("/sign-in", data={"key": "x" * 5000}), 400)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "next",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "/inbox/../x", "/inbox\n"],
)
def test_signing_in_leads_to_a_page_of_ours(serve: Serve, database_url: str, next: str) -> None:
    async def scenario() -> None:
        async with serve(require_key="always") as client:
            _, key = await new_key(database_url, "classify")
            assert (await sign_in(client, key, next=next)).headers["location"] == "/"

    asyncio.run(scenario())
