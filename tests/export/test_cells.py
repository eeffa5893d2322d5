"""No text in a CSV file is a formula, and what was written comes back."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
from made_training import spec, started, tell

import optviz
from optviz.export import curves
from optviz.export.cells import as_cells, cell

FORMULAS = ["=1+1", "+A1", "-2", "@SUM(A1)", '=HYPERLINK("https://example.org")', "＝1", "\t=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_becomes_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Adam", "", "a=1", " =1", "1-2", "'=1", "−1"])
def test_other_text_stays(text: str) -> None:
    assert cell(text) == text


def test_numbers_stay_numbers() -> None:
    frame = pd.DataFrame(
        {"x": [-1.5, float("nan")], "n": [-1, 2], "t": ["-1", None], "b": [True, False]}
    )
    told = as_cells(frame)
    assert told["x"][0] == -1.5
    assert told["n"].tolist() == [-1, 2]
    assert told["t"][0] == "'-1"
    assert pd.isna(told["t"][1])
    assert told["b"].dtype == bool


def test_labels_of_races_and_trainings_are_no_formulas(tmp_path: Path) -> None:
    race = optviz.race("ravine", {"=1+1": "sgd", "-b": "momentum"}, num_steps=3)
    race.save(tmp_path / "race.csv")
    result = started(spec("sgd#@a", "sgd#+b"))
    for run in range(2):
        tell(result, run)
    files = [tmp_path / "race.csv", *curves.write(result, tmp_path / "training.csv")]
    for file in files:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        assert rows
        assert {row["label"][0] for row in rows} == {"'"}
    assert curves.steps_frame(result)["label"][0] == "@a"
