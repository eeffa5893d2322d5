"""The table of fair rates: complete, and what the search finds today."""

from __future__ import annotations

import json

import numpy as np
import pytest

from optviz.analysis.tuning import (
    GRID,
    TABLE,
    jittered_starts,
    main,
    search_rate,
    searchable,
    table_of,
)
from optviz.optimizers import OPTIMIZERS
from optviz.surfaces import SURFACES

STORED = json.loads(TABLE.read_text("utf-8"))


@pytest.mark.parametrize(("surface", "rule"), list(searchable()))
def test_every_pair_has_a_rate(surface, rule):
    assert STORED["surfaces"].get(surface, {}).get(rule) in GRID, (
        "run python -m optviz.analysis.tuning --missing"
    )


def test_the_table_says_how_it_was_searched():
    assert table_of(STORED["surfaces"]) == STORED


@pytest.mark.parametrize(
    ("surface", "rule"),
    [("ravine", "sgd"), ("rosenbrock", "adam"), ("saddle", "momentum"), ("beale", "rmsprop")],
)
def test_searching_again_finds_the_same(surface, rule):
    found = search_rate(SURFACES[surface](), OPTIMIZERS[rule]())
    assert found.rate == STORED["surfaces"][surface][rule]
    assert found.counts[found.best]


def test_gradient_descent_on_the_ravine_is_stable_and_near_the_best_fixed_rate():
    ravine = SURFACES["ravine"]()
    rate = STORED["surfaces"]["ravine"]["sgd"]
    best = 2 / (1 + ravine.condition)
    assert best / 10**0.2 <= rate < 2 / ravine.condition


def test_rates_beyond_stability_do_not_count():
    found = search_rate(SURFACES["ravine"](), OPTIMIZERS["sgd"]())
    assert not found.counts[found.rates > 2 / 50].any()


def test_starts_are_near_the_surfaces_own_and_on_its_side_of_a_ridge():
    starts = jittered_starts(SURFACES["saddle"]())
    np.testing.assert_array_equal(starts[0], SURFACES["saddle"].start)
    assert (starts[:, 1] > 0).all()
    assert np.abs(starts / starts[0] - 1).max() <= 0.01


def test_searching_one_pair_keeps_the_others(tmp_path):
    out = tmp_path / "rates.json"
    main(["--surface", "ravine", "--optimizer", "sgd", "--out", str(out)])
    assert json.loads(out.read_text("utf-8")) == STORED
