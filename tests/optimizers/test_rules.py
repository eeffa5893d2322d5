"""What must hold for every rule in the catalogue, and for every rule that is added to it."""

import itertools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from optviz.catalog import defaults, knobs, switches, validate
from optviz.engine.machine.precision import cast, on_cpu
from optviz.engine.surfaces.descend import Job, descend
from optviz.optimizers import OPTIMIZERS, Optimizer, StepContext
from optviz.schedules import SCHEDULES
from optviz.surfaces.expression import FunctionSurface

pytestmark = pytest.mark.usefixtures("compiled_quickly")

RULES = list(OPTIMIZERS.values())


def variants(cls):
    """The rule under every combination of its switches."""
    options = switches(cls)
    for values in itertools.product(*(s.options for s in options.values())):
        yield cls(**dict(zip(options, values, strict=True)))


VARIANTS = [rule for cls in RULES for rule in variants(cls)]


def title(rule):
    chosen = [f"{name}={getattr(rule, name)}" for name in switches(type(rule))]
    return "-".join([rule.name, *chosen])


def traced_knobs(cls):
    """The knobs that may change without a new compilation."""
    return {name: info for name, info in knobs(cls).items() if not info.static}


all_rules = pytest.mark.parametrize("cls", RULES, ids=[cls.name for cls in RULES])
all_variants = pytest.mark.parametrize("rule", VARIANTS, ids=map(title, VARIANTS))


def settings(cls, count=10):
    """Rules spread over the typical range of every traced knob, each knob in its own order."""
    spread = {}
    for turn, (name, info) in enumerate(traced_knobs(cls).items()):
        low, high = info.typical
        values = np.geomspace(low, high, count) if info.log else np.linspace(low, high, count)
        values = np.roll(np.round(values) if info.integer else values, turn)
        spread[name] = [type(defaults(cls)[name])(value) for value in values]
    return [cls(**{name: column[i] for name, column in spread.items()}) for i in range(count)]


def vector(dtype):
    return np.linspace(-1, 2, 5, dtype=dtype)


def tree(dtype):
    """Leaves of one to four dimensions, nested as a network's parameters are."""
    draw = np.random.default_rng(0).standard_normal
    leaf = lambda *shape: draw(shape).astype(dtype)  # noqa: E731
    return {
        "conv": {"kernel": leaf(3, 3, 2, 4), "bias": leaf(4)},
        "dense": [(leaf(6, 5), leaf(5)), leaf(2, 3, 4)],
    }


def half_square(params):
    return sum(0.5 * jnp.sum(leaf**2) for leaf in jax.tree.leaves(params))


def step_once(rule, params, state, step):
    """One step as the engines make it."""
    loss, grads = jax.value_and_grad(half_square)(rule.query(params, state))
    key = jax.random.fold_in(jax.random.key(0), step)
    updates, state = rule.update(StepContext(step, params, loss, grads, key, half_square), state)
    return jax.tree.map(jnp.add, params, updates), updates, state


def shape_of(tree):
    return jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", [vector, tree])
@all_variants
def test_keeps_structure_shapes_and_dtypes(rule, make, dtype):
    """Traced, as the engines run it, and with numbers: these step by step, for to compile all of
    these programs would take minutes."""
    size = sum(leaf.size for leaf in jax.tree.leaves(make(dtype)))
    if rule.max_params is not None and size > rule.max_params:
        pytest.skip(f"the rule says that it needs {rule.demand(size)}")
    with on_cpu(dtype):
        rule, params = cast(rule, dtype), jax.tree.map(jnp.asarray, make(dtype))
        traced = jax.eval_shape(first_step, rule, params)
        with jax.disable_jit():
            computed = first_step(rule, params)
        assert shape_of(traced) == shape_of(computed)
        state, after, updates, next_state, answer, query = computed
        for value in (after, updates, answer, query):
            assert shape_of(value) == shape_of(params)
        assert jax.tree.structure(next_state) == jax.tree.structure(state)
        assert shape_of(next_state) == shape_of(state)
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(updates))


def first_step(rule, params):
    """All that a rule makes of its first step."""
    state = rule.init(params)
    after, updates, next_state = step_once(rule, params, state, jnp.int32(0))
    answer, query = rule.answer(after, next_state), rule.query(after, next_state)
    return state, after, updates, next_state, answer, query


def bowl(condition=10.0):
    """Half of x² + condition · y²: its minimum at 0 is also where weight decay pulls."""
    return FunctionSurface(function=_bowls[condition])


_bowls = {c: (lambda x, y, c=c: 0.5 * (x**2 + c * y**2)) for c in (1.0, 10.0)}


@all_rules
def test_repeats_exactly(cls):
    def once():
        start = np.array([2.0, -1.0])
        return descend([Job(cls(), {})], bowl(), start, num_steps=50, noise=0.3, seed=7)

    first, second = once(), once()
    np.testing.assert_array_equal(first.params, second.params)
    np.testing.assert_array_equal(first.losses, second.losses)


@all_rules
def test_one_trace_for_ten_settings(cls):
    traces = 0

    @jax.jit
    def step(rule, params, state):
        nonlocal traces
        traces += 1
        return step_once(rule, params, state, np.int32(3))

    params = vector("float32")
    for rule in settings(cls):
        rule = cast(rule, "float32")
        step(rule, params, rule.init(params))
    assert traces == 1


@all_rules
def test_reaches_the_minimum_of_a_quadratic(cls):
    """Some rate of the rule's typical range (its default, if it has none) gets there.

    Fair to all: weight decay pulls to the same point, and a rule that hovers at its rate, as one
    that moves by a sign does, gets there when the rate falls.
    """
    jobs = [Job(cls(), {})]
    if "learning_rate" in knobs(cls):
        low, high = knobs(cls)["learning_rate"].typical
        rules = [cls(learning_rate=float(rate)) for rate in np.geomspace(low, high, 16)]
        falling = {"learning_rate": SCHEDULES["linear"]()}
        jobs = [Job(rule, schedules) for schedules in ({}, falling) for rule in rules]
    start = np.array([1.0, 0.7])
    end = descend(jobs, bowl(), start, num_steps=2000).losses
    # A mean of the whole path forgets its start as 1/t only.
    share = 1e-6 if cls.answer is Optimizer.answer else 1e-4
    assert np.min(end[:, -1]) <= share * end[0, 0]
    # Not by luck of one number: neighbouring rates descend as well, held and falling.
    if len(jobs) > 1:
        for half in np.split(end[:, -1], 2):
            assert (half < 0.1 * end[0, 0]).sum() >= 3


@all_rules
def test_every_setting_descends_or_says_that_it_diverged(cls):
    """Whatever the typical knobs, arrays stay finite: no silent NaN."""
    start = np.array([1.0, 0.7])
    result = descend([Job(rule, {}) for rule in settings(cls)], bowl(), start, num_steps=300)
    for array in (result.params, result.losses, result.grad_norms):
        assert np.isfinite(array).all()


@all_rules
def test_rests_at_a_point_without_slope(cls):
    """With no gradient, no memory and at 0 (so no decay) nothing moves, and nothing is 0/0."""
    result = descend([Job(cls(), {})], bowl(), np.zeros(2), num_steps=20)
    assert result.diverged_at[0] == -1
    if not hasattr(cls, "radius"):
        np.testing.assert_array_equal(result.params[0], 0)


@all_rules
def test_a_steady_slope_is_walked_down_for_ever(cls):
    """A constant gradient leaves no variance to divide by: nothing may turn into NaN."""
    slope = FunctionSurface(function=_slope)
    for rule in (replace(r) for r in VARIANTS if type(r) is cls):
        for memory in (None, 0.0, 0.5, 0.9):
            changed = {
                name: memory
                for name in knobs(cls)
                if memory is not None and name in ("b1", "b2", "decay", "rho", "momentum")
            }
            job = Job(replace(rule, **changed), {})
            for dtype in ("float64", "float32"):
                result = descend([job], slope, np.array([1.1, 0.7]), num_steps=400, dtype=dtype)
                at, reached = result.diverged_at[0], result.losses[0, -1]
                # A coordinate may pass the bound of 1e12 a step before the loss does.
                assert at == -1 or abs(result.last_loss[0]) > 1e11, (title(job.rule), memory, dtype)
                assert reached < result.losses[0, 0] or title(rule).endswith("radius")


def _slope(x, y):
    return 0.3 * x + 0.7 * y


def pairs(of):
    return [pytest.param(cls, name, id=f"{cls.name}-{name}") for cls in RULES for name in of(cls)]


TRACED, EVERY = pairs(traced_knobs), pairs(knobs)


@jax.jit
def walk(rule, params):
    """Where three steps lead; one program for all knobs of a rule."""

    def body(step, carry):
        params, state = carry
        params, _, state = step_once(rule, params, state, step)
        return params, state

    return jax.lax.fori_loop(np.int32(0), np.int32(3), body, (params, rule.init(params)))[0]


# With every knob mapped, though one varies: one program for all knobs of a rule.
walks = jax.jit(jax.vmap(walk, (0, None)))


@pytest.mark.parametrize(("cls", "name"), TRACED)
def test_a_map_over_a_knob_equals_a_loop(cls, name):
    rules = settings(cls, 5)
    with on_cpu("float64"):
        changed = [replace(rules[2], **{name: getattr(rule, name)}) for rule in rules]
        changed = [cast(rule, "float64") for rule in changed]
        params = vector("float64")
        stacked = jax.tree.map(lambda *values: np.stack(values), *changed)
        mapped = np.asarray(walks(stacked, params))
        looped = np.stack([np.asarray(walk(rule, params)) for rule in changed])
    np.testing.assert_allclose(mapped, looped, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("cls", "name"), EVERY)
def test_every_knob_matters(cls, name):
    """A knob that changes no path under any switch is a slider that does nothing."""
    info = knobs(cls)[name]
    start = np.array([1.0, 0.7])
    for rule in variants(cls):
        ends = [replace(rule, **{name: type(getattr(rule, name))(end)}) for end in info.typical]
        one, other = descend([Job(r, {}) for r in ends], bowl(), start, num_steps=20).params
        if not np.array_equal(one, other):
            return
        others = [n for n in knobs(cls) if n != name and n in ("momentum", "learning_rate")]
        for extra in others:  # dampening needs momentum to matter, and a floor small gradients
            ends = [replace(r, **{extra: 0.5}) for r in ends]
        one, other = descend([Job(r, {}) for r in ends], bowl(), start, num_steps=20).params
        if not np.array_equal(one, other):
            return
    if cls.needs_matrices:  # some of it may be for arrays of other dimensions only
        ends = [cls(**{name: type(defaults(cls)[name])(end)}) for end in info.typical]
        if any(
            not np.array_equal(*pair) for pair in zip(*map(tree_after_a_step, ends), strict=True)
        ):
            return
    pytest.fail(f"{cls.__name__}.{name} changes nothing")


def tree_after_a_step(rule):
    with on_cpu("float64"):
        rule, params = cast(rule, "float64"), tree("float64")
        return jax.tree.leaves(step_once(rule, params, rule.init(params), np.int32(0))[0])


@all_variants
def test_every_switch_matters(rule):
    base = type(rule)()
    changed = [n for n in switches(type(rule)) if getattr(rule, n) != getattr(base, n)]
    if len(changed) != 1:
        return
    start = np.array([1.0, 0.7])
    rules = [replace(r, eps=1e-2) if "eps" in knobs(type(r)) else r for r in (rule, base)]
    # A switch may matter only where another knob is far from its default.
    rules += [
        replace(r, **{n: float(i.typical[1])})
        for n, i in knobs(type(rule)).items()
        if not i.integer
        for r in rules[:2]
    ]
    paths = descend([Job(r, {}) for r in rules], bowl(), start, num_steps=20).params
    assert not np.array_equal(paths[::2], paths[1::2])


@all_variants
def test_defaults_validate(rule):
    validate(rule)


@all_rules
def test_says_what_it_costs_and_where_it_is_from(cls):
    text = cls.__doc__ or ""
    assert "$$" in text, "no equation"
    assert "Cost per step:" in text
    assert "Memory:" in text
