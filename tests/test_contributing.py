"""The worked example of CONTRIBUTING.md, pasted as it says, passes what every rule must pass."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
FILES = dict(re.findall(r"`([\w/]+\.py)`:\n\n```python\n(.*?)```", TEXT, re.DOTALL))
(KEY,) = re.findall(r'^    name: ClassVar\[str\] = "(\w+)"$', TEXT, re.MULTILINE)


@pytest.fixture(scope="module")
def pasted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and the tests of rules with the example's files among them."""
    folder = tmp_path_factory.mktemp("pasted")
    leave = shutil.ignore_patterns("__pycache__", "node_modules")
    shutil.copytree(ROOT / "optviz", folder / "optviz", ignore=leave)
    for name in ("optimizers", "proofs"):
        shutil.copytree(ROOT / "tests" / name, folder / "tests" / name, ignore=leave)
    for name in ("pyproject.toml", "tests/conftest.py"):
        shutil.copy(ROOT / name, folder / name)
    # Proofs beside stored paths of other libraries are found by their place.
    (folder / "tests/golden").symlink_to(ROOT / "tests/golden", target_is_directory=True)
    for name, code in FILES.items():
        (folder / name).write_text(code, "utf-8")
    return folder


def _python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_example_shows_the_rule_that_it_announces() -> None:
    assert list(FILES) == [f"optviz/optimizers/{KEY}.py", f"tests/proofs/proofs_{KEY}.py"]
    story = TEXT.partition("## Worked example")[2]
    assert re.search(r"^(\w+) moves", story, re.MULTILINE).group(1).lower() == KEY  # pyright: ignore


def test_the_pasted_example_is_proved_and_passes(pasted: Path) -> None:
    proved = _python(pasted, "tests/proofs/make_proofs.py", KEY)
    assert proved.returncode == 0, proved.stdout + proved.stderr
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", KEY)
    which = (
        "optimizers/test_rules.py",
        "optimizers/test_gallery_facts.py",
        "proofs/test_proofs.py",
    )
    named = [f"tests/{name}" for name in which]
    passed = _python(pasted, *words, *named)
    said = passed.stdout + passed.stderr
    assert passed.returncode == 0, said
    count = re.search(r"(\d+) passed", said)
    assert count is not None
    assert int(count.group(1)) >= 20, said
