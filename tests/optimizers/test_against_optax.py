"""Every rule that optax has too, against optax in float64, at random settings.

Where the two differ by convention, optax is told to follow:

- AdaGrad: optax adds ε inside the root, so our `eps_inside_sqrt` is compared.
- RMSProp: optax's momentum holds η times our velocity, the same at a constant rate; `eps_in_sqrt`
  is our `eps_inside_sqrt`. Centered, its ε always stands inside the root.
- Its Adam needs JAX's standard type promotion: it raises a float to an integer power.
- Adam: its ε stands outside the root (`eps`) or inside it (`eps_root`).
- Momentum: optax has no dampening (PyTorch has: `tests/golden`).
"""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from optviz.catalog import knobs
from optviz.engine.machine.precision import cast, on_cpu
from optviz.engine.surfaces.descend import Job, descend
from optviz.optimizers import OPTIMIZERS, StepContext
from optviz.optimizers.from_optax import from_optax
from optviz.surfaces import SURFACES

pytestmark = pytest.mark.usefixtures("compiled_quickly")

TOLERANCE, TWIN = 1e-9, 1e-11  # of max(1, |x|)


def _rmsprop(rule):
    return optax.rmsprop(
        rule.learning_rate,
        decay=rule.decay,
        eps=rule.eps,
        eps_in_sqrt=rule.eps_inside_sqrt,
        centered=rule.centered,
        momentum=rule.momentum,
    )


def _adam(make, rule, **more):
    floor = {"eps": 0.0, "eps_root": rule.eps} if rule.eps_inside_sqrt else {"eps": rule.eps}
    return make(rule.learning_rate, b1=rule.b1, b2=rule.b2, **floor, **more)


# key -> (optax's form of a rule, the switches and knobs under which the forms are one)
PEERS = {
    "sgd": (lambda r: optax.sgd(r.learning_rate), [{}]),
    "momentum": (lambda r: optax.sgd(r.learning_rate, r.momentum), [{"dampening": 0.0}]),
    "nesterov": (
        lambda r: optax.sgd(r.learning_rate, r.momentum, nesterov=True),
        [{"form": "library"}],
    ),
    "adagrad": (
        lambda r: optax.adagrad(r.learning_rate, r.initial_accumulator_value, r.eps),
        [{"eps_inside_sqrt": True}],
    ),
    "rmsprop": (
        _rmsprop,
        [
            {"centered": False, "eps_inside_sqrt": False},
            {"centered": False, "eps_inside_sqrt": True},
            {"centered": True, "eps_inside_sqrt": True},
        ],
    ),
    "adadelta": (lambda r: optax.adadelta(r.learning_rate, r.rho, r.eps), [{}]),
    "adam": (partial(_adam, optax.adam), [{"eps_inside_sqrt": False}, {"eps_inside_sqrt": True}]),
    "adamw": (
        lambda r: _adam(optax.adamw, r, weight_decay=r.weight_decay),
        [{"eps_inside_sqrt": False}, {"eps_inside_sqrt": True}],
    ),
}
CASES = [
    pytest.param(name, fields, seed, id="-".join([name, *map(str, fields.values()), str(seed)]))
    for name, (_, forms) in PEERS.items()
    for fields in forms
    for seed in range(3)
]


def random_rule(name, fields, seed):
    """A rule with every knob drawn from the middle of its typical range."""
    rng = np.random.default_rng(seed)
    cls, values = OPTIMIZERS[name], {}
    for knob_name, info in knobs(cls).items():
        share = rng.uniform(0.2, 0.8)
        low, high = np.log(info.typical) if info.log else info.typical
        value = low + share * (high - low)
        values[knob_name] = float(np.exp(value)) if info.log else float(value)
    return cls(**values | fields)


def leaves(seed):
    draw = np.random.default_rng(seed).standard_normal
    return {"a": draw(7), "b": [draw((3, 2)), (draw((2, 2, 2)), draw((1, 2, 3, 1)))]}


@pytest.mark.parametrize(("name", "fields", "seed"), CASES)
def test_same_updates_from_the_same_gradients(name, fields, seed):
    """60 steps on a nested tree with gradients that no path can magnify."""
    rule = random_rule(name, fields, seed)
    peer = PEERS[name][0](rule)
    with on_cpu("float64"):
        native, params = cast(rule, "float64"), jax.tree.map(jnp.asarray, leaves(seed))
        state, peer_state, peer_params = native.init(params), peer.init(params), params
        key, loss = jax.random.key(0), jnp.float64(0.0)

        @jax.jit
        def step(rule, i, params, state, peer_params, peer_state, grads):
            ctx = StepContext(i, params, loss, grads, key, lambda p: loss)
            updates, state = rule.update(ctx, state)
            with jax.numpy_dtype_promotion("standard"):
                peer_updates, peer_state = peer.update(grads, peer_state, peer_params)
            add = partial(jax.tree.map, jnp.add)
            return add(params, updates), state, add(peer_params, peer_updates), peer_state

        for i in range(60):
            # Gradients that shrink, as near a minimum, and one coordinate that has none.
            grads = jax.tree.map(lambda g, i=i: g * 0.9**i, leaves(100 * seed + i))
            grads["a"][3] = 0.0
            params, state, peer_params, peer_state = step(
                native, np.int32(i), params, state, peer_params, peer_state, grads
            )
        for ours, theirs in zip(jax.tree.leaves(params), jax.tree.leaves(peer_params), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("surface", ["ravine", "himmelblau"])
@pytest.mark.parametrize("name", PEERS)
def test_races_like_its_peer(name, surface):
    """The peer races in the same engine; compared as far as rounding does not decide the path."""
    make, forms = PEERS[name]
    cls, landscape = OPTIMIZERS[name], SURFACES[surface]()
    rate = 0.004 if knobs(cls)["learning_rate"].typical[1] == 1 and len(knobs(cls)) <= 3 else 0.05
    rule = replace(cls(learning_rate=rate), **forms[0])
    start = np.array(landscape.start)
    run = partial(descend, surface=landscape, num_steps=100, noise=0.1, seed=3)
    ours = run([Job(rule, {})], start=start).params[0]
    twin = run([Job(rule, {})], start=np.nextafter(start, np.inf)).params[0]
    with jax.numpy_dtype_promotion("standard"):
        peer = run([Job(from_optax(make(rule)), {})], start=start).params[0]
    scale = np.maximum(1, np.abs(ours))
    apart = (np.abs(ours - twin) > TWIN * scale).any(axis=1)
    horizon = apart.argmax() if apart.any() else len(apart)
    assert horizon > 50
    assert (np.abs(ours - peer) <= TOLERANCE * scale)[:horizon].all()
    assert np.abs(ours[-1] - ours[0]).max() > 1e-3
