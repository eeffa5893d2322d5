"""Every rule as an optax transformation has the properties that optax asks of its own."""

import re
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from optviz.catalog import knobs, switches
from optviz.engine.machine.precision import on_cpu
from optviz.engine.surfaces.descend import Job, descend
from optviz.optimizers import OPTIMIZERS, Optimizer
from optviz.optimizers.from_optax import answer
from optviz.surfaces import SURFACES

pytestmark = pytest.mark.usefixtures("compiled_quickly")

RULES = list(OPTIMIZERS.values())
all_rules = pytest.mark.parametrize("cls", RULES, ids=[cls.name for cls in RULES])
NUM_STEPS, NUM_RATES = 20_000, 32

# What a rule needs beside its rate in a narrow, curved valley: a sign alone cannot follow it, and a
# gradient from further up its walls points elsewhere. Decay pulls elsewhere too.
SENSIBLE = {
    "sign_sgd": {"momentum": 0.9},
    "sam": {"rho": 1e-3},
    "brute_force": {"radius": 16.0},  # the parabola starts eleven away
}


def parabola(p):
    return jnp.sum((p - jnp.array([1.0, -1.0, 1.0], p.dtype)) ** 2)


def rosenbrock(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


# As in optax's own tests: loss, start, minimum.
PROBLEMS = [
    pytest.param(parabola, (-1.0, 10.0, 1.0), (1.0, -1.0, 1.0), id="parabola"),
    pytest.param(rosenbrock, (0.0, 0.0), (1.0, 1.0), id="rosenbrock"),
]


def loop(tx, loss_fn, params, num_steps):
    """The training loop that optax documents."""
    tx = optax.with_extra_args_support(tx)

    def body(_, carry):
        params, state = carry
        value, grads = jax.value_and_grad(loss_fn)(params)
        updates, state = tx.update(grads, state, params, value=value, value_fn=loss_fn)
        return optax.apply_updates(params, updates), state

    return jax.lax.fori_loop(0, num_steps, body, (params, tx.init(params)))


@pytest.mark.parametrize(("loss_fn", "start", "minimum"), PROBLEMS)
@all_rules
def test_reaches_the_minimum_at_a_sensible_rate(cls, loss_fn, start, minimum):
    """To 0.01, as optax asks."""
    without_decay = {"weight_decay": 0.0} if "weight_decay" in knobs(cls) else {}
    rule = cls(**SENSIBLE.get(cls.name, {}), **without_decay)
    has_rate = "learning_rate" in knobs(cls)
    low, high = knobs(cls)["learning_rate"].typical if has_rate else (1, 1)

    def end(rate):
        tx = (replace(rule, learning_rate=rate) if has_rate else rule).as_optax()
        return loop(tx, loss_fn, jnp.array(start), NUM_STEPS)[0]

    with on_cpu("float64"):
        rates = jnp.asarray(np.geomspace(low, high, NUM_RATES if has_rate else 1))
        ends = np.asarray(jax.jit(jax.vmap(end))(rates))
    assert (np.abs(ends - np.array(minimum)).max(axis=1) < 1e-2).any()


@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64"])
@all_rules
def test_keeps_number_formats(cls, dtype):
    if dtype == "bfloat16" and not cls.half_precision:
        pytest.skip("the rule says that it needs more digits")
    with on_cpu("float64" if dtype == "float64" else "float32"):
        params = {"w": jnp.ones((3, 2), dtype), "b": [jnp.ones(2, dtype)]}
        with jax.numpy_dtype_promotion("standard"):  # half precision meets float32 counters
            state, updates, after = first_step(cls(), params)
    formats = partial(jax.tree.map, lambda leaf: (leaf.shape, leaf.dtype))
    assert formats(updates) == formats(params)
    assert formats(after) == formats(state)


def half_square(params):
    return sum(jnp.sum(leaf**2) / 2 for leaf in jax.tree.leaves(params))


@jax.jit
def first_step(rule, params):
    """The state before it, the updates and the state after it."""
    tx = rule.as_optax()
    state = tx.init(params)
    return state, *one_step(tx, params, state)


def one_step(tx, params, state):
    value, grads = jnp.float32(2.0), jax.grad(half_square)(params)
    return tx.update(grads, state, params, value=value, value_fn=half_square)


@all_rules
def test_compiles_once(cls):
    traces = 0
    tx = cls().as_optax()

    @jax.jit
    def step(params, state):
        nonlocal traces
        traces += 1
        updates, state = one_step(tx, params, state)
        return optax.apply_updates(params, updates), state

    params = {"w": jnp.ones((3, 2)), "b": [jnp.ones(2)]}
    state = tx.init(params)
    for _ in range(3):
        params, state = step(params, state)
    assert traces == 1


@all_rules
def test_survives_a_chain_and_a_mask(cls):
    """Clipped before and masked: what is not masked moves as it would alone, the rest as masked."""
    params = {"w": jnp.ones((3, 2)), "b": jnp.ones(2)}
    tx = cls().as_optax()
    masked = optax.masked(tx, {"w": True, "b": False})
    chained = optax.chain(optax.clip_by_global_norm(1e9), masked)
    updates, _ = jax.jit(partial(one_step, chained))(params, chained.init(params))
    alone = {"w": params["w"]}
    expected, _ = jax.jit(partial(one_step, tx))(alone, tx.init(alone))
    np.testing.assert_allclose(updates["w"], expected["w"], rtol=1e-6)
    np.testing.assert_array_equal(updates["b"], params["b"])  # the gradient, untouched


def variants(cls):
    """The rule at its defaults, and once for every other option of a switch."""
    yield cls()
    for name, info in switches(cls).items():
        yield from (cls(**{name: v}) for v in info.options if v != getattr(cls(), name))


VARIANTS = [rule for cls in RULES for rule in variants(cls)]


@pytest.mark.parametrize("rule", VARIANTS, ids=map(repr, VARIANTS))
def test_walks_the_path_of_a_race(rule):
    """Also where the gradient is taken elsewhere, or another point is drawn."""
    surface = SURFACES["himmelblau"]()
    if "learning_rate" in knobs(type(rule)):
        rule = replace(rule, learning_rate=1e-3)
    start = np.array(surface.start)
    raced = descend([Job(rule, {})], surface, start, num_steps=20).params[0, -1]
    with on_cpu("float64"):
        run = jax.jit(partial(loop, rule.as_optax(), surface, num_steps=20))
        looped = np.asarray(answer(rule, *run(jnp.asarray(start))))
    np.testing.assert_allclose(looped, raced, rtol=1e-11)


@all_rules
def test_says_what_is_missing(cls):
    tx = cls().as_optax()
    params = jnp.ones(2)
    state = tx.init(params)
    with pytest.raises(
        ValueError, match=f"^{re.escape(cls.label)}: update needs params, got None$"
    ):
        tx.update(params, state)
    if cls.reads_loss:
        with pytest.raises(
            ValueError, match=f"^{re.escape(cls.label)} reads the loss: pass value to update$"
        ):
            tx.update(params, state, params)


def test_a_rule_that_evaluates_the_loss_asks_for_it():
    tx = OPTIMIZERS["sam"]().as_optax()
    params = jnp.ones(2)
    with pytest.raises(ValueError, match=r"^SAM evaluates the loss: pass value_fn to update"):
        tx.update(params, tx.init(params), params)


def test_only_rules_that_look_elsewhere_keep_params_of_their_own():
    params = jnp.ones(2)
    for rule in VARIANTS:
        kept = rule.as_optax().init(params).params is not None
        moves = rule.query(params, rule.init(params)) is not params
        assert kept == moves
        assert type(rule).query is not Optimizer.query or not kept
