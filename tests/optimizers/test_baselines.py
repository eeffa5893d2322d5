"""What any optimizer should beat: random search, a refined grid, a simplex."""

import numpy as np
import pytest

import optviz
from optviz.engine.surfaces.descend import Job, descend
from optviz.optimizers import OPTIMIZERS
from optviz.surfaces import SURFACES

BASELINES = ("random_search", "brute_force", "nelder_mead")


def run(rule, surface="himmelblau", num_steps=300, **more):
    landscape = SURFACES[surface]()
    start = np.array(landscape.start)
    return descend([Job(rule, {})], landscape, start, num_steps=num_steps, **more)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_it_shows_never_gets_worse(name, dtype):
    for surface in ("himmelblau", "rastrigin", "rosenbrock"):
        losses = run(OPTIMIZERS[name](), surface, dtype=dtype).losses[0]
        assert (np.diff(losses) <= 1e-5 * (1 + np.abs(losses[:-1]))).all()
        assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", BASELINES)
def test_finds_a_minimum_in_the_end(name):
    result = run(OPTIMIZERS[name](), num_steps=1500)
    assert result.losses[0, -1] < 1e-6


def test_random_search_draws_anew_for_each_seed_and_repeats_for_the_same():
    rule = OPTIMIZERS["random_search"]()
    one, again, other = (run(rule, seed=seed).params for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_the_radius_follows_the_distance():
    """So that some steps always succeed: fewer than one in five, for the radius has to shrink."""
    bowl, start = optviz.expression("x**2 + y**2"), np.array([3.0, 2.0])
    job = Job(OPTIMIZERS["random_search"](), {})
    runs = [descend([job], bowl, start, num_steps=350, seed=seed).losses[0] for seed in range(5)]
    successes = [(np.diff(losses) < 0)[20:].mean() for losses in runs]
    assert 0.05 < np.mean(successes) < 0.2
    assert max(losses[-1] for losses in runs) < 1e-6


def test_a_constant_radius_stays_coarse():
    fine, coarse = (
        run(OPTIMIZERS["random_search"](adapt=adapt), "ravine").losses[0, -1]
        for adapt in (True, False)
    )
    assert fine < 1e-3 * coarse


def test_the_grid_looks_at_one_point_a_step():
    result = run(OPTIMIZERS["brute_force"](points=5, radius=1.0), num_steps=40)
    np.testing.assert_array_equal(result.evaluations[0], [0, *range(2, 42)])
    start = np.array(SURFACES["himmelblau"]().start)
    offsets = result.params[0, 1:26] - start
    steps = (offsets + 1) * 2  # grid points are half a unit apart
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-9)


def test_a_coarse_grid_misses_what_lies_between_its_points():
    """Rastrigin's basins are one unit wide: a wide grid of five ends in the wrong one."""
    wide = run(OPTIMIZERS["brute_force"](points=4, radius=10.0), "rastrigin", 800)
    assert wide.losses[0, -1] > 0.5


def test_the_simplex_counts_what_it_looks_at():
    counts = run(OPTIMIZERS["nelder_mead"](), num_steps=50).evaluations[0]
    assert counts[1] == 3
    assert set(np.diff(counts[1:])) <= {1, 2, 4}


@pytest.mark.parametrize("name", ["brute_force", "nelder_mead"])
def test_they_race_on_a_surface_beside_the_others(name):
    race = optviz.race("beale", [name, "random_search", "adam"], num_steps=400)
    assert np.isfinite(race.losses).all()
    assert np.isnan(race.learning_rates[0]).all()


def test_a_grid_in_sixteen_dimensions_is_refused():
    with pytest.raises(ValueError, match=r"Brute force on Matrix regression would need 5\^16 grid"):
        optviz.race("matrix_regression", ["brute_force"])
    with pytest.raises(ValueError, match="Brute force on Matrix regression"):
        optviz.sweep("matrix_regression", "brute_force", {"radius": [1.0, 2.0]})
