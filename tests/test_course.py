"""docs/course.md: its prompt works, and the code that it quotes is the code."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COURSE = (ROOT / "docs" / "course.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"```python\n# (\S+\.py)\n(.*?)```", COURSE, re.DOTALL)


def test_what_is_typed_at_the_prompt_gives_what_is_shown() -> None:
    examples = doctest.DocTestParser().get_doctest(COURSE, {}, "course.md", "docs/course.md", 0)
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(examples)
    assert runner.tries > 20
    assert runner.failures == 0


@pytest.mark.parametrize(("path", "lines"), QUOTED, ids=[path for path, _ in QUOTED])
def test_quoted_code_is_what_the_file_holds(path: str, lines: str) -> None:
    assert lines in (ROOT / path).read_text(encoding="utf-8")


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", COURSE)
    assert len(pictures) == 3
    assert all((ROOT / "docs" / picture).stat().st_size > 1000 for picture in pictures)
