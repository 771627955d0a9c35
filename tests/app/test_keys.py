"""API keys: who may what, what is kept of them, and that nobody listens to strangers without."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app import auth
from app.auth import SCOPES, make_key
from app.queries import keys
from app.secret import load_key
from app.settings import ROOT, Settings
from tests.app.asserts import assert_problem
from tests.app.test_feedback import rename
from tests.conftest import ON_BOTH, Rows, Serve, opened, settings_of

TEXT = {"text": "viagra"}


async def new_key(url: str, *scopes: str, name: str = "test") -> tuple[str, str]:
    """Id and key, straight from the database that the service serves from."""
    row, key = make_key(name, scopes, load_key(settings_of(url)))
    async with opened(url) as database, database.write() as connection:
        await keys.add(connection, row)
    return row.id, key


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


CALLS = [
    ("classify", "POST", "/classify", {"json": TEXT}),
    ("classify", "POST", "/classify/batch", {"json": {"messages": [TEXT]}}),
    ("classify", "POST", "/sort", {"json": {"numbers": [2, 1]}}),
    ("classify", "GET", "/model", {}),
    ("feedback", "POST", "/feedback", {"json": {"id": "x", "label": "ham"}}),
    ("feedback", "POST", "/feedback/batch", {"json": {"corrections": []}}),
    ("feedback", "DELETE", "/feedback/x", {}),
    ("history", "GET", "/history", {}),
    ("history", "GET", "/history/x", {}),
    ("admin", "DELETE", "/history/x", {}),
    ("admin", "DELETE", "/history?key=x", {}),
]


@ON_BOTH
@pytest.mark.parametrize(("scope", "method", "path", "call"), CALLS)
def test_each_call_takes_its_scope_or_admin_and_no_other(
    serve: Serve, database_url: str, scope: str, method: str, path: str, call: dict[str, Any]
) -> None:
    async def scenario() -> None:
        async with serve(require_key="always") as client:
            nobody = await client.request(method, path, **call)
            assert_problem(nobody, 401)
            assert nobody.headers["www-authenticate"].startswith("Bearer")
            for own in SCOPES:
                _, key = await new_key(database_url, own)
                answer = await client.request(method, path, headers=bearer(key), **call)
                if own in (scope, "admin"):
                    assert answer.status_code in (200, 204, 404), answer.text
                else:
                    assert scope in assert_problem(answer, 403)["detail"]

    asyncio.run(scenario())


def test_every_route_that_the_document_knows_is_guarded_or_public_on_purpose(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve(require_key="always") as client:
            document = (await client.get("/openapi.json")).json()
        open_to_all = {
            f"{method} {path}"
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
            if "security" not in operation
        }
        assert open_to_all == {"get /health/live", "get /health/ready"}

    asyncio.run(scenario())


@ON_BOTH
def test_both_headers_carry_a_key_and_the_log_names_it(
    serve: Serve, database_url: str, rows: Rows
) -> None:
    async def scenario() -> None:
        async with serve(require_key="always") as client:
            key_id, key = await new_key(database_url, "classify")
            for headers in (bearer(key), {"x-api-key": key}):
                answer = await client.post("/classify", json=TEXT, headers=headers)
                assert answer.status_code == 200
            batch = {"messages": [TEXT, TEXT]}
            await client.post("/classify/batch", json=batch, headers=bearer(key))
        assert [row["key_id"] for row in rows()] == [key_id] * 4

    asyncio.run(scenario())


def test_where_none_is_needed_one_may_be_shown_and_must_be_right(
    serve: Serve, database_url: str, rows: Rows
) -> None:
    async def scenario() -> None:
        async with serve() as client:
            key_id, key = await new_key(database_url, "classify")
            assert (await client.post("/classify", json=TEXT)).status_code == 200
            known = await client.post("/classify", json=TEXT, headers=bearer(key))
            assert known.status_code == 200
            wrong = await client.post("/classify", json=TEXT, headers=bearer(key[:-1] + "g"))
            assert_problem(wrong, 401)
        assert [row["key_id"] for row in rows()] == [None, key_id]

    asyncio.run(scenario())


@pytest.mark.parametrize("change", ["", "x", "hamlet_", "hamlet_00000000_" + "0" * 64, "é"])
def test_what_is_no_key_is_refused(serve: Serve, change: str) -> None:
    async def scenario() -> None:
        async with serve(require_key="always") as client:
            headers = {b"x-api-key": change.encode()}
            assert_problem(await client.post("/classify", json=TEXT, headers=headers), 401)

    asyncio.run(scenario())


@ON_BOTH
def test_a_revoked_key_stops_working_while_the_service_runs(
    serve: Serve, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "_REMEMBERED", 0.05)

    async def scenario() -> None:
        async with serve(require_key="always") as client:
            key_id, key = await new_key(database_url, "classify")
            assert (await client.post("/classify", json=TEXT, headers=bearer(key))).is_success
            async with opened(database_url) as database, database.write() as connection:
                assert await keys.revoke(connection, key_id, datetime.now(UTC))
            await asyncio.sleep(0.06)
            assert_problem(await client.post("/classify", json=TEXT, headers=bearer(key)), 401)

    asyncio.run(scenario())


@ON_BOTH
def test_a_key_is_not_looked_up_for_every_request(serve: Serve, database_url: str) -> None:
    async def scenario() -> None:
        async with serve(require_key="always") as client:
            _, key = await new_key(database_url, "classify")
            await client.get("/model", headers=bearer(key))
            await rename(database_url, "keys", "mislaid")
            assert (await client.get("/model", headers=bearer(key))).status_code == 200
            unknown = bearer("hamlet_00000000_" + "0" * 64)
            assert_problem(await client.get("/model", headers=unknown), 503)

    asyncio.run(scenario())


def test_no_secret_of_a_key_is_in_the_database(database_url: str, database_path: Path) -> None:
    _, key = asyncio.run(new_key(database_url, "admin"))
    secret = key.rpartition("_")[2]
    files = database_path.parent.glob("hamlet.db*")
    assert not any(
        kind in file.read_bytes()
        for file in files
        for kind in (secret.encode(), bytes.fromhex(secret))
    )


def app(url: str, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {"HAMLET_DATABASE_URL": url, "PATH": "/usr/bin:/bin", **settings}
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_keys_are_made_listed_and_revoked_from_the_command_line(
    serve: Serve, database_url: str
) -> None:
    made = app(database_url, "keys", "create", "mail server", "--scope", "history", "--json")
    assert made.returncode == 0, made.stderr
    key = json.loads(made.stdout)
    assert (key["name"], key["scopes"], key["revoked"]) == ("mail server", "history", None)
    plain = app(database_url, "keys", "create", "form")
    assert plain.stdout.startswith("hamlet_")
    assert "classify" in plain.stderr

    async def works() -> int:
        async with serve(require_key="always") as client:
            return (await client.get("/history", headers=bearer(key["key"]))).status_code

    assert asyncio.run(works()) == 200
    listed = app(database_url, "keys", "list").stdout
    assert key["id"] in listed
    assert key["key"] not in listed
    assert app(database_url, "keys", "revoke", key["id"]).returncode == 0
    assert asyncio.run(works()) == 401
    again = app(database_url, "keys", "revoke", key["id"])
    assert again.returncode == 1
    assert key["id"] in again.stderr
    revoked = json.loads(app(database_url, "keys", "list", "--json").stdout)
    assert [bool(k["revoked"]) for k in revoked] == [True, False]
    assert app(database_url, "keys", "create", "x", "--scope", "everything").returncode == 2


def test_nobody_listens_to_strangers_without_a_key(tmp_path: Path) -> None:
    database = f"sqlite+aiosqlite:///{tmp_path / 'hamlet.db'}"
    refused = app(database, HAMLET_HOST="0.0.0.0", HAMLET_PORT="0")
    assert refused.returncode == 1
    for hint in ("0.0.0.0", "python -m app keys create", "HAMLET_REQUIRE_KEY=never"):
        assert hint in refused.stderr


@pytest.mark.parametrize(
    ("host", "require", "needed"),
    [
        ("127.0.0.1", "auto", False),
        ("127.8.9.1", "auto", False),
        ("::1", "auto", False),
        ("localhost", "auto", False),
        ("0.0.0.0", "auto", True),
        ("::", "auto", True),
        ("192.168.1.5", "auto", True),
        ("mail.example", "auto", True),
        ("127.0.0.1", "always", True),
        ("0.0.0.0", "never", False),
    ],
)
def test_a_key_is_needed_wherever_strangers_call(host: str, require: str, needed: bool) -> None:
    settings = Settings.model_validate({"host": host, "require_key": require})
    assert auth.needs_key(settings) is needed


def test_who_trusts_a_proxy_is_called_by_strangers() -> None:
    assert auth.needs_key(Settings.model_validate({"trusted_proxies": "127.0.0.1"}))
