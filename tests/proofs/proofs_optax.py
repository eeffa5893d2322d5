"""optax, live: both libraries walk the same noisy problems side by side in float64.

Each rule runs at its defaults and at a second setting drawn from the middle of its sliders. Where
the forms differ by convention, `forms` says which of ours is compared. Not here: Rprop, whose
steps optax 0.2.8 makes one step late; Adafactor, whose memory it computes in float32. Both have
PyTorch's. Polyak's scale stays at 1, for optax divides by the norm of the scaled gradient.
"""

from dataclasses import dataclass, field
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
from proof_kit import TWIN, Proof, error_of, walk, with_start

from optviz.catalog import knobs
from optviz.engine.machine.precision import cast, on_cpu
from optviz.optimizers import OPTIMIZERS

TOLERANCE, NUM_STEPS = 1e-9, 100


# Two problems: a curved valley, and a nested tree of one to four dimensions ----------------------


def valley(params, step):
    x, y = params
    tilt = jnp.sin(step.astype(x.dtype) * jnp.array([1.3, 2.1], x.dtype))
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2 + 0.1 * jnp.sum(tilt * params)


def forest(params, step):
    noise = jnp.sin(step.astype(jnp.float64) * 1.7)
    parts = [
        jnp.sum(0.5 * (i + 1) * (leaf - 0.3) ** 2 + 0.5 * jnp.cos(leaf) + 0.1 * noise * leaf)
        for i, leaf in enumerate(jax.tree.leaves(params))
    ]
    return sum(parts[1:], parts[0])


def leaves():
    draw = np.random.default_rng(5).standard_normal
    return {"a": draw(5), "b": [draw((3, 2)), (draw((2, 2, 2)), draw((1, 2, 3, 1)))]}


@dataclass(frozen=True)
class Peer:
    """optax's form of a rule."""

    call: str  # how it is called in optax
    make: object  # rule -> GradientTransformation
    convention: str
    forms: dict = field(default_factory=dict)  # switches and knobs under which the forms are one
    rates: tuple = (0.02, 0.02)  # learning rate in the valley and in the forest
    least: int = 25  # steps that must be comparable
    more: dict = field(default_factory=dict)  # of `peer_walk`


def peer_walk(tx, loss_fn, start, num_steps, *, fast=lambda p: p, answer=lambda p, s: p, **more):
    """What `walk` does, for a GradientTransformation."""
    tx = optax.with_extra_args_support(tx)
    wrap, patch = more.get("wrap", lambda p: p), more.get("patch", lambda s: s)
    params = wrap(start)

    def body(carry, step):
        params, state = carry
        value, grads = jax.value_and_grad(loss_fn)(fast(params), step)
        extra = {"grad_fn": lambda p, _: jax.grad(loss_fn)(p, step)} if "grad_fn" in more else {}
        if "value" in more:
            extra["value"] = value
        updates, state = tx.update(grads, state, params, **extra)
        params = optax.apply_updates(params, updates)
        return (params, state), answer(params, state)

    steps = jnp.arange(num_steps, dtype=jnp.int32)
    _, seen = jax.lax.scan(body, (params, patch(tx.init(params))), steps)
    return with_start(start, seen)


def settings(cls, peer, rate):
    """The rule at its defaults and once with every knob from the middle of its slider."""
    changed = {}
    draw = np.random.default_rng(3)
    for name, info in knobs(cls).items():
        low, high = np.log(info.typical) if info.log else info.typical
        value = low + draw.uniform(0.3, 0.7) * (high - low)
        value = float(np.exp(value)) if info.log else float(value)
        changed[name] = round(value) if info.integer else value
    rated = {"learning_rate": rate} if "learning_rate" in knobs(cls) else {}
    return [cls(**rated | peer.forms), cls(**changed | rated | peer.forms)]


def measure(rule_key, peer):
    cls, worst = OPTIMIZERS[rule_key], 0.0
    problems = [(valley, np.array([-1.2, 1.0]), peer.rates[0]), (forest, leaves(), peer.rates[1])]
    with on_cpu("float64"):
        for loss_fn, start, rate in problems:
            mine = jax.jit(partial(walk, loss_fn=loss_fn, num_steps=NUM_STEPS))
            start = jax.tree.map(jnp.asarray, start)
            twin_start = jax.tree.map(lambda s: jnp.asarray(np.nextafter(s, np.inf)), start)
            for rule in settings(cls, peer, rate):
                ours = mine(cast(rule, "float64"), start=start)
                twin = mine(cast(rule, "float64"), start=twin_start)
                with jax.numpy_dtype_promotion("standard"):
                    tx = peer.make(rule)
                    run = partial(peer_walk, tx, loss_fn, num_steps=NUM_STEPS, **peer.more)
                    theirs = jax.jit(run)(start)
                horizon = parts_at(ours, twin)
                assert horizon >= peer.least, f"{rule}: only {horizon} steps tell anything"
                cut = partial(jax.tree.map, lambda path, to=horizon: path[:to])
                worst = max(worst, error_of(cut(ours), cut(theirs)))
                moved = jax.tree.map(lambda path: jnp.abs(path[-1] - path[0]).max(), ours)
                assert max(map(float, jax.tree.leaves(moved))) > 1e-3, f"{rule} does not move"
    return worst


def parts_at(path, twin):
    """First step at which two trees of paths differ: there no two libraries can agree."""
    apart = np.zeros(NUM_STEPS + 1, bool)
    for a, b in zip(jax.tree.leaves(path), jax.tree.leaves(twin), strict=True):
        a, b = (np.asarray(v).reshape(NUM_STEPS + 1, -1) for v in (a, b))
        apart |= (np.abs(a - b) > TWIN * np.maximum(1, np.abs(a))).any(axis=1)
    return int(apart.argmax()) if apart.any() else NUM_STEPS + 1


# Peers -------------------------------------------------------------------------------------------

GRADIENT = (5e-4, 0.02)


def adam_like(make, r, **more):
    floor = {"eps": 0.0, "eps_root": r.eps} if r.eps_inside_sqrt else {"eps": r.eps}
    return make(r.learning_rate, b1=r.b1, b2=r.b2, **floor, **more)


def sam(r):
    uphill = optax.chain(optax.contrib.normalize(), optax.sgd(r.rho))
    return optax.contrib.sam(optax.sgd(r.learning_rate, r.momentum), uphill, opaque_mode=True)


def lookahead(r):
    inner = optax.sgd(r.learning_rate, r.momentum)
    if r.inner == "adam":
        inner = optax.adam(r.learning_rate, r.b1, r.b2, r.eps)
    return optax.lookahead(inner, r.sync_period, r.slow_step_size)


def from_zero(state):
    """Yogi's mean gradient from zero, not from the start value of its square."""
    return (state[0]._replace(mu=jax.tree.map(jnp.zeros_like, state[0].mu)), *state[1:])


AVERAGE = {"answer": lambda p, s: optax.contrib.schedule_free_eval_params(s, p)}
SLOW = {
    "wrap": optax.LookaheadParams.init_synced,
    "fast": lambda p: p.fast,
    "answer": lambda p, s: p.slow,
}
INSIDE = {"eps_inside_sqrt": True}
AFTER = {"eps_after_correction": True}

PEERS = [
    ("sgd", Peer("sgd", lambda r: optax.sgd(r.learning_rate), "plain", rates=GRADIENT)),
    (
        "momentum",
        Peer(
            "sgd(momentum)",
            lambda r: optax.sgd(r.learning_rate, r.momentum),
            "rate outside the velocity, not damped",
            {"dampening": 0.0},
            GRADIENT,
        ),
    ),
    (
        "nesterov",
        Peer(
            "sgd(nesterov=True)",
            lambda r: optax.sgd(r.learning_rate, r.momentum, nesterov=True),
            "library form, not damped",
            rates=GRADIENT,
        ),
    ),
    (
        "adagrad",
        Peer(
            "adagrad",
            lambda r: optax.adagrad(r.learning_rate, r.initial_accumulator_value, r.eps),
            "ε inside the root",
            INSIDE,
        ),
    ),
    (
        "rmsprop",
        Peer(
            "rmsprop(centered=True)",
            lambda r: optax.rmsprop(
                r.learning_rate, r.decay, r.eps, centered=True, momentum=r.momentum
            ),
            "centred, ε inside the root, momentum of the scaled gradient",
            {"centered": True, "eps_inside_sqrt": True},
        ),
    ),
    (
        "adadelta",
        Peer(
            "adadelta",
            lambda r: optax.adadelta(r.learning_rate, r.rho, r.eps),
            "ε inside both roots, a rate on the step",
            rates=(1.0, 1.0),
        ),
    ),
    (
        "adam",
        Peer("adam(eps_root)", partial(adam_like, optax.adam), "ε inside the root", INSIDE),
    ),
    (
        "adamw",
        Peer(
            "adamw",
            lambda r: adam_like(optax.adamw, r, weight_decay=r.weight_decay),
            "decay decoupled, times the rate",
        ),
    ),
    (
        "sign_sgd",
        Peer(
            "sign_sgd",
            lambda r: optax.sign_sgd(r.learning_rate),
            "no momentum",
            {"momentum": 0.0},
            (5e-3, 5e-3),
        ),
    ),
    (
        "amsgrad",
        Peer(
            "amsgrad",
            lambda r: optax.amsgrad(r.learning_rate, r.b1, r.b2, r.eps),
            "bias corrected before the maximum, ε outside the root",
            {"bias_correction": "before_maximum"},
        ),
    ),
    (
        "adamax",
        Peer(
            "adamax",
            lambda r: optax.adamax(r.learning_rate, r.b1, r.b2, r.eps),
            "ε added before the maximum",
        ),
    ),
    (
        "nadam",
        Peer(
            "nadam",
            lambda r: optax.nadam(r.learning_rate, r.b1, r.b2, r.eps),
            "momentum of the look-ahead constant",
            {"warm_up": False},
        ),
    ),
    (
        "radam",
        Peer(
            "radam",
            lambda r: optax.radam(r.learning_rate, r.b1, r.b2, r.eps, threshold=r.threshold),
            "ε added after the correction of the root",
            AFTER,
            (1e-3, 0.02),
        ),
    ),
    (
        "lion",
        Peer(
            "lion",
            lambda r: optax.lion(r.learning_rate, r.b1, r.b2, weight_decay=r.weight_decay),
            "decay decoupled, times the rate",
            rates=(5e-3, 5e-3),
        ),
    ),
    (
        "adabelief",
        Peer(
            "adabelief",
            lambda r: optax.adabelief(r.learning_rate, r.b1, r.b2, r.eps, r.eps),
            "ε in the state and outside the root",
        ),
    ),
    (
        "yogi",
        Peer(
            "yogi",
            lambda r: optax.chain(
                optax.scale_by_yogi(r.b1, r.b2, r.eps, 0.0, r.initial_accumulator_value),
                optax.scale_by_learning_rate(r.learning_rate),
            ),
            "bias corrected; the mean gradient starts at 0 (set so in optax)",
            more={"patch": from_zero},
        ),
    ),
    (
        "lars",
        Peer(
            "lars",
            lambda r: optax.lars(
                r.learning_rate,
                weight_decay=r.weight_decay,
                trust_coefficient=r.trust_coefficient,
                momentum=r.momentum,
            ),
            "norm of gradient and decay together, rate inside the velocity",
            {"norms": "together"},
            (1.0, 1.0),
        ),
    ),
    (
        "lamb",
        Peer(
            "lamb",
            lambda r: optax.lamb(r.learning_rate, r.b1, r.b2, r.eps, weight_decay=r.weight_decay),
            "ε outside the root, bias corrected, ratio not bounded",
        ),
    ),
    *(
        (
            "polyak_sgd",
            Peer(
                f"polyak_sgd(variant={variant.replace('_plus', '+')!r})",
                lambda r: optax.polyak_sgd(
                    r.max_learning_rate, r.scaling, r.f_min, r.eps, r.variant.replace("_plus", "+")
                ),
                "bounded step; "
                + ("gap cut at zero" if variant == "sps_plus" else "gap may be < 0"),
                {"variant": variant, "f_min": f_min, "scaling": 1.0},
                least=10,
                more={"value": True},
            ),
        )
        for variant, f_min in (("sps", -1.0), ("sps_plus", 1.0))
    ),
    (
        "sam",
        Peer(
            "contrib.sam",
            sam,
            "norm of the whole gradient, same draw of the noise",
            rates=(5e-4, 0.02),
            more={"grad_fn": True},
        ),
    ),
    *(
        (
            "lookahead",
            Peer(
                f"lookahead({inner})",
                lookahead,
                "inner state kept; slow weights drawn",
                {"inner": inner},
                rates,
                more=SLOW,
            ),
        )
        for inner, rates in (("sgd", (2e-4, 0.02)), ("adam", (0.02, 0.02)))
    ),
    (
        "schedule_free_sgd",
        Peer(
            "contrib.schedule_free_sgd",
            lambda r: optax.contrib.schedule_free_sgd(r.learning_rate, b1=r.b1),
            "weights by the squared rate; the mean drawn",
            rates=GRADIENT,
            more=AVERAGE,
        ),
    ),
    (
        "schedule_free_adamw",
        Peer(
            "contrib.schedule_free_adamw",
            lambda r: optax.contrib.schedule_free_adamw(
                r.learning_rate, b1=r.b1, b2=r.b2, eps=r.eps, weight_decay=r.weight_decay
            ),
            "decay at y, ε outside the root; the mean drawn",
            more=AVERAGE,
        ),
    ),
]


PROOFS = tuple(
    Proof(
        key,
        f"optax.{peer.call} {optax.__version__}",
        "a curved valley and a nested tree, noisy, 2 settings",
        NUM_STEPS,
        TOLERANCE,
        peer.convention,
        partial(measure, key, peer),
    )
    for key, peer in PEERS
)
