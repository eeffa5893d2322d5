"""The comparison table, in every form it leaves the page in."""

from __future__ import annotations

import csv
import io

import pytest

from optviz.export.comparison import (
    comparison,
    latex,
    proofs_of,
    row,
    to_csv,
    to_latex,
    to_markdown,
)
from optviz.optimizers import OPTIMIZERS
from optviz.optimizers.proofs import Proof

PROOF = {
    "reference": "optax",
    "what": "a quadratic",
    "steps": 50,
    "tolerance": 1e-9,
    "error": 2e-12,
    "convention": "ε outside the root",
}


@pytest.fixture
def one_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"adam": (Proof(**PROOF),)}
    monkeypatch.setattr("optviz.optimizers.proofs.proofs", lambda key: found.get(key, ()))


def test_one_row_a_rule_oldest_first() -> None:
    rows = comparison()
    assert {r["key"] for r in rows} == set(OPTIMIZERS)
    assert [r["year"] for r in rows] == sorted(r["year"] for r in rows)


def test_what_a_row_says() -> None:
    adam = row("adam")
    assert (adam["rule"], adam["kind"], adam["year"]) == ("Adam", "adaptive", 2015)
    assert adam["state, counted"] == "2 × params"
    assert adam["knobs"] == "learning_rate, b1, b2, eps"
    assert adam["builds on"].startswith("RMSProp")
    assert adam["link"] == "https://arxiv.org/abs/1412.6980"


@pytest.mark.usefixtures("one_proof")
def test_proofs_are_counted() -> None:
    assert proofs_of("adam") == (PROOF,)
    assert (row("adam")["proofs"], row("sgd")["proofs"]) == (1, 0)


def test_csv_reads_back() -> None:
    back = list(csv.DictReader(io.StringIO(to_csv(comparison(["sgd", "adam"])))))
    assert [r["rule"] for r in back] == ["SGD", "Adam"]
    assert back[0]["builds on"] == ""


def test_markdown_has_one_line_a_rule() -> None:
    lines = to_markdown(comparison(["sgd", "adam"])).splitlines()
    assert len(lines) == 4
    assert len({line.count(" | ") for line in lines}) == 1


def test_latex_is_escaped_and_balanced() -> None:
    text = to_latex(comparison())
    assert text.count(r"\\") == len(OPTIMIZERS) + 1
    assert r"learning\_rate" in text
    assert latex("50% of $x_1$ & y_2") == r"50\% of $x_1$ \& y\_2"


def test_no_rules_is_a_table_without_rows() -> None:
    assert to_csv([]) == "rule\n"
    assert len(to_markdown([]).splitlines()) == 2
    assert r"\begin{tabular}{l}" in to_latex([])
