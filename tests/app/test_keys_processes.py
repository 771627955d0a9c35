"""A key that is revoked while several processes serve."""

import time
from functools import partial
from pathlib import Path

import httpx

from tests.app.test_keys import TEXT, app, bearer
from tests.app.test_socket import Server, running


def status(server: Server, key: str) -> int:
    ask = partial(httpx.post, trust_env=False, timeout=60)
    return ask(f"{server.url}/classify", json=TEXT, headers=bearer(key)).status_code


def test_a_revoked_key_stops_working_in_every_process(database_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{database_path}"
    key = app(url, "keys", "create", "test").stdout.strip()
    key_id = key.split("_")[1]
    with (
        running(database_path, HAMLET_REQUIRE_KEY="always") as first,
        running(database_path, HAMLET_REQUIRE_KEY="always") as second,
    ):
        assert [status(server, key) for server in (first, second)] == [200, 200]
        assert app(url, "keys", "revoke", key_id).returncode == 0
        for server in (first, second):
            for _ in range(60):
                if status(server, key) != 200:
                    break
                time.sleep(0.5)
            assert status(server, key) == 401
