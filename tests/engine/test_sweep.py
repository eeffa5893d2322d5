"""Maps: the same numbers as races, cell by cell, whatever the blocks."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

import optviz
from optviz.api.sweep import sweep
from optviz.engine.surfaces import sweep as engine
from optviz.engine.surfaces.ends import compile_count
from optviz.engine.surfaces.sweep import SweepCancelledError
from optviz.optimizers import OPTIMIZERS
from optviz.surfaces import SURFACES
from optviz.surfaces.expression import expression

RATES = np.geomspace(1e-4, 3, 7)


def _races(surface, rule, rates, **options):
    rules = {str(i): replace(rule, learning_rate=rate) for i, rate in enumerate(rates)}
    return optviz.race(surface, rules, **options)


@pytest.mark.parametrize("rule", list(OPTIMIZERS))
@pytest.mark.parametrize("surface", ["ravine", "saddle", "beale"])
def test_equals_races_cell_by_cell(surface, rule):
    where, what = SURFACES[surface](), OPTIMIZERS[rule]()
    if not hasattr(what, "learning_rate"):
        pytest.skip("the rule has no learning rate")
    result = sweep(where, what, {"learning_rate": RATES}, num_steps=60, dtype="float64")
    race = _races(where, what, RATES, num_steps=60)
    np.testing.assert_array_equal(result.steps_to_tolerance, race.steps_to_tolerance)
    np.testing.assert_array_equal(result.diverged_at, race.diverged_at)
    np.testing.assert_allclose(
        result.final_losses, race.losses[:, -1], rtol=1e-7, atol=1e-9 * abs(race.losses[0, 0])
    )
    np.testing.assert_allclose(result.initial_losses, race.losses[:, 0], rtol=1e-12)


def test_the_bound_grows_with_the_start_as_in_a_race():
    starts = [[1e5, 1e5], [-1.2, 1.0], [1e200, 1.0]]
    race = optviz.race("rosenbrock", ["newton"], start=starts, num_steps=20)
    options = {"start": starts, "num_steps": 20, "dtype": "float64"}
    result = optviz.sweep("rosenbrock", "newton", {"damping": [0.0]}, **options)
    assert race.diverged_at[0].tolist() == result.diverged_at[0].tolist() == [-1, -1, 0]
    options |= {"dtype": "float32"}  # in which 1e200 is infinite
    still = optviz.sweep("rosenbrock", "sgd", {"learning_rate": [1e-30]}, **options)
    assert still.diverged_at[0].tolist() == [-1, -1, 0]


def test_one_axis_a_knob_and_a_last_one_for_starts():
    rule = OPTIMIZERS["momentum"]()
    momenta, starts = np.array([0.0, 0.5, 0.9]), np.array([[1.0, 1.0], [-2.0, 0.5]])
    grid = {"momentum": momenta, "learning_rate": RATES[:4]}
    result = sweep(SURFACES["ravine"](), rule, grid, start=starts, num_steps=40, dtype="float64")
    assert result.final_losses.shape == (3, 4, 2)
    for i, momentum in enumerate(momenta):
        race = _races(
            "ravine", replace(rule, momentum=momentum), RATES[:4], start=starts, num_steps=40
        )
        np.testing.assert_allclose(result.final_losses[i], race.losses[..., -1], rtol=1e-9)


def test_blocks_do_not_show(monkeypatch):
    grid = {"learning_rate": np.geomspace(1e-3, 1e-2, 13), "momentum": np.linspace(0, 0.9, 11)}
    where, rule = SURFACES["ravine"](), OPTIMIZERS["momentum"]()
    whole = sweep(where, rule, grid, num_steps=50, dtype="float64")
    monkeypatch.setattr(engine, "BLOCKS", (16,))  # nine blocks, the last one partly filled
    parts = sweep(where, rule, grid, num_steps=50, dtype="float64")
    np.testing.assert_allclose(parts.final_losses, whole.final_losses, rtol=1e-10)
    np.testing.assert_array_equal(parts.steps_to_tolerance, whole.steps_to_tolerance)


def test_new_values_compile_nothing():
    where, rule = SURFACES["ravine"](), OPTIMIZERS["adam"]()
    sweep(where, rule, {"b1": [0.5, 0.9]}, num_steps=20)
    before = compile_count()
    sweep(
        replace(where, condition=9.0),
        replace(rule, learning_rate=0.3),
        {"b1": np.linspace(0, 0.9, 30)},
        start=(1, 1),
        num_steps=70,
        tolerance=1e-3,
    )
    assert compile_count() == before


def test_a_minimum_that_is_not_known_is_the_best_of_all():
    where, rule = expression("(x - 1)**2 + 2*y**2 + 3"), OPTIMIZERS["sgd"]()
    rates = np.geomspace(1e-2, 0.4, 5)
    result = sweep(where, rule, {"learning_rate": rates}, num_steps=80, dtype="float64")
    race = _races(where, rule, rates, num_steps=80)
    assert result.lowest == pytest.approx(race.losses.min(), rel=1e-12)
    np.testing.assert_array_equal(result.steps_to_tolerance, race.steps_to_tolerance)


def test_progress_ends_at_one_and_stays_in_this_thread(monkeypatch):
    monkeypatch.setattr(engine, "BLOCKS", (16,))
    seen = []
    sweep(
        SURFACES["ravine"](),
        OPTIMIZERS["sgd"](),
        {"learning_rate": np.geomspace(1e-3, 1e-2, 100)},
        num_steps=10,
        progress=lambda share: seen.append((share, threading.current_thread())),
    )
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert {thread for _, thread in seen} == {threading.current_thread()}


def test_cancelled_between_blocks(monkeypatch):
    monkeypatch.setattr(engine, "BLOCKS", (16,))
    done = []
    with pytest.raises(SweepCancelledError):
        sweep(
            SURFACES["ravine"](),
            OPTIMIZERS["sgd"](),
            {"learning_rate": np.geomspace(1e-3, 1e-2, 320)},
            num_steps=10,
            progress=done.append,
            cancelled=lambda: len(done) > 2,
        )
    assert len(done) < 10


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"b1": [0.5, 1.2]}, r"Adam.b1 must lie in \[0, 1\), got 1.2"),
        ({"b1": []}, "needs a list of values"),
        ({"beta1": [0.5]}, "unknown knob of Adam 'beta1'.*did you mean 'b1'"),
        ({"bias_correction": ["power"]}, "is a choice, not a number"),
        ({"b1": ["much"]}, "must be numbers"),
    ],
)
def test_bad_grids_are_refused_before_compiling(grid, message):
    before = compile_count()
    with pytest.raises(ValueError, match=message):
        sweep(SURFACES["ravine"](), OPTIMIZERS["adam"](), grid)
    assert compile_count() == before


def test_different_entries_have_different_tree_structures():
    """Equal structures would let one rule run the program of another."""
    import jax

    structures = {}
    for catalog in (OPTIMIZERS, SURFACES):
        for key, cls in catalog.items():
            structure = jax.tree.structure(cls())
            equal = [other for other, s in structures.items() if s == structure]
            assert not equal, f"{key} and {equal}"
            structures[key] = structure
