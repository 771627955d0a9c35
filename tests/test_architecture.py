"""The rules that keep the parts apart; each is also shown to catch a file that breaks it."""

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import __version__

ROOT = Path(__file__).resolve().parent.parent
PARTS = {"app", "model", "training", "migrations"}
# Who may import which other part of the project.
MAY_IMPORT = {
    "app": {"model"},
    "model": set[str](),
    "training": {"model"},
    "migrations": {"app"},
}
FOLDERS = {".ci", "app", "docs", "migrations", "model", "tests", "training"}
WEB = {
    "aiohttp",
    "fastapi",
    "http",
    "httpx",
    "requests",
    "socket",
    "starlette",
    "urllib3",
    "uvicorn",
}
UNSAFE_MODULES = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
UNSAFE_CALLS = {"torch.load", "numpy.load", "np.load", "eval", "exec"}
LONGEST_FILE = 320
LONGEST_DECISION = 80


def imports(source: str) -> Iterator[str]:
    """Dotted names of all modules that a source imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports name the whole module"
            yield node.module or ""


def tops(source: str) -> set[str]:
    return {name.partition(".")[0] for name in imports(source)}


def foreign_parts(part: str, source: str) -> set[str]:
    """The parts that a file of `part` imports and must not."""
    return (tops(source) & PARTS) - MAY_IMPORT[part] - {part}


def unsafe(source: str) -> set[str]:
    """Ways to run code out of a file, of all that a source imports or calls."""
    calls = {ast.unparse(n.func) for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)}
    return (tops(source) & UNSAFE_MODULES) | (calls & UNSAFE_CALLS)


def tracked() -> list[Path]:
    """The files of the repository; without git, in an unpacked archive, the known folders'."""
    try:
        command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
        listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return [p.relative_to(ROOT) for name in FOLDERS for p in (ROOT / name).rglob("*.*")]
    return [Path(line) for line in listing.splitlines() if (ROOT / line).is_file()]


FILES = tracked()
SOURCES = [path for path in FILES if path.suffix == ".py"]


def of(*parts: str) -> list[Path]:
    found = [path for path in SOURCES if path.parts[0] in parts]
    assert {path.parts[0] for path in found} == set(parts), "a part of the project has no source"
    return found


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("part", sorted(PARTS))
def test_parts_import_only_what_they_may(part: str) -> None:
    broken = {str(path): bad for path in of(part) if (bad := foreign_parts(part, read(path)))}
    assert not broken


def test_the_networks_know_no_http() -> None:
    broken = {str(path): bad for path in of("model") if (bad := tops(read(path)) & WEB)}
    assert not broken


def test_what_serves_never_runs_code_out_of_a_file() -> None:
    broken = {str(path): bad for path in of("app", "model") if (bad := unsafe(read(path)))}
    assert not broken


def test_the_service_needs_runtime_packages_only() -> None:
    extras = {
        "datasketch",
        "hypothesis",
        "matplotlib",
        "pytest",
        "schemathesis",
        "scipy",
        "sklearn",
    }
    serving = of("app", "model", "migrations")
    broken = {str(path): bad for path in serving if (bad := tops(read(path)) & extras)}
    assert not broken


def test_only_the_known_folders_exist() -> None:
    assert {path.parts[0] for path in FILES if len(path.parts) > 1} == FOLDERS


def test_files_are_short_enough_to_read() -> None:
    lengths = {str(path): len(read(path).splitlines()) for path in SOURCES}
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE}


def test_decisions_fit_on_a_page() -> None:
    decisions = [path for path in FILES if path.parts[:2] == ("docs", "decisions")]
    lengths = {str(path): len(read(path).splitlines()) for path in decisions}
    assert lengths
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST_DECISION}


def test_decisions_have_numbers_of_their_own() -> None:
    decisions = [path.name for path in FILES if path.parts[:2] == ("docs", "decisions")]
    numbers = [name.partition("-")[0] for name in decisions]
    assert all(len(number) == 4 and number.isdigit() for number in numbers), decisions
    assert len(set(numbers)) == len(numbers), sorted(decisions)


def test_the_package_and_the_service_have_one_version() -> None:
    assert tomllib.loads(read(Path("pyproject.toml")))["project"]["version"] == __version__


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads(read(Path("pyproject.toml")))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    assert not [name for group in groups for name in group if "==" not in name]


@pytest.mark.parametrize(
    ("part", "source", "expected"),
    [
        ("app", "from training.loop import Loop", {"training"}),
        ("app", "from model.mime import parse", set[str]()),
        ("model", "def f():\n    import app.settings", {"app"}),
        ("model", "import modelling, apples", set[str]()),
        ("training", "import app", {"app"}),
        ("migrations", "from model import mime", {"model"}),
    ],
)
def test_the_check_of_imports_can_fail(part: str, source: str, expected: set[str]) -> None:
    assert foreign_parts(part, source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch\ntorch.load('x')", {"torch.load"}),
        ("from pickle import loads", {"pickle"}),
        ("def f():\n    eval('1')", {"eval"}),
        ("network.eval()", set[str]()),
        ("from safetensors.torch import load_file", set[str]()),
    ],
)
def test_the_check_of_unsafe_loading_can_fail(source: str, expected: set[str]) -> None:
    assert unsafe(source) == expected
