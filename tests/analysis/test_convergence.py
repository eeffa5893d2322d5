"""Outcomes and steps to tolerance: by hand, and as all who tell them agree."""

import numpy as np
import pytest

import optviz
from optviz.analysis.race.convergence import OUTCOMES, counted, ends, told, told_all
from optviz.api.sweep import sweep
from optviz.engine.surfaces.descend import Descents
from optviz.engine.surfaces.ground import Ground, early, ground, window
from optviz.surfaces import SURFACES
from optviz.surfaces.expression import expression

INF = np.inf
SGD, MOMENTUM = optviz.optimizers.SGD, optviz.optimizers.Momentum


def found(
    losses, lowest, *, tolerance=0.1, floor=INF, diverged_at=-1, last=None, norms=1.0, away=0
):
    """Outcomes and steps of runs along the last axis, in a window of width 1 about their place."""
    losses = np.array(losses, np.float64)
    shape = losses.shape[:-1]
    norms = np.broadcast_to(np.asarray(norms, np.float64), losses.shape)
    at = np.broadcast_to(diverged_at, shape)
    final = losses[..., -1] if last is None else np.broadcast_to(last, shape)
    runs = Descents(np.full((*losses.shape, 2), float(away)), losses, norms, norms, at, final, ())
    told = ends(runs, Ground(lowest, floor, np.zeros(2), 1.0, 2.0**-52), tolerance)
    return told.outcomes.tolist(), told.steps_to_tolerance.tolist()


def test_arrival_is_the_first_index_within_a_share_of_the_first_error():
    # f* = 1, loss₀ = 11: within 0.1 · 10 of 1 means at most 2.
    assert found([[11, 5, 2.01, 2, 9, 1]], 1) == (["converged"], [3])
    assert found([[11, 1, 1]], 1) == (["converged"], [1])
    assert found([[11, 5, 2.01, 2.001]], 1) == (["running"], [-1])
    assert found([[11, 11], [3, 1]], 1) == (["running", "converged"], [-1, 1])
    assert found([[[11, 2], [11, 3]]], 1) == ([["converged", "running"]], [[1, -1]])


def test_the_tolerance_itself_counts_and_none_asks_for_the_minimum_itself():
    assert found([[10, 1]], 0) == (["converged"], [1])
    assert found([[10, np.nextafter(1, 2)]], 0) == (["running"], [-1])
    assert found([[4, 1e-300, 0]], 0, tolerance=0.0) == (["converged"], [2])
    assert found([[4, 3, 2]], 0, tolerance=1.0) == (["converged"], [0])
    assert found([[4, 3, 5]], 0, tolerance=1.0) == (["left"], [0])


def test_a_start_at_the_minimum_has_arrived():
    assert found([[1, 1, 1]], 1) == (["converged"], [0])
    assert found([[1, 5, 1]], 1) == (["converged"], [0])
    assert found([[1, 5, 3]], 1) == (["left"], [0])


def test_who_was_there_and_is_not_at_the_end_has_left():
    assert found([[11, 1, 5]], 1) == (["left"], [1])
    # even where the gradient has vanished by then
    assert found([[11, 1, 5]], 1, norms=[1, 1, 0]) == (["left"], [1])


@pytest.mark.parametrize("last", [INF, np.nan, 1e13, -1e13])
def test_who_diverged_has_not_arrived_whatever_came_before(last):
    losses = [[11, 1, 1]]
    assert found(losses, 1, diverged_at=2, last=last) == (["diverged"], [-1])
    assert found([[np.nan] * 3], 1, diverged_at=0, last=np.nan) == (["diverged"], [-1])
    assert found([[INF] * 3], 1, diverged_at=0, last=INF, tolerance=0) == (["diverged"], [-1])


def test_at_rest_is_where_a_slope_like_it_would_win_nothing_of_what_is_left():
    # 4 above f* at the end, in a window of width 1: a millionth of that is 4e-6.
    assert found([[9, 5]], 1, norms=[1, 4e-6]) == (["stationary"], [-1])
    assert found([[9, 5]], 1, norms=[1, 4.1e-6]) == (["running"], [-1])
    assert found([[9, 5]], 1, norms=[0, 0]) == (["stationary"], [-1])
    # Far outside the window a quadratic is no plateau: f = r² / 2 at r = 10⁹.
    assert found([[9e17, 5e17]], 0, norms=[1e9, 1e9], away=1e9) == (["running"], [-1])
    # Without a bound the lowest place that is known counts: of the window, and of the others.
    saddle = {"floor": -4, "norms": [[1, 1e-7]]}
    assert found([[9, 0]], -INF, **saddle) == (["stationary"], [-1])
    assert found([[9, 0]], None, **saddle) == (["stationary"], [-1])


def test_without_a_lower_bound_nobody_arrives_and_out_of_the_window_downwards_is_an_escape():
    assert found([[1, -5, -1e9]], -INF, floor=-10) == (["escaped"], [-1])
    assert found([[[1, -11], [1, -9]]], -INF, floor=-10) == ([["escaped", "running"]], [[-1, -1]])
    frozen = {"floor": -10, "diverged_at": 2}
    assert found([[1, -11, -11]], -INF, last=-1e13, **frozen) == (["escaped"], [-1])
    assert found([[1, 50, 50]], -INF, last=1e13, **frozen) == (["diverged"], [-1])


def test_where_no_bound_is_known_an_escape_runs_off_downwards():
    frozen = {"floor": -10, "diverged_at": 2}
    assert found([[1, -5, -5]], None, last=-1e13, **frozen) == (["escaped"], [-1])
    assert found([[1, 50, 50]], None, last=1e13, **frozen) == (["diverged"], [-1])
    # below the window, then no number: √x left its domain, it has not run off
    assert found([[1, -50, -50]], None, last=np.nan, **frozen) == (["diverged"], [-1])
    # and then nobody else has arrived at a lowest loss either
    two = found([[1, 0, 0], [1, -5, -5]], None, diverged_at=[-1, 2], last=[0, -1e13], floor=0)
    assert two == (["running", "escaped"], [-1, -1])


def test_an_unknown_minimum_is_the_best_of_the_comparison_and_of_the_window():
    there = np.r_[11, 3, np.ones(30)]
    late = np.r_[11, 2, np.full(30, 4)]
    slow = np.linspace(11, 5, 32)
    assert found([there, late, slow], None) == (["converged", "left", "running"], [2, 1, -1])
    # The window shows a lower place, which the map on screen shows too.
    assert found([there, late], None, floor=-50) == (["running", "running"], [-1, -1])
    # A start that is no number spoils nothing for the others.
    bad = np.full(32, np.nan)
    two = found([[there, bad]], None, diverged_at=[[-1, 0]], last=[[1, np.nan]])
    assert two == ([["converged", "diverged"]], [[2, -1]])


def test_a_best_that_still_falls_is_no_minimum():
    falling = np.linspace(11, 1, 101)
    assert early(100) == 90
    assert found([falling], None, tolerance=0.09) == (["running"], [-1])
    # within the last tenth it wins a tenth of the whole: that is the tolerance
    assert found([falling], None, tolerance=0.11) == (["converged"], [89])
    # one step onto the minimum: the slope has gone
    assert found([[11, 1]], None, norms=[1, 0]) == (["converged"], [1])
    assert found([[11, 1]], None, norms=[1, 1.1]) == (["running"], [-1])


def race(surface, *rules, **settings):
    return optviz.race(surface, list(rules), **settings)


def words(surface, *rules, **settings):
    return race(surface, *rules, **settings).outcomes.tolist()


def test_converged_running_diverged():
    rules = [SGD(learning_rate=rate) for rate in (0.039, 1e-5, 1.0)]
    result = race("ravine", *rules, num_steps=300, tolerance=1e-3)
    assert result.outcomes.tolist() == ["converged", "running", "diverged"]
    error = result.losses[0] / result.losses[0, 0]
    arrived = result.steps_to_tolerance[0]
    assert error[arrived] <= 1e-3 < error[arrived - 1]


def test_escapes_on_saddles():
    for name in ("saddle", "monkey_saddle"):
        result = race(name, SGD(learning_rate=0.1), SGD(learning_rate=1e-9))
        assert result.outcomes.tolist() == ["escaped", "running"]
        assert np.isfinite(result.losses).all()
        assert result.losses[0, -1] < window(SURFACES[name]()).min()


def test_up_the_walls_of_a_saddle_is_no_escape():
    """Across the pass, x is thrown up the hills faster than y falls."""
    surface = SURFACES["saddle"](a=10.0, b=0.1)
    assert words(surface, SGD(learning_rate=0.5), start=(1.0, 0.0)) == ["diverged"]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_at_rest_on_saddles_and_in_higher_minima(dtype):
    """A local minimum is none of the surface's; at the global one float32 rounds f* too."""
    where = SURFACES["styblinski_tang"]()
    starts = [(2.7, 2.7), where.minima()[0], (-2.7, -2.7)]
    rule = SGD(learning_rate=0.02)
    assert words(where, rule, start=starts, dtype=dtype) == [
        ["stationary", "converged", "converged"]
    ]
    saddle = race("saddle", "newton", dtype=dtype)
    assert saddle.outcomes.tolist() == ["stationary"]
    assert np.hypot(*saddle.params[0, -1]) < 1e-6


def test_what_a_formula_cannot_tell_is_not_told():
    quadratic = expression("x**2 + 3*y**2")
    rule = SGD(learning_rate=0.1)
    assert words(quadratic, rule, num_steps=300) == ["converged"]
    assert words(quadratic, rule, num_steps=20) == ["running"]
    assert words(quadratic, SGD(learning_rate=1e-6), num_steps=20) == ["running"]
    assert words(quadratic, SGD(learning_rate=2.0), num_steps=300) == ["diverged"]
    # at rest on a pass, with lower ground on the map
    assert words(expression("x**2 - y**2"), "newton", num_steps=20) == ["stationary"]
    assert words(expression("x - y**3"), rule, num_steps=300) == ["escaped"]
    # flat as far as numbers reach
    assert words(expression("1 - exp(-x**2 - y**2)"), rule, start=(30, 0)) == ["stationary"]


def test_hovering_about_a_kink_is_told_by_where_it_ends():
    result = race(expression("abs(x) + abs(y)"), SGD(learning_rate=0.01), tolerance=1e-4)
    error = result.losses[0] / result.losses[0, 0]
    inside = np.flatnonzero(error <= 1e-4)
    assert 0 < len(inside) < 30
    here = bool(error[-1] <= 1e-4)
    assert result.outcomes[0] == ("converged" if here else "left")
    assert result.steps_to_tolerance[0] == inside[0]


SURFACES_TRIED = [
    *(SURFACES[key]() for key in ("ravine", "saddle", "styblinski_tang")),
    expression("abs(x) + abs(y) - 3"),
    expression("1/x"),
]


@pytest.mark.parametrize("surface", SURFACES_TRIED, ids=lambda s: getattr(s, "text", s.label))
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_outcome_and_steps_agree_everywhere(surface, noise):
    """Among rules, starts, tolerances and noises; a map of one rate tells what a race tells."""
    rates = (1e-6, 1e-2, 0.3)
    rules = {f"{kind.label} {r}": kind(learning_rate=r) for r in rates for kind in (SGD, MOMENTUM)}
    starts = [(-2.0, 1.5), (0.5, -0.1), (0.0, 1.0), (-2.9, -2.9)]
    known = ground(surface).lowest
    for tolerance in (1e-6, 0.1, 1.0):
        asked = {"start": starts, "noise": noise, "tolerance": tolerance, "num_steps": 60}
        result = optviz.race(surface, rules, **asked)
        steps, kind = result.steps_to_tolerance, result.outcomes
        assert set(kind.ravel()) <= set(OUTCOMES)
        np.testing.assert_array_equal(steps >= 0, np.isin(kind, ("converged", "left")))
        np.testing.assert_array_equal(
            kind == "diverged", (result.diverged_at >= 0) & (kind != "escaped")
        )
        if known is not None and np.isfinite(known):
            room = tolerance * (result.losses[..., :1] - known)
            within = result.losses - known <= room
            told = kind != "diverged"
            np.testing.assert_array_equal((kind == "converged")[told], within[..., -1][told])
            first = np.where(within.any(axis=-1), within.argmax(axis=-1), -1)
            np.testing.assert_array_equal(steps[told], first[told])
    grid = {"learning_rate": rates}
    swept = sweep(surface, SGD(), grid, dtype="float64", **asked)
    alone = optviz.race(surface, [SGD(learning_rate=rate) for rate in rates], **asked)
    np.testing.assert_array_equal(swept.steps_to_tolerance, alone.steps_to_tolerance)


def test_words_exclude_each_other():
    sentences = [told(word, 12, 7) for word in OUTCOMES]
    assert sentences == [
        "arrived at step 12",
        "arrived at step 12, left again",
        "on its way",
        "at rest above the lowest loss",
        "escaped: the loss has no lower bound",
        "diverged at step 7",
    ]
    assert told("diverged", -1, 0) == "not finite at the start"
    several = np.array(["diverged", "left", "diverged"])
    assert counted(several) == {"left": 1, "diverged": 2}
    assert told_all(several) == "1 left again, 2 diverged"
    assert told_all(np.array(OUTCOMES)) == (
        "1 arrived, 1 left again, 1 on the way, 1 at rest, 1 escaped, 1 diverged"
    )


def test_ground_is_the_surfaces_bound_in_the_format_of_the_race():
    assert ground(SURFACES["rosenbrock"]()).lowest == 0
    assert ground(SURFACES["saddle"]()).lowest == -INF
    assert ground(SURFACES["saddle"]()).floor < 0
    assert ground(expression("x + 4")).lowest is None
    assert ground(expression("x + 4")).floor == 0
    assert ground(expression("log(-1 - x**2)")).floor == INF
    styblinski = SURFACES["styblinski_tang"]()
    lowest = ground(styblinski).lowest
    assert lowest is not None
    rounded = ground(styblinski, "float32").lowest
    assert rounded is not None
    assert lowest <= rounded <= lowest + 1e-4
