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


def test_half_of_bulk_mail_gets_a_footer_and_no_other_mail(tmp_path: Path) -> None:
    messages = '[[message]]\nsubject = "Sale"\nbody = "Sale at {shop}. Now."\n' * 400
    for name, above in (("bulk", "bulk = true\n"), ("letter", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "one.toml").write_text(above + messages)
    bulk = [message.body for _, message in templates.messages(tmp_path / "bulk", 1, seed=1)]
    framed = [body for body in bulk if not re.fullmatch(r"Sale at .*\. Now\.", body.strip())]
    assert 150 < len(framed) < 250
    assert all(re.search(r"Sale at .*\. Now\.", body) for body in framed)
    assert sum("©" in body for body in framed) > 40
    assert not any("{" in body for body in framed)
    letters = templates.messages(tmp_path / "letter", 1, seed=1)
    assert all(re.fullmatch(r"Sale at .*\. Now\.", message.body) for _, message in letters)


def test_all_fillings_of_a_template_have_the_same_footer(tmp_path: Path) -> None:
    message = '[[message]]\nsubject = "Sale"\nbody = "Now."\n' * 20
    (tmp_path / "one.toml").write_text("bulk = true\n" + message)
    bodies = [message.body for _, message in templates.messages(tmp_path, 10, seed=1)]
    for first in range(0, len(bodies), 10):
        lines = {body.count("\n") for body in bodies[first : first + 10]}
        assert len(lines) == 1
