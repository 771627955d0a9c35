"""Templates become messages."""

import re
import tomllib
from pathlib import Path

import pytest

from training import templates

WRITTEN = Path(templates.__file__).parent / "written"
FOLDER = WRITTEN / "texts"


@pytest.mark.parametrize("label", ["ham", "spam"])
@pytest.mark.parametrize("kind", ["mail", "texts"])
def test_every_template_fills_as_often_as_asked(kind: str, label: str) -> None:
    folder = WRITTEN / kind / label
    files = folder.glob("*.toml")
    count = sum(len(tomllib.loads(file.read_text())["message"]) for file in files)
    filled = list(templates.messages(folder, 3, seed=1))
    assert len(filled) == 3 * count > 0
    for stem, message in filled:
        assert (message.subject + message.body).strip(), stem
        assert not re.search(r"\{\w+\}", message.subject + message.body), stem


def test_a_seed_decides_the_messages() -> None:
    once = list(templates.messages(FOLDER / "ham", 2, seed=7))
    assert once == list(templates.messages(FOLDER / "ham", 2, seed=7))
    assert once != list(templates.messages(FOLDER / "ham", 2, seed=8))


def test_an_unknown_blank_is_named(tmp_path: Path) -> None:
    text = '[[message]]\nsubject = "Hello {first}"\nbody = "See {nonsense}"\n'
    (tmp_path / "odd.toml").write_text(text)
    with pytest.raises(ValueError, match=r"odd\.toml.*nonsense"):
        list(templates.messages(tmp_path, 1, seed=0))
