"""Rules that use curvature or search along a line: theory, what they do in trouble, what they say.

That each follows its paper is in `tests/proofs/proofs_second_order.py`.
"""

import json
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import optviz
from optviz.api.sweep import sweep
from optviz.engine.machine.precision import cast, on_cpu
from optviz.engine.surfaces.descend import Job, descend
from optviz.optimizers import OPTIMIZERS, StepContext
from optviz.optimizers._line_search import C1, MAX_TRIALS, strong_wolfe
from optviz.optimizers.base import Problem, in_bytes, runnable
from optviz.surfaces import SURFACES
from optviz.surfaces.expression import FunctionSurface

pytestmark = pytest.mark.usefixtures("compiled_quickly")

SEARCHING = ("bfgs", "lbfgs", "conjugate_gradient")
CURVED = ("newton", "saddle_free_newton", *SEARCHING)
DESCENDING = ("armijo", "saddle_free_newton", *SEARCHING)


def run(rule, surface, start=None, num_steps=100, **more):
    start = np.asarray(surface.start if start is None else start, np.float64)
    return descend([Job(rule, {})], surface, start, num_steps=num_steps, **more)


def path(rule, loss, start, num_steps, dtype="float64"):
    """(num_steps + 1, n) points, made as the engine makes them, of any number of parameters."""
    with on_cpu(dtype):
        rule = cast(rule, dtype)

        @jax.jit
        def step(i, p, state):
            value, grads = jax.value_and_grad(loss)(p)
            ctx = StepContext(i, p, value, grads, jax.random.key(0), loss)
            updates, state = rule.update(ctx, state)
            return p + updates, state

        p = jnp.asarray(start, dtype)
        state, seen = rule.init(p), [p]
        for i in range(num_steps):
            p, state = step(np.int32(i), p, state)
            seen.append(p)
        return np.array(seen)


def quadratic(size, condition=100.0, seed=0):
    draw = np.random.default_rng(seed)
    turn = np.linalg.qr(draw.standard_normal((size, size)))[0]
    matrix = turn @ np.diag(np.geomspace(1, condition, size)) @ turn.T
    return matrix, draw.standard_normal(size)


# What theory says of quadratics -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["newton", "saddle_free_newton"])
@pytest.mark.parametrize("size", [2, 20])
def test_newton_solves_a_quadratic_in_one_step(name, size):
    matrix, target = quadratic(size)
    loss = lambda p: 0.5 * p @ jnp.asarray(matrix) @ p - p @ jnp.asarray(target)  # noqa: E731
    seen = path(OPTIMIZERS[name](), loss, np.ones(size), 2)
    solution = np.linalg.solve(matrix, target)
    np.testing.assert_allclose(seen[1], solution, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", SEARCHING)
@pytest.mark.parametrize("size", [2, 5, 12])
def test_the_others_solve_one_of_n_parameters_in_about_n_steps(name, size):
    """Exactly n with exact searches; at the class's own settings within 3n + 5."""
    matrix, target = quadratic(size)
    loss = lambda p: 0.5 * p @ jnp.asarray(matrix) @ p - p @ jnp.asarray(target)  # noqa: E731
    solution = np.linalg.solve(matrix, target)
    memory = {"memory_size": size} if name == "lbfgs" else {}
    exact = path(OPTIMIZERS[name](c2=1.1e-4, **memory), loss, np.zeros(size), size)
    assert np.abs(exact[-2] - solution).max() > 1e-4
    # How near is left to rounding: jax 0.12 ends 1.3e-7 away where 0.10 ends within 1e-7.
    np.testing.assert_allclose(exact[-1], solution, atol=1e-6)
    usual = path(OPTIMIZERS[name](**memory), loss, np.zeros(size), 3 * size + 5)
    error = lambda p: 0.5 * (p - solution) @ matrix @ (p - solution)  # noqa: E731
    assert error(usual[-1]) < 1e-6 * error(usual[0])


def test_a_short_memory_takes_longer():
    matrix, target = quadratic(12, condition=1000.0)
    loss = lambda p: 0.5 * p @ jnp.asarray(matrix) @ p - p @ jnp.asarray(target)  # noqa: E731
    solution = np.linalg.solve(matrix, target)
    ends = [
        np.abs(path(OPTIMIZERS["lbfgs"](memory_size=m), loss, np.zeros(12), 40)[-1] - solution)
        for m in (1, 12)
    ]
    assert ends[1].max() < 0.1 * ends[0].max()


# Saddles, flat ground, walls ----------------------------------------------------------------------


def test_newton_is_drawn_to_a_saddle_and_damping_or_its_size_turns_it_away():
    saddle = SURFACES["saddle"]()
    drawn = run(OPTIMIZERS["newton"](), saddle, (1.0, 0.3), 20)
    np.testing.assert_allclose(drawn.params[0, -1], 0, atol=1e-12)
    for rule in (OPTIMIZERS["newton"](damping=5.0), OPTIMIZERS["saddle_free_newton"]()):
        assert run(rule, saddle, (1.0, 0.3), 20).losses[0, -1] < -1


@pytest.mark.parametrize("name", DESCENDING)
def test_escapes_where_there_is_no_lower_bound(name):
    race = optviz.race("saddle", [name], num_steps=100)
    assert race.outcomes[0] == "escaped"


def _flat(x, y):
    return 0.3 * x + 0.0 * y


def _cliff(x, y):
    """Not finite beyond x = 1, and steepest right at it."""
    return x**2 - jnp.sqrt(1 - x) + y**2


@pytest.mark.parametrize("name", ["newton", "saddle_free_newton"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_without_curvature_the_step_is_that_of_gradient_descent(name, dtype):
    seen = run(OPTIMIZERS[name](learning_rate=0.5), FunctionSurface(function=_flat), (1, 2), 3)
    np.testing.assert_allclose(seen.params[0, :, 0], 1 - 0.15 * np.arange(4), rtol=1e-6)
    np.testing.assert_array_equal(seen.params[0, :, 1], 2)


@pytest.mark.parametrize("name", DESCENDING[0:1] + SEARCHING)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_search_that_leaves_the_domain_comes_back(name, dtype):
    surface = FunctionSurface(function=_cliff)
    seen = run(OPTIMIZERS[name](), surface, (0.99, 3.0), 60, dtype=dtype)
    assert seen.diverged_at[0] == -1
    assert (np.diff(seen.losses[0]) <= 0).all()
    assert seen.losses[0, -1] < seen.losses[0, 0] - 5


@pytest.mark.parametrize("name", DESCENDING[0:1] + SEARCHING)
@pytest.mark.parametrize("surface", ["rosenbrock", "ackley", "rastrigin", "beale", "ravine"])
def test_never_goes_uphill(name, surface):
    for dtype, slack in (("float64", 1e-12), ("float32", 1e-5)):
        losses = run(OPTIMIZERS[name](), SURFACES[surface](), num_steps=200, dtype=dtype).losses[0]
        assert (np.diff(losses) <= slack * (1 + np.abs(losses[:-1]))).all()


@pytest.mark.parametrize("name", SEARCHING)
def test_a_direction_without_descent_is_forgotten(name):
    """On a loss that turns over after some steps, what was learned points uphill."""

    def loss(p, step):
        return jnp.where(step < 2, 1.0, -1.0) * (p[0] ** 2 + 3 * p[1] ** 2 + 7 * p[2] ** 2)

    rule = cast(OPTIMIZERS[name](), "float32")
    p = jnp.asarray([1.0, 0.7, -0.4], jnp.float32)
    state, seen = rule.init(p), []
    for i in range(12):
        this = partial(loss, step=jnp.int32(i))
        value, grads = jax.value_and_grad(this)(p)
        ctx = StepContext(jnp.int32(i), p, value, grads, jax.random.key(0), this)
        updates, state = rule.update(ctx, state)
        p = p + updates
        seen.append(p)
    assert np.isfinite(seen).all()
    assert np.abs(seen[-1]).max() > 1, "it does not leave the maximum"


# The line search ----------------------------------------------------------------------------------

LINES = {
    "parabola": lambda t: (t - 3) ** 2,
    "far": lambda t: (t / 500 - 1) ** 2,
    "near": lambda t: (1000 * t - 1) ** 2,
    "quartic": lambda t: (t - 2) ** 4 - t,
    "wavy": lambda t: (t - 4) ** 2 - 3 * jnp.sin(5 * t),
    "logarithm": lambda t: -jnp.log(t + 0.1) + t,
    "wall": lambda t: t**2 - t - 0.01 * jnp.sqrt(0.7 - t),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("c2", [0.9, 0.1])
@pytest.mark.parametrize("name", LINES)
def test_the_step_meets_both_conditions(name, c2, dtype):
    with on_cpu(dtype):
        number = np.dtype(dtype).type
        line = LINES[name]
        value, slope = jax.value_and_grad(line)(number(0))
        found = jax.jit(partial(strong_wolfe, lambda p: line(p[0])))(
            jnp.zeros(1, dtype), jnp.ones(1, dtype), value, slope, number(1), number(c2)
        )
        after, after_slope = jax.value_and_grad(line)(found.step)
        assert after <= value + C1 * found.step * slope
        assert abs(after_slope) <= c2 * abs(slope) * (1 + 1e-4)
        assert 1 <= found.evaluations <= MAX_TRIALS


def test_a_line_without_end_is_followed_a_bounded_way():
    with on_cpu("float64"):
        found = jax.jit(partial(strong_wolfe, lambda p: -p[0]))(
            jnp.zeros(1), jnp.ones(1), 0.0, -1.0, 1.0, 0.9
        )
        assert 100 <= found.step <= 1000


@pytest.mark.parametrize("slope", [1.0, 0.0, np.nan])
def test_uphill_there_is_no_step_and_nothing_is_evaluated(slope):
    with on_cpu("float64"):
        found = jax.jit(partial(strong_wolfe, lambda p: p[0]))(
            jnp.zeros(1), jnp.ones(1), 0.0, slope, 1.0, 0.9
        )
        assert found.step == 0
        assert found.evaluations == 0


# Costs --------------------------------------------------------------------------------------------


def test_evaluations_are_those_that_the_loss_gets():
    """Counted from outside: every call of the loss while a rule runs without being compiled."""
    for name in ("armijo", *SEARCHING):
        rule, calls = OPTIMIZERS[name](), 0

        def loss(p):
            nonlocal calls
            jax.debug.callback(count)
            return (1 - p[0]) ** 2 + 10 * (p[1] - p[0] ** 2) ** 2

        def count():
            nonlocal calls
            calls += 1

        p = jnp.asarray([-1.0, 1.0], jnp.float32)
        rule = cast(rule, "float32")
        state = rule.init(p)
        for i in range(4):
            value, grads = jax.value_and_grad(loss)(p)
            ctx = StepContext(jnp.int32(i), p, value, grads, jax.random.key(0), loss)
            updates, state = jax.block_until_ready(rule.update(ctx, state))
            p = p + updates
        jax.effects_barrier()
        assert calls == rule.evaluations(state), name


def test_newton_counts_a_product_for_each_parameter():
    result = run(OPTIMIZERS["newton"](), SURFACES["rosenbrock"](), num_steps=5)
    np.testing.assert_array_equal(result.evaluations[0], 3 * np.arange(6))


# What they say ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lenet():
    return optviz.NETWORKS["lenet"]()


def test_a_dense_rule_says_what_a_network_would_take(lenet):
    with pytest.raises(ValueError, match="Newton on LeNet") as refusal:
        optviz.train("synthetic", lenet, ["newton"], epochs=1)
    assert str(refusal.value) == (
        "Newton on LeNet would need 62,006² · 4 bytes = 15.4 GB for its Hessian: it runs on at "
        "most 2,048 parameters; L-BFGS needs 2 · 10 · 62,006 · 4 bytes = 4.96 MB for its memory"
    )


@pytest.mark.parametrize("name", ["saddle_free_newton", "bfgs", "nelder_mead", "brute_force"])
def test_what_cannot_run_on_a_network_is_refused_before_anything_starts(name, lenet):
    with pytest.raises(ValueError, match=r"on LeNet would need .*: it runs on at most .*; "):
        optviz.train("synthetic", lenet, [name], epochs=1)


def test_every_rule_that_is_limited_names_one_that_is_not():
    huge = Problem("a huge network", 10**9, True, False)
    for key, cls in OPTIMIZERS.items():
        if cls.max_params is not None:
            assert "; " in str(runnable(cls(), huge)), key
            assert runnable(cls(), huge._replace(num_params=cls.max_params)) is None
            assert all(OPTIMIZERS[other].max_params is None for other in cls.instead)
        else:
            assert runnable(cls(), huge) is None


def test_rules_that_take_every_loss_for_the_same_say_so_under_noise():
    exact = Problem("Ravine", 2, False, True)
    assert OPTIMIZERS["lbfgs"]().note_on(exact) is None
    assert "mislead" in (OPTIMIZERS["lbfgs"]().note_on(exact._replace(is_exact=False)) or "")
    assert OPTIMIZERS["adam"]().note_on(exact._replace(is_exact=False)) is None


def test_bytes_are_told_to_three_digits():
    assert in_bytes(16) == "16 bytes"
    assert [in_bytes(n) for n in (999, 1000, 999_499, 999_500)] == [
        "999 bytes",
        "1 kB",
        "999 kB",
        "1 MB",
    ]
    assert in_bytes(4_960_480) == "4.96 MB"
    assert in_bytes(4 * 62_006**2) == "15.4 GB"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lbfgs:memory_size=0", r"LBFGS\.memory_size must lie in \[1, 1000\], got 0"),
        ("lbfgs:memory_size=2.5", r"LBFGS\.memory_size must be a whole number, got 2\.5"),
        ("lbfgs:c2=1e-5", r"LBFGS\.c2 must lie in \(0\.0001, 1\)"),
        ("armijo:shrink=1", r"Armijo\.shrink must lie in \(0, 1\)"),
        ("newton:damping=-1", r"Newton\.damping must lie in \[0, inf\)"),
        ("lbfgs@memory_size~cosine", r"LBFGS\.memory_size decides the program"),
    ],
)
def test_contradictory_knobs_are_refused(text, words):
    with pytest.raises(ValueError, match=words):
        optviz.race("ravine", [text])


def test_a_number_that_decides_the_program_cannot_be_swept():
    with pytest.raises(ValueError, match=r"LBFGS\.memory_size decides the program"):
        sweep(SURFACES["ravine"](), OPTIMIZERS["lbfgs"](), {"memory_size": [1, 2]})


@pytest.mark.parametrize("name", CURVED)
def test_runs_from_many_starts_as_from_one(name):
    surface = SURFACES["himmelblau"]()
    starts = np.array([(-0.5, -1.0), (2.0, 3.0), (-3.0, 2.0)])
    many = run(OPTIMIZERS[name](), surface, starts, 12)
    for row, start in enumerate(starts):
        one = run(OPTIMIZERS[name](), surface, start, 12)
        np.testing.assert_allclose(many.params[0, row], one.params[0], atol=1e-7)
        np.testing.assert_array_equal(many.evaluations[0, row, :6], one.evaluations[0, :6])


def test_works_in_a_map():
    grid = sweep(SURFACES["rosenbrock"](), OPTIMIZERS["lbfgs"](), {"c2": [0.1, 0.5, 0.9]})
    assert (grid.steps_to_tolerance > 0).all()


# On a network -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*SEARCHING[1:], "armijo", "random_search:radius=0.001"])
def test_trains_a_network_on_the_whole_set(name):
    """Full batches: every step sees the same loss, which never rises."""
    result = optviz.train(
        "synthetic", "linear", [name], epochs=8, batch_size=256, limit=256, seed=1
    )
    losses = np.asarray(result.runs[0].losses)
    assert len(losses) == 8
    assert (np.diff(losses) <= 1e-6).all()
    assert losses[-1] < losses[0]


def test_trains_a_network_on_mini_batches():
    result = optviz.train("synthetic", "linear", ["lbfgs"], epochs=2, batch_size=64, limit=256)
    assert np.isfinite(result.runs[0].losses).all()


def test_results_are_plain_json():
    race = optviz.race("rosenbrock", ["lbfgs", "newton"], num_steps=5)
    json.dumps(race.to_json(), allow_nan=False)


@pytest.mark.parametrize("name", ["newton", "saddle_free_newton"])
def test_newtons_own_rate_is_one_whatever_the_others_run_at(name):
    spec = optviz.race("ravine", [name, "sgd"], num_steps=3).spec
    for rates in ("tuned", "default", 0.03):
        newton, sgd = replace(spec, rates=rates).resolved()
        assert newton.optimizer.learning_rate == 1
        assert rates == "default" or sgd.optimizer.learning_rate != 1
