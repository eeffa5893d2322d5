"""What README, CONTRIBUTING, the benchmarks' page and the site tell a reader to run is there."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest

import optviz
from optviz.cli import _parser, commands

ROOT = Path(__file__).parents[1]
SITE = sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md"))
PAGES = {
    name: (ROOT / name).read_text("utf-8")
    for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md", *SITE)
}


def does_something(module: str) -> bool:
    """Whether `python -m` runs it, instead of defining things and leaving."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return False
    if spec.submodule_search_locations is not None:
        return find_spec(f"{module}.__main__") is not None
    return 'if __name__ == "__main__":' in Path(spec.origin).read_text("utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_modules_and_targets_exist(page: str) -> None:
    modules = re.findall(r"python -m (optviz[\w.]*)", PAGES[page])
    assert [name for name in modules if not does_something(name)] == []
    made = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", PAGES[page], re.MULTILINE)) <= made


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page: str) -> None:
    folder = Path(commands.__path__[0])
    known = {file.stem for file in folder.glob("[a-z]*.py")}
    assert set(re.findall(r"(?:^|`)optviz ([a-z]+)\b", PAGES[page], re.MULTILINE)) <= known


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_understood(page: str) -> None:
    """Every line of a block of commands that calls optviz, as the command line reads it."""
    parser, _ = _parser(asks_for_help=False)
    blocks = re.findall(r"```sh\n(.*?)```", PAGES[page], re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    calls = [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("optviz ")]
    assert calls or page != "README.md"
    for call in calls:
        parser.parse_args(call)


WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
WORDS += " sixteen seventeen eighteen nineteen twenty"
NUMBERS = {word: number for number, word in enumerate(WORDS.split(), start=1)}


@pytest.mark.parametrize(
    ("things", "catalogue"),
    [("rules", "OPTIMIZERS"), ("shapes", "SCHEDULES")],
)
def test_counts_are_those_of_the_catalogue(things: str, catalogue: str) -> None:
    told = re.findall(rf"\b([\w-]+) {things}\b", PAGES["README.md"])
    counts = [int(NUMBERS.get(word.lower(), word)) for word in told if _is_number(word)]
    # Of a few on one picture there is nothing to hold it against.
    known = len(getattr(optviz, catalogue))
    assert counts
    assert [count for count in counts if count != known and count > 8] == []


def _is_number(word: str) -> bool:
    return word.isdigit() or word.lower() in NUMBERS


def test_the_version_is_told_alike() -> None:
    version = optviz.__version__
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text("utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE)
