"""Steps to tolerance and outcomes, from losses written down by hand."""

import numpy as np
import pytest

import optviz
from optviz.analysis.convergence import lowest_loss, outcomes, steps_to_tolerance, window
from optviz.surfaces import SURFACES
from optviz.surfaces.expression import expression

INF = np.inf


def steps(losses, lowest, tolerance=0.1):
    return steps_to_tolerance(np.array(losses, np.float64), lowest, tolerance).tolist()


def test_steps_to_tolerance_is_the_first_index_within_a_share_of_the_first_error():
    # f* = 1, loss₀ = 11: within 0.1 · 10 of 1 means at most 2.
    assert steps([[11, 5, 2.01, 2, 9, 1]], 1) == [3]
    assert steps([[11, 5, 2.01, 2.001]], 1) == [-1]
    assert steps([[11, 1, 1]], 1) == [1]
    assert steps([[11, 11], [3, 1]], 1) == [-1, 1]
    assert steps([[[11, 2], [11, 3]]], 1) == [[1, -1]]


def test_the_tolerance_itself_counts_as_reached():
    assert steps([[10, 1]], 0) == [1]
    assert steps([[10, np.nextafter(1, 2)]], 0) == [-1]


def test_a_start_at_the_minimum_has_arrived():
    assert steps([[1, 1, 1]], 1) == [0]
    assert steps([[1, 5, 1]], 1) == [0]


def test_no_tolerance_asks_for_the_minimum_itself():
    assert steps([[4, 1e-300, 0]], 0, tolerance=0.0) == [2]
    assert steps([[4, 3, 2]], 0, tolerance=1.0) == [0]


def test_an_unknown_minimum_is_the_best_of_the_comparison():
    # The best of both runs is 1; the first run comes within 0.1 · (11 - 1) of it, or 2.
    assert steps([[11, 2, 4], [11, 3, 1]], None) == [1, 2]
    assert steps([[11, 2.5, 4], [11, 3, 1]], None) == [-1, 2]


def test_a_surface_without_lower_bound_has_no_arrival():
    assert steps([[1, -5, -1e9]], -INF) == [-1]
    assert steps([[[1, -5], [1, 1]]], -INF) == [[-1, -1]]


def outcome(losses, lowest, *, diverged_at=-1, last=None, floor=-INF, norms=None, tolerance=0.1):
    losses = np.array([losses], np.float64)
    norms = np.ones_like(losses) if norms is None else np.array([norms], np.float64)
    last = losses[:, -1] if last is None else np.array([last], np.float64)
    at = np.array([diverged_at])
    return outcomes(losses, norms, at, last, lowest, floor, tolerance)[0]


@pytest.mark.parametrize(
    ("expected", "losses", "lowest", "more"),
    [
        ("converged", [11, 2], 1, {}),
        ("running", [11, 2.01], 1, {}),
        ("running", [11, 1, 5], 1, {}),  # was there, and left
        ("diverged", [11, 20, 20], 1, {"diverged_at": 2, "last": INF}),
        ("diverged", [11, 1, 1], 1, {"diverged_at": 2, "last": np.nan}),
        ("diverged", [11, 20, 20], 1, {"diverged_at": 2, "last": -1e13}),  # cannot be: bounded
        # Unbounded below: out of the window downwards is a success, whatever became of it then.
        ("escaped", [1, -11], -INF, {"floor": -10}),
        ("running", [1, -9], -INF, {"floor": -10}),
        ("escaped", [1, -11, -11], -INF, {"floor": -10, "diverged_at": 2, "last": -1e13}),
        ("diverged", [1, 50, 50], -INF, {"floor": -10, "diverged_at": 2, "last": 1e13}),
        # Not known: downwards out of every bound.
        ("escaped", [1, -5, -5], None, {"floor": -10, "diverged_at": 2, "last": -1e13}),
        ("escaped", [1, -50, -50], None, {"floor": -10, "diverged_at": 2, "last": -1e13}),
        ("diverged", [1, 50, 50], None, {"floor": -10, "diverged_at": 2, "last": 1e13}),
        ("diverged", [1, 5, 5], None, {"floor": -10, "diverged_at": 2, "last": np.nan}),
        # Not known: converged where the slope has gone, by √tolerance.
        ("converged", [9, 5], None, {"norms": [10, 1], "tolerance": 0.01}),
        ("running", [9, 5], None, {"norms": [10, 1.01], "tolerance": 0.01}),
    ],
)
def test_outcome(expected, losses, lowest, more):
    assert outcome(losses, lowest, **more) == expected


def race(surface, *rules, **settings):
    return optviz.race(surface, list(rules), **settings)


def test_escapes_on_saddles():
    sgd = optviz.optimizers.SGD
    for name in ("saddle", "monkey_saddle"):
        result = race(name, sgd(learning_rate=0.1), sgd(learning_rate=1e-9), num_steps=500)
        assert result.outcomes.tolist() == ["escaped", "running"]
        assert result.steps_to_tolerance.tolist() == [-1, -1]
        assert np.isfinite(result.losses).all()
        assert result.losses[0, -1] < window(SURFACES[name]()).min()


def test_up_the_walls_of_a_saddle_is_no_escape():
    """Across the pass, x is thrown up the hills faster than y falls."""
    surface = SURFACES["saddle"](a=10.0, b=0.1)
    sgd = optviz.optimizers.SGD(learning_rate=0.5)
    result = race(surface, sgd, start=(1.0, 0.0), num_steps=200)
    assert result.outcomes.tolist() == ["diverged"]


def test_outcomes_of_a_race():
    sgd = optviz.optimizers.SGD
    rules = [sgd(learning_rate=rate) for rate in (0.039, 1e-5, 1.0)]
    result = race("ravine", *rules, num_steps=2000)
    assert result.outcomes.tolist() == ["converged", "running", "diverged"]
    assert (result.diverged_at >= 0).tolist() == [False, False, True]
    error = result.losses[0] / result.losses[0, 0]
    arrived = result.steps_to_tolerance[0]
    assert error[arrived] <= 1e-6 < error[arrived - 1]


def test_unknown_surfaces_escape_and_converge_too():
    sgd = optviz.optimizers.SGD(learning_rate=0.1)
    assert race(expression("x - y^3"), sgd, num_steps=500).outcomes.tolist() == ["escaped"]
    assert race(expression("x^2 + y^2"), sgd, num_steps=500).outcomes.tolist() == ["converged"]
    fast = optviz.optimizers.SGD(learning_rate=2.0)
    assert race(expression("x^2 + y^2"), fast, num_steps=500).outcomes.tolist() == ["diverged"]


def test_lowest_loss_is_the_surfaces_bound():
    assert lowest_loss(SURFACES["rosenbrock"]()) == 0
    assert lowest_loss(SURFACES["saddle"]()) == -INF
    assert lowest_loss(expression("x")) is None
