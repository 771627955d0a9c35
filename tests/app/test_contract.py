"""The OpenAPI document is true: schemathesis sends what it allows and what it does not, to all of
the service behind a real socket, and checks every answer against it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection

from app.auth import make_key
from app.main import create_app
from app.queries import keys
from app.secret import load_key
from app.settings import Settings
from tests.app.double import WordCounter
from tests.app.test_socket import running
from tests.conftest import create_database, opened, settings_of


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, dict[str, str]]]:
    """As the service runs for strangers: with keys, and with texts kept so that every filter is
    there."""
    path = tmp_path_factory.mktemp("contract") / "hamlet.db"
    asyncio.run(create_database(path))
    key = asyncio.run(_admin(path))
    with running(path, HAMLET_REQUIRE_KEY="always", HAMLET_STORE_TEXT="true") as server:
        document = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
        yield document, {"Authorization": f"Bearer {key}"}
        assert server.process.poll() is None, server.log
        assert not any("Traceback" in line for line in server.log), server.log


async def _admin(path: Path) -> str:
    url = f"sqlite+aiosqlite:///{path}"
    row, key = make_key("contract", ["admin"], load_key(settings_of(url)))
    async with opened(url) as database, database.write() as connection:
        await keys.add(connection, row)
    return key


# Of a batch that holds no message the problem stands in its place: the whole is no error.
_IN_PLACE = ("/classify/batch", "/feedback/batch")


def turns() -> Iterator[tuple[str, str, GenerationMode]]:
    """Every operation with what the document allows, and with what it does not, if it says any."""
    paths = create_app(Settings(), WordCounter()).openapi()["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            yield path, method.upper(), GenerationMode.POSITIVE
            if operation.keys() & {"parameters", "requestBody", "security"}:
                yield path, method.upper(), GenerationMode.NEGATIVE


@pytest.mark.parametrize(("path", "method", "mode"), list(turns()))
def test_the_service_keeps_its_contract(
    contract: tuple[Any, dict[str, str]], path: str, method: str, mode: GenerationMode
) -> None:
    document, headers = contract
    excluded = [negative_data_rejection] if path in _IN_PLACE else []

    @settings(
        max_examples=30,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=document[path][method].as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        case.call_and_validate(headers=headers, excluded_checks=excluded)

    check()
