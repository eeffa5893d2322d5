"""Under `python -OO` there are no docstrings: all works, and one line says what is missing."""

from __future__ import annotations

import subprocess
import sys

CODE = """
from optviz.cli import main
from optviz.catalog.description import describe
from optviz.optimizers import OPTIMIZERS
assert False, "asserts are off as well"
asked = (["list", "optimizers"], ["list", "--json"], ["race", "saddle", "-O", "sgd"])
codes = [main(words) for words in asked]
said = describe(OPTIMIZERS["adam"])
print(codes, repr(said.summary), said.equations, said.links)
"""


def test_without_docstrings_everything_works_and_one_line_says_so() -> None:
    command = [sys.executable, "-OO", "-c", CODE]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[0, 0, 0] '' () ()"
    assert found.stderr.splitlines() == [
        "optviz: descriptions, equations and references are missing, for python -OO takes "
        "docstrings away"
    ]


def test_help_says_it_too() -> None:
    command = [sys.executable, "-OO", "-m", "optviz", "--help"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "docstrings" in found.stderr
    assert "race" in found.stdout
