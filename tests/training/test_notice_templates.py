"""Templates of legitimate notices become messages."""

import re
import tomllib
from pathlib import Path

import pytest

from training import notice_templates
from training.notice_templates import notices

FOLDER = Path(notice_templates.__file__).parent / "notices"


def test_every_template_fills_as_often_as_asked() -> None:
    templates = sum(len(tomllib.loads(p.read_text())["notice"]) for p in FOLDER.glob("*.toml"))
    messages = list(notices(FOLDER, 3, seed=1))
    assert len(messages) == 3 * templates > 0
    for _, message in messages:
        assert message.subject.strip()
        assert message.body.strip()
        assert not re.search(r"[{}]", message.subject + message.body)


def test_a_seed_decides_the_messages() -> None:
    assert list(notices(FOLDER, 2, seed=7)) == list(notices(FOLDER, 2, seed=7))
    assert list(notices(FOLDER, 2, seed=7)) != list(notices(FOLDER, 2, seed=8))


def test_an_unknown_blank_is_named(tmp_path: Path) -> None:
    text = '[[notice]]\nsubject = "Hello {first}"\nbody = "See {nonsense}"\n'
    (tmp_path / "odd.toml").write_text(text)
    with pytest.raises(ValueError, match=r"odd\.toml.*nonsense"):
        list(notices(tmp_path, 1, seed=0))
