"""What README, CONTRIBUTING and the benchmarks' page tell a reader to run is there."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from optviz.cli import commands

ROOT = Path(__file__).parents[1]
PAGES = {
    name: (ROOT / name).read_text("utf-8")
    for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")
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
