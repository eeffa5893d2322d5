"""The race engine: what compiles, what is recorded, how noise and divergence are treated."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import optviz
from optviz.catalog import entry, knob
from optviz.engine.surfaces.descend import BOUND, Job, compile_count, descend, factors_of
from optviz.optimizers import OPTIMIZERS, Optimizer
from optviz.optimizers.from_optax import from_optax
from optviz.schedules import SCHEDULES
from optviz.specs.budget import CAPACITIES
from optviz.surfaces import SURFACES
from optviz.surfaces.expression import FunctionSurface

SGD, Adam, Momentum = (OPTIMIZERS[name] for name in ("sgd", "adam", "momentum"))
RAVINE = SURFACES["ravine"]()
START = np.array(RAVINE.start)


def run(rules, surface=RAVINE, start=START, num_steps=50, schedules=None, **settings):
    rules = rules if isinstance(rules, list) else [rules]
    jobs = [Job(rule, schedules or {}) for rule in rules]
    return descend(jobs, surface, start, num_steps=num_steps, **settings)


# What compiles ------------------------------------------------------------------------------------


def test_nothing_compiles_when_only_values_change():
    cosine = {"learning_rate": SCHEDULES["cosine"](), "b1": SCHEDULES["step"]()}
    run([Adam(), SGD()])
    run(Adam(), schedules=cosine)
    before = compile_count()
    run([Adam(learning_rate=0.3, b1=0.5, eps=1e-3), SGD(learning_rate=0.002)])
    run(Adam(), replace(RAVINE, condition=7.0, angle=-30.0))
    run(Adam(), start=np.array([1.0, 2.0]))
    run(Adam(), num_steps=1)
    run(Adam(), num_steps=CAPACITIES[0] - 1)
    run(Adam(), noise=0.5, seed=11)
    run(Adam(), noise=0.1, seed=2**32 - 1)
    run([SGD(), Adam(), SGD(learning_rate=0.2), Adam()])  # rules used before, and twice
    run(Adam(learning_rate=1), replace(RAVINE, condition=3))  # whole numbers are floats too
    run(Adam(), schedules={name: replace(s, **_other(s)) for name, s in cosine.items()})
    for tolerance in (0.0, 1e-3, 1.0):
        optviz.race(RAVINE, [Adam(), SGD()], num_steps=50, tolerance=tolerance)
    assert compile_count() == before


def _other(schedule):
    return {"final": 0.3} if hasattr(schedule, "final") else {"factor": 0.1, "interval": 0.5}


def test_a_schedule_of_the_learning_rate_compiles_no_loop():
    """Only the schedule itself, once: it reaches the loop as numbers."""
    for name, cls in SCHEDULES.items():
        factors_of(cls(), 50, 1.0, "float64")
        run(SGD())
        before = compile_count()
        run(SGD(), schedules={"learning_rate": cls()})
        # One that sees the loss is computed in the loop, which is another one then (and may have
        # been compiled by another test).
        assert compile_count() - before in {0, int(cls.sees_loss)}, name


def test_a_new_rule_switch_format_or_capacity_compiles_once():
    """The count can count: each of these is one program more, the second time none."""
    rule = Adam(bias_correction="none", eps_inside_sqrt=True)
    surface = FunctionSurface(function=_private)
    for change in (
        {},
        {"dtype": "float32"},
        {"num_steps": CAPACITIES[0]},
        {"start": np.zeros((3, 2)) + 0.1},
        {"start": np.zeros((5, 2)) + 0.1},
    ):
        before = compile_count()
        run(rule, surface, **change)
        assert compile_count() == before + 1
        run(rule, surface, **change)
        assert compile_count() == before + 1


def _private(x, y):
    return x**2 + y**2 + 0.1


def test_numbers_of_starts_share_programs():
    """Three and four starts are padded to the same shape."""
    run(SGD(), start=np.full((3, 2), 0.5))
    before = compile_count()
    run(SGD(), start=np.full((4, 2), 0.5))
    assert compile_count() == before


# What is recorded ---------------------------------------------------------------------------------


def test_shapes_and_formats():
    result = run([SGD(), Adam(), Momentum()], num_steps=7)
    assert result.params.shape == (3, 8, 2)
    for array in (result.losses, result.grad_norms, result.evaluations):
        assert array.shape == (3, 8)
        assert array.dtype == np.float64
    assert result.diverged_at.shape == result.last_loss.shape == (3,)
    np.testing.assert_array_equal(result.params[:, 0], np.broadcast_to(START, (3, 2)))
    np.testing.assert_array_equal(result.evaluations, np.broadcast_to(np.arange(8), (3, 8)))


def test_losses_and_norms_belong_to_the_params_beside_them():
    result = run([SGD(), Adam()], noise=0.2)
    with jax.enable_x64(True):
        points = result.params.reshape(-1, 2)
        losses, grads = jax.vmap(jax.value_and_grad(_ravine64()))(points)
        norms = np.linalg.norm(np.asarray(grads), axis=1)
        np.testing.assert_allclose(result.losses.ravel(), np.asarray(losses), rtol=1e-12)
        np.testing.assert_allclose(result.grad_norms.ravel(), norms, rtol=1e-12)


def _ravine64():
    return jax.tree.map(np.float64, RAVINE)


def test_several_starts_equal_single_starts():
    starts = np.array([[-4.0, 1.0], [2.0, 2.0], [-1.0, -2.0], [0.5, 0.1], [-3.0, -1.0]])
    many = run([SGD(), Adam()], start=starts, noise=0.1, seed=4)
    assert many.params.shape == (2, 5, 51, 2)
    assert many.diverged_at.shape == (2, 5)
    for i, start in enumerate(starts):
        one = run([SGD(), Adam()], start=start, noise=0.1, seed=4)
        np.testing.assert_allclose(many.params[:, i], one.params, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(many.losses[:, i], one.losses, rtol=1e-11, atol=1e-13)


def test_a_longer_run_begins_with_the_shorter():
    short, long = run(Adam(), num_steps=20, noise=0.1), run(Adam(), num_steps=40, noise=0.1)
    np.testing.assert_array_equal(long.params[:, :21], short.params)
    # Also across a change of capacity, where the noise is drawn anew.
    longest = run(Adam(), num_steps=CAPACITIES[0] + 5, noise=0.1)
    np.testing.assert_array_equal(longest.params[:, :41], long.params)


def test_float32_is_computed_in_float32():
    coarse, fine = run(Adam(), dtype="float32"), run(Adam(), dtype="float64")
    for array in (coarse.params, coarse.losses):
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, array.astype(np.float32))
    assert (fine.params != fine.params.astype(np.float32)).mean() > 0.9
    np.testing.assert_allclose(coarse.params, fine.params, atol=1e-4)
    assert not np.array_equal(coarse.params, fine.params)


def test_results_are_the_callers_own():
    """Writing into a result changes no later one."""
    first = run(SGD())
    kept = first.params.copy()
    first.params[:] = 0
    first.losses[:] = 0
    np.testing.assert_array_equal(run(SGD()).params, kept)


# Schedules ----------------------------------------------------------------------------------------


def test_any_knob_may_have_a_schedule():
    """SGD at a momentum that falls, step by step in plain numbers."""
    schedules = {
        "learning_rate": SCHEDULES["inverse_time"](k=0.1),
        "momentum": SCHEDULES["exponential"](k=0.2),
    }
    rule = Momentum(learning_rate=0.02, momentum=0.9)
    surface = FunctionSurface(function=_bowl)
    path = run(rule, surface, np.array([1.0, -2.0]), 30, schedules).params[0]
    theta, velocity = np.array([1.0, -2.0]), np.zeros(2)
    for step, point in enumerate(path):
        np.testing.assert_allclose(point, theta, rtol=1e-13)
        velocity = 0.9 * np.exp(-0.2 * step) * velocity + theta * [1, 4]
        theta = theta - 0.02 / (1 + 0.1 * step) * velocity


def _bowl(x, y):
    return 0.5 * (x**2 + 4 * y**2)


@pytest.mark.parametrize("name", SCHEDULES)
def test_learning_rates_are_base_times_factor(name):
    schedule = SCHEDULES[name]()
    race = optviz.race("ravine", [SGD(learning_rate=0.03)], num_steps=40, schedule=schedule)
    factors = factors_of(schedule, 40, 1.0, "float64")
    np.testing.assert_allclose(race.learning_rates[0], 0.03 * factors, rtol=1e-14)
    # And they are what moved the point: SGD's step is rate times gradient.
    with jax.enable_x64(True):
        grads = np.asarray(jax.vmap(jax.grad(_ravine64()))(race.params[0, :-1]))
    moved = np.diff(race.params[0], axis=0)
    np.testing.assert_allclose(moved, -race.learning_rates[0][:, None] * grads, atol=1e-14)


# Noise --------------------------------------------------------------------------------------------


def draws_of(rule, start, steps=20, seed=3, noise=0.5):
    """The noise on each gradient, read off a path of SGD on a flat surface."""
    flat = FunctionSurface(function=_flat)
    path = run(rule, flat, np.array(start), steps, noise=noise, seed=seed).params[0]
    return -np.diff(path, axis=0) / rule.learning_rate


def _flat(x, y):
    return 0 * x + 0 * y


def test_noise_is_the_same_for_every_rule_and_start():
    reference = draws_of(SGD(learning_rate=1.0), (0.0, 0.0))
    assert np.abs(reference).min() > 0
    others = [
        draws_of(SGD(learning_rate=0.1), (3.0, -7.0)),
        draws_of(Momentum(learning_rate=1.0, momentum=0.0), (0.0, 0.0)),
        draws_of(SGD(learning_rate=1.0), (0.0, 0.0), steps=25)[:20],
    ]
    for draws in others:
        np.testing.assert_allclose(draws, reference, atol=1e-12)
    many = FunctionSurface(function=_flat)
    starts = np.array([[0.0, 0.0], [5.0, 5.0], [1.0, 2.0]])
    paths = run(SGD(learning_rate=1.0), many, starts, 20, noise=0.5, seed=3).params[0]
    for path in paths:
        np.testing.assert_allclose(-np.diff(path, axis=0), reference, atol=1e-12)


def test_noise_is_a_function_of_seed_and_scale():
    one, other = (draws_of(SGD(learning_rate=1.0), (0.0, 0.0), seed=s) for s in (3, 4))
    assert np.abs(one - other).max() > 0.1
    double = draws_of(SGD(learning_rate=1.0), (0.0, 0.0), noise=1.0)
    np.testing.assert_allclose(double, 2 * one, rtol=1e-9, atol=1e-12)
    single = run(SGD(), noise=0.5, seed=3, dtype="float32").params
    np.testing.assert_allclose(single, run(SGD(), noise=0.5, seed=3).params, atol=1e-5)


def test_noise_is_standard_normal_in_each_coordinate():
    draws = draws_of(SGD(learning_rate=1.0), (0.0, 0.0), steps=2000, noise=1.0)
    assert np.abs(draws.mean(axis=0)).max() < 0.08
    np.testing.assert_allclose(draws.std(axis=0), 1, atol=0.06)
    assert abs(np.corrcoef(draws.T)[0, 1]) < 0.08
    assert abs(np.corrcoef(draws[1:, 0], draws[:-1, 0])[0, 1]) < 0.08


def test_recorded_losses_are_without_noise():
    result = run(SGD(learning_rate=0.0), noise=100.0)
    np.testing.assert_array_equal(result.losses, result.losses[0, 0])
    np.testing.assert_array_equal(result.grad_norms, result.grad_norms[0, 0])


# Divergence ---------------------------------------------------------------------------------------


def test_divergence_is_the_first_state_beyond_the_bound():
    """x doubles its distance threefold a step: |1 - ηλ| = 3, so |x| = 3^t."""
    line = FunctionSurface(function=_line)
    result = run(SGD(learning_rate=4.0), line, np.array([1.0, 0.0]), 60)
    # loss = x²/2 > 1e12 comes first: 3^(2t)/2 > 1e12 from t = 13 on.
    expected = next(t for t in range(60) if 3 ** (2 * t) / 2 > BOUND)
    assert result.diverged_at[0] == expected == 13
    assert np.abs(result.params[0, expected - 1, 0]) == pytest.approx(3.0 ** (expected - 1))
    for array in (result.params, result.losses, result.grad_norms, result.evaluations):
        tail = array[0, expected - 1 :]
        np.testing.assert_array_equal(tail, np.broadcast_to(tail[0], tail.shape))
        assert np.isfinite(array).all()
    assert result.last_loss[0] == pytest.approx(3.0 ** (2 * expected) / 2)


def _line(x, y):
    return 0.5 * x**2 + 0 * y


def test_divergence_by_params_where_the_loss_stays_small():
    flat = FunctionSurface(function=_gentle)
    result = run(SGD(learning_rate=1e12), flat, np.array([0.0, 0.0]), 10)
    # The slope is 1e-1 a step: 1e11 a step, beyond 1e12 after the tenth of eleven.
    assert result.diverged_at[0] == -1
    result = run(SGD(learning_rate=1e13), flat, np.array([0.0, 0.0]), 10)
    assert result.diverged_at[0] == 2
    np.testing.assert_allclose(result.params[0, 1:, 0], -1e12)


def _gentle(x, y):
    return 0.1 * x + 0 * y


def test_divergence_by_what_is_not_finite():
    for function in (_root, _logarithm):
        surface = FunctionSurface(function=function)
        result = run(SGD(learning_rate=1.0), surface, np.array([0.25, 0.0]), 10)
        assert result.diverged_at[0] == 1
        assert np.isfinite(result.params).all()
        assert np.isfinite(result.losses).all()
        assert not np.isfinite(result.last_loss[0])


def _root(x, y):
    return jnp.sqrt(x) + 0 * y  # 0.25 - 1: the root of a negative number


def _logarithm(x, y):
    return jnp.log(x) + 0 * y  # 0.25 - 4


def test_the_exact_bound_is_still_good():
    step_up = FunctionSurface(function=_unit)
    result = run(SGD(learning_rate=BOUND), step_up, np.array([0.0, 0.0]), 1)
    assert result.params[0, 1, 0] == -BOUND
    assert result.diverged_at[0] == -1
    result = run(SGD(learning_rate=BOUND * (1 + 1e-12)), step_up, np.array([0.0, 0.0]), 1)
    assert result.diverged_at[0] == 1


def _unit(x, y):
    return x + 0 * y


def test_each_run_and_start_diverges_for_itself():
    starts = np.array([[1e-3, 0.0], [1.0, 0.0], [0.0, 0.0]])
    rules = [SGD(learning_rate=4.0), SGD(learning_rate=0.1)]
    result = run(rules, FunctionSurface(function=_line), starts, 60)
    assert result.diverged_at[0, 0] > result.diverged_at[0, 1] == 13
    assert result.diverged_at[0, 2] == -1
    assert (result.diverged_at[1] == -1).all()


def test_a_start_far_away_has_not_diverged():
    rules = [OPTIMIZERS["newton"](), SGD()]
    result = run(rules, SURFACES["rosenbrock"](), np.array([1e5, 1e5]), 20)
    assert result.losses[0, 0] > 1e21
    assert result.diverged_at.tolist() == [-1, 1]  # Newton's second state is a little higher
    assert result.losses[0, 7] == 0


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_bound_grows_with_the_start(dtype):
    """|x| = 3^t |x₀|, and the loss is its square: 1e12 times the first loss, wherever that is."""
    line = FunctionSurface(function=_line)
    starts = np.array([[1e8, 0.0], [1e-8, 0.0]])
    result = run(SGD(learning_rate=4.0), line, starts, 60, dtype=dtype)
    far = next(t for t in range(60) if 3 ** (2 * t) > BOUND)
    near = next(t for t in range(60) if 3 ** (2 * t) * 1e-16 / 2 > BOUND)
    assert result.diverged_at[0].tolist() == [far, near]
    np.testing.assert_allclose(result.last_loss[0, 0], 9.0**far * 5e15, rtol=1e-5)


def test_no_bound_is_infinite():
    """1e12 times 1e300 is: what is not finite has diverged all the same."""
    line = FunctionSurface(function=_line)
    result = run(SGD(learning_rate=4.0), line, np.array([[1e154, 0.0], [1e155, 0.0]]), 60)
    assert result.diverged_at[0].tolist() == [1, 0]  # 1e309 is not finite from the start
    assert np.isfinite(result.losses[0, 0]).all()


def test_a_start_that_is_bad_itself():
    result = run(SGD(), FunctionSurface(function=_root), np.array([-1.0, 0.0]), 5)
    assert result.diverged_at[0] == 0


# The step that a rule sees ------------------------------------------------------------------------


class AverageState(NamedTuple):
    mean: jax.Array
    count: jax.Array


@entry
class Averaging(Optimizer):
    """A test rule with every hook: looks ahead, shows an average, counts two evaluations a step."""

    label: ClassVar[str] = "Averaging"
    learning_rate: float = knob(0.1, domain=(0, 9), typical=(0, 1), help="η.")

    def init(self, params):
        return AverageState(jax.tree.map(jnp.zeros_like, params), jnp.zeros((), jnp.int32))

    def query(self, params, state):
        return jax.tree.map(lambda p: p + 1.0, params)

    def answer(self, params, state):
        return jax.tree.map(lambda p, m: jnp.where(state.count > 0, m, p), params, state.mean)

    def evaluations(self, state):
        return 2 * state.count

    def update(self, ctx, state):
        count = state.count + 1
        weight = 1 / count.astype(ctx.loss.dtype)
        updates = jax.tree.map(lambda g: -self.learning_rate * g, ctx.grads)
        mean = jax.tree.map(
            lambda m, p, u: m + (p + u - m) * weight, state.mean, ctx.params, updates
        )
        return updates, AverageState(mean, count)


def test_hooks_decide_what_is_asked_drawn_and_counted():
    surface = FunctionSurface(function=_bowl)
    result = run(Averaging(learning_rate=0.05), surface, np.array([1.0, -2.0]), 12)
    theta, visited = np.array([1.0, -2.0]), []
    for step in range(13):
        answer = np.mean(visited, axis=0) if visited else theta
        np.testing.assert_allclose(result.params[0, step], answer, rtol=1e-12)
        loss = 0.5 * (answer[0] ** 2 + 4 * answer[1] ** 2)
        assert result.losses[0, step] == pytest.approx(loss)
        assert result.grad_norms[0, step] == pytest.approx(np.hypot(answer[0], 4 * answer[1]))
        assert result.evaluations[0, step] == 2 * step
        theta = theta - 0.05 * (theta + 1) * [1, 4]  # the gradient at the point asked for
        visited.append(theta)


@entry
class Explorer(Optimizer):
    """A test rule that takes its gradient from `loss_fn` instead of `grads`."""

    label: ClassVar[str] = "Explorer"
    learning_rate: float = knob(0.1, domain=(0, 9), typical=(0, 1), help="η.")

    def init(self, params):
        return ()

    def update(self, ctx, state):
        grads = jax.grad(ctx.loss_fn)(ctx.params)
        return jax.tree.map(lambda g: -self.learning_rate * g, grads), state


@entry
class Watcher(Optimizer):
    """A test rule that moves by what it is told: loss, step and its random key."""

    label: ClassVar[str] = "Watcher"
    mode: float = knob(0.0, domain=(0, 2), closed="both", typical=(0, 2), help="What to show.")

    def init(self, params):
        return ()

    def update(self, ctx, state):
        loss = jnp.stack([ctx.loss, ctx.loss_fn(ctx.params)])
        step = ctx.step.astype(ctx.loss.dtype) * jnp.ones_like(ctx.params)
        random = jax.random.normal(ctx.key, ctx.params.shape, ctx.params.dtype)
        return jnp.where(self.mode == 0, loss, jnp.where(self.mode == 1, step, random)), state


def test_a_rule_that_reads_loss_fn_sees_the_same_noise():
    both = run([Explorer(learning_rate=0.01), SGD(learning_rate=0.01)], noise=0.7, seed=5)
    np.testing.assert_allclose(both.params[0], both.params[1], rtol=1e-12, atol=1e-14)
    assert np.abs(both.params[0] - run(SGD(learning_rate=0.01)).params[0]).max() > 1e-3


def test_loss_and_loss_fn_agree_at_the_point_asked_for():
    moves = np.diff(run(Watcher(mode=0.0), num_steps=3, noise=0.5).params[0], axis=0)
    np.testing.assert_allclose(moves[:, 0], moves[:, 1], rtol=1e-12)
    assert moves[0, 0] == pytest.approx(run(SGD()).losses[0, 0])


def test_steps_count_from_zero_and_keys_are_the_steps_own():
    steps = np.diff(run(Watcher(mode=1.0), num_steps=5).params[0], axis=0)
    np.testing.assert_allclose(steps[:, 0], np.arange(5))
    one, again, other = (
        np.diff(run(Watcher(mode=2.0), num_steps=5, seed=s).params[0], axis=0) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.1
    assert len(np.unique(one.round(6))) == one.size
    shifted = run(Watcher(mode=2.0), start=START + 1, num_steps=5, seed=1).params[0]
    np.testing.assert_allclose(np.diff(shifted, axis=0), one, atol=1e-12)


def test_optax_transformations_race_like_the_native_rule():
    pairs = [
        (optax.sgd(0.01), SGD(learning_rate=0.01)),
        (optax.sgd(0.01, 0.8), Momentum(learning_rate=0.01, momentum=0.8)),
        (optax.adagrad(0.3, 0.2, 1e-5), OPTIMIZERS["adagrad"](0.3, 1e-5, 0.2, True)),
    ]
    for transformation, rule in pairs:
        theirs, ours = run([from_optax(transformation), rule], noise=0.1).params
        np.testing.assert_allclose(theirs, ours, rtol=1e-11, atol=1e-12)


def test_optax_rules_that_ask_for_the_loss_get_it():
    result = run(from_optax(optax.polyak_sgd(max_learning_rate=0.5, f_min=0.0)), num_steps=30)
    assert result.losses[0, -1] < 0.1 * result.losses[0, 0]


# Threads ------------------------------------------------------------------------------------------


def test_eight_threads_in_two_formats():
    """The number format belongs to the thread: no race sees another's."""
    settings = [
        (rule, dtype, seed)
        for rule in (SGD(), Adam(), Momentum(), OPTIMIZERS["rmsprop"]())
        for dtype in ("float64", "float32")
        for seed in range(4)
    ]

    def work(setting):
        rule, dtype, seed = setting
        return run(rule, num_steps=100, noise=0.1, seed=seed, dtype=dtype).params

    alone = list(map(work, settings))
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(work, settings * 3))
    for expected, got in zip(alone * 3, together, strict=True):
        np.testing.assert_array_equal(got, expected)
    assert not jax.config.jax_enable_x64


def test_cold_programs_in_many_threads():
    """Eight threads that ask for one new program at once all get it right."""
    surface = FunctionSurface(function=_cold)

    def work(seed):
        return run([SGD(), Adam()], surface, num_steps=20, noise=0.1, seed=seed).params

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(work, range(8)))
    for seed, got in enumerate(together):
        np.testing.assert_array_equal(got, work(seed))


def _cold(x, y):
    return 0.3 * x**2 + 0.7 * y**2 + 0.01 * x * y


def test_the_callers_settings_are_left_alone():
    run(SGD(), dtype="float64")
    assert not jax.config.jax_enable_x64
    assert jnp.ones(1).dtype == np.float32


def test_entries_of_different_classes_never_share_a_program():
    """jaxlib's own registration of dataclasses compares structures without their class."""
    entries = [*OPTIMIZERS.values(), *SURFACES.values(), *SCHEDULES.values()]
    structures = [jax.tree.structure(cls()) for cls in entries]
    for i, one in enumerate(structures):
        for other in structures[:i]:
            assert one != other


# Programs kept on disk ----------------------------------------------------------------------------

KEEP = """
import optviz
from optviz.engine.machine import compile_cache
compile_cache.enable()
race = optviz.race("ravine", ["sgd"], num_steps=20, noise=0.1)
print(race.id)
"""


def test_programs_are_kept_for_the_next_process(tmp_path):
    env = {k: v for k, v in os.environ.items() if k != "JAX_COMPILATION_CACHE_DIR"}

    def process(folder):
        done = subprocess.run(
            [sys.executable, "-c", KEEP],
            env=env | {"OPTVIZ_CACHE": str(folder)},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    first = process(tmp_path / "kept")
    kept = {path.name for path in (tmp_path / "kept" / "jax").glob("*-cache")}
    assert any("jit_path" in name for name in kept)
    assert process(tmp_path / "kept") == first
    assert {path.name for path in (tmp_path / "kept" / "jax").glob("*-cache")} == kept
    # A folder that cannot be made is no obstacle.
    (tmp_path / "file").write_text("")
    assert process(tmp_path / "file") == first


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_run_that_is_stopped_is_the_beginning_of_the_whole_one(dtype):
    jobs = [
        Job(Adam(learning_rate=0.3), {"learning_rate": SCHEDULES["cosine"]()}),
        Job(SGD(learning_rate=10), {}),  # diverges within the part
    ]
    surface = SURFACES["ravine"]()
    settings = {"num_steps": 300, "noise": 0.1, "seed": 5, "dtype": dtype}
    whole = descend(jobs, surface, np.array(surface.start), **settings)
    part = descend(jobs, surface, np.array(surface.start), **settings, stop=120)
    assert part.losses.shape == (2, 121)
    for name in ("params", "losses", "grad_norms", "evaluations"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[:, :121])
    assert part.diverged_at.tolist() == whole.diverged_at.tolist()
    assert -1 < part.diverged_at[1] < 120
    longer = descend(jobs, surface, np.array(surface.start), **settings, stop=999)
    np.testing.assert_array_equal(longer.losses, whole.losses)
