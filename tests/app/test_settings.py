"""Settings come from the environment, and every one is documented."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_core import PydanticUndefined

from app.settings import PREFIX, ROOT, Settings, unknown_variables

TABLE = ROOT / "docs" / "settings.md"


def documented() -> dict[str, tuple[str, str]]:
    """Name -> (default, description), of the table in docs/settings.md."""
    rows = re.findall(r"^\| `(HAMLET_\w+)` \| (.*?) \| (.*?) \|$", TABLE.read_text("utf-8"), re.M)
    return {name: (default.strip("`"), description) for name, default, description in rows}


def written(default: object) -> str:
    if default is None:
        return "unset"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, Path):
        return default.relative_to(ROOT).as_posix()
    if isinstance(default, float):
        return f"{default:g}"
    return str(default)


def test_the_table_says_what_the_code_says() -> None:
    assert documented() == {
        PREFIX + name.upper(): (written(field.default), field.description)
        for name, field in Settings.model_fields.items()
    }


def test_every_setting_has_a_default_and_a_description() -> None:
    for field in Settings.model_fields.values():
        assert field.default is not PydanticUndefined
        assert field.description


def test_the_environment_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAMLET_PORT", "9000")
    monkeypatch.setenv("HAMLET_STORE_TEXT", "true")
    monkeypatch.setenv("HAMLET_TARGET_FPR", "0.001")
    settings = Settings()
    assert (settings.port, settings.store_text, settings.target_fpr) == (9000, True, 0.001)


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "65536"), ("TARGET_FPR", "2"), ("MAX_QUEUE", "0"), ("LOG_SECRET", "hunter2")],
)
def test_a_senseless_value_is_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert value not in str(caught.value) or name != "LOG_SECRET"


def test_typing_errors_are_noticed() -> None:
    names = ["HAMLET_PORT", "HAMLET_PROT", "hamlet_host", "HOME"]
    assert unknown_variables(names) == ["HAMLET_PROT"]


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://hamlet@/log?host=/run", "postgresql+asyncpg://hamlet@/log?host=/run"),
        ("postgres://hamlet:a://b@db/log", "postgresql+asyncpg://hamlet:a://b@db/log"),
        ("sqlite:///a.db", "sqlite+aiosqlite:///a.db"),
        ("postgresql+asyncpg://db/log", "postgresql+asyncpg://db/log"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_database_url_needs_no_driver(given: str, used: str) -> None:
    assert Settings.model_validate({"database_url": given}).database_url == used
