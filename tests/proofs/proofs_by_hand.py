"""Steps worked by hand from the papers and the lectures, and closed forms.

Gradients are given step by step, unless a loss is; the numbers on the right are those one gets on
paper. Adam's relatives use η = 0.1, b1 = 0.8, b2 = 0.5, so that 1 - b1² = 0.36 and 1 - b2² = 0.75.
"""

from functools import partial
from math import sqrt

import jax
import jax.numpy as jnp
import numpy as np
from proof_kit import Proof, error_of, two_steps, walk

from optviz.engine.machine.precision import cast, on_cpu
from optviz.optimizers import OPTIMIZERS

TOLERANCE = 1e-12
CLOSED = "closed form"
PAPER, LECTURES = "paper, {} steps by hand", "lectures, {} steps by hand"
SMALL = {"learning_rate": 0.1, "b1": 0.8, "b2": 0.5}


def rule_of(key, fields):
    return OPTIMIZERS[key](**fields)


def by_hand(key, fields, gradients, expected, what, convention, *, start=0.0, rates=None, of=PAPER):
    """Expected are the positions of one number after each of the given gradients."""

    def measure():
        seen = two_steps(rule_of(key, fields), [[g] for g in gradients], (start,), rates)
        return error_of(seen[:, 0], np.array(expected))

    reference = of.format({2: "two", 3: "three", 4: "four"}[len(gradients)])
    return Proof(key, reference, what, len(gradients), TOLERANCE, convention, measure)


def path(key, fields, loss, start, num_steps):
    with on_cpu("float64"):
        rule = cast(rule_of(key, fields), "float64")
        run = partial(walk, rule, lambda p, step: loss(p), jnp.asarray(start), num_steps)
        return np.asarray(jax.jit(run)())


def on_loss(key, fields, loss, start, expected, what, convention, *, reference=CLOSED):
    """Expected are the answers after the start: (n, size)."""

    def measure():
        seen = path(key, fields, loss, np.array(start, float), len(expected))[1:]
        return error_of(seen, np.array(expected))

    return Proof(key, reference, what, len(expected), TOLERANCE, convention, measure)


CURVATURES, START = np.array([1.0, 8.0]), np.array([1.5, -0.5])


def quadratic(p):
    return 0.5 * jnp.sum(jnp.asarray(CURVATURES) * p**2)


def half_square(p):
    return 0.5 * jnp.sum(p**2)


STEPS = np.arange(1, 101)[:, None]


def decay(rate):
    """Gradient descent on the quadratic after 1, 2, … steps: (100, 2)."""
    return START * (1 - rate * CURVATURES) ** STEPS


# The five bias corrections: g = -2 twice, so m₁ = -0.4, v₁ = 2, m₂ = -0.72, v₂ = 3.
CORRECTIONS = {
    "power": (0.4 / 0.2 / sqrt(2 / 0.5), 0.72 / 0.36 / sqrt(3 / 0.75), "divided by 1 - bᵗ"),
    "constant": (0.4 / 0.2 / sqrt(2 / 0.5), 0.72 / 0.2 / sqrt(3 / 0.5), "divided by 1 - b"),
    # The means of the step before: none, so no step; then m₁ and v₁.
    "stale": (0.0, 0.4 / 0.2 / sqrt(2 / 0.5), "the old means divided by 1 - b: first step 0"),
    # Written back: m₁ = -2, v₁ = 4; then (0.8·-2 - 0.4)/0.2 = -10 and (0.5·4 + 2)/0.5 = 8.
    "in_place": (2 / sqrt(4), 10 / sqrt(8), "divided by 1 - b and written back"),
    "none": (0.4 / sqrt(2), 0.72 / sqrt(3), "the means as they are"),
}


def correction(name):
    first, second, convention = CORRECTIONS[name]
    fields = SMALL | {"eps": 1e-300, "bias_correction": name}
    expected = (0.1 * first, 0.1 * (first + second))
    what = f"bias_correction={name}, gradients -2, -2"
    of = PAPER if name == "power" else LECTURES
    return by_hand("adam", fields, (-2.0, -2.0), expected, what, convention, of=of)


# The rate falls tenfold between two gradients of 1; β = 0.5.
def printed_form(form, second, convention):
    return by_hand(
        "momentum",
        {"momentum": 0.5, "form": form},
        (1.0, 1.0),
        (-0.1, second),
        f"form={form}, the rate falls from 0.1 to 0.01",
        convention,
        rates=(0.1, 0.01),
        of=LECTURES,
    )


def lars_by_hand():
    """w = (3, 4) has length 5; τ = 0.1, weight decay 0.5, momentum 0.5, η = 1, g = (0, 2)."""
    v1 = np.array([1.5, 4.0]) * (0.1 * 5 / (2 + 0.5 * 5))
    w1 = np.array([3.0, 4.0]) - v1
    length = sqrt(w1[0] ** 2 + w1[1] ** 2)
    v2 = 0.5 * v1 + 0.1 * length / (2 + 0.5 * length) * np.array([0.5 * w1[0], 2 + 0.5 * w1[1]])
    return [w1, w1 - v2]


PROOFS = (
    on_loss(
        "sgd",
        {"learning_rate": 0.1},
        quadratic,
        START,
        decay(0.1),
        "a quadratic: each eigenvector shrinks by its own factor",
        "plain",
    ),
    *map(correction, CORRECTIONS),
    printed_form("outside", -0.1 - 0.01 * 1.5, "v = βv + g, θ = θ - αv: the rate scales all of v"),
    printed_form("signed", -0.1 + 0.5 * -0.1 - 0.01, "v = γv - αg, θ = θ + v: v keeps old rates"),
    printed_form("inside", -0.1 - (0.5 * 0.1 + 0.01), "m = βm + αg, θ = θ - m: m keeps old rates"),
    on_loss(
        "nesterov",
        {"learning_rate": 0.1, "momentum": 0.5, "form": "look_ahead"},
        half_square,
        [1.0],
        # Gradient at 1, then at 0.9 - 0.1·0.5·1 = 0.85: v = 1, then 0.5 + 0.85 = 1.35.
        [[0.9], [0.9 - 0.135]],
        "form=look_ahead on x²/2 from 1",
        "gradient at the look-ahead, rate outside the velocity",
        reference=PAPER.format("two"),
    ),
    by_hand(
        "sign_sgd",
        {"learning_rate": 0.1, "momentum": 0.5},
        (4.0, -1.0, -3.0),
        # m = 2, then 0.5, then -1.25.
        (-0.1, -0.2, -0.1),
        "momentum 0.5 (Signum), gradients 4, -1, -3",
        "the mean is damped; its sign is taken",
    ),
    by_hand(
        "rprop",
        {"learning_rate": 0.1, "on_flip": "undo"},
        (1.0, 1.0, -1.0, -1.0),
        # Steps 0.1 and 0.12; the flip takes 0.12 back; then 0.06 without adapting.
        (-0.1, -0.22, -0.1, -0.04),
        "on_flip=undo, gradients 1, 1, -1, -1",
        "backtracking, as in the paper's text",
    ),
    by_hand(
        "rprop",
        {"learning_rate": 0.1, "on_flip": "go"},
        (1.0, 1.0, -1.0, -1.0),
        (-0.1, -0.22, -0.16, -0.088),
        "on_flip=go, gradients 1, 1, -1, -1",
        "neither waiting nor backtracking",
    ),
    by_hand(
        "amsgrad",
        SMALL | {"eps": 0.0, "bias_correction": "none"},
        (2.0, 0.0),
        # m = 0.4, then 0.32; v = 2, then 1, but its maximum stays 2.
        (-0.1 * 0.4 / sqrt(2), -0.1 * 0.4 / sqrt(2) - 0.1 * 0.32 / sqrt(2)),
        "bias_correction=none, gradients 2, 0",
        "no bias correction, as printed",
    ),
    by_hand(
        "yogi",
        SMALL | {"eps": 0.5, "initial_accumulator_value": 1.0, "bias_correction": False},
        (2.0, 1.0),
        # m = 0.4, then 0.52; v = 1 + 0.5·4 = 3, then 3 - 0.5·1 = 2.5.
        (
            -0.1 * 0.4 / (sqrt(3) + 0.5),
            -0.1 * 0.4 / (sqrt(3) + 0.5) - 0.1 * 0.52 / (sqrt(2.5) + 0.5),
        ),
        "bias_correction off, gradients 2, 1",
        "no bias correction, as printed; ε outside the root",
    ),
    by_hand(
        "adabelief",
        SMALL | {"eps": 0.01},
        (2.0, 1.0),
        # m = 0.4, s = 0.5·1.6² + 0.01 = 1.29; m = 0.52, s = 0.645 + 0.5·0.48² + 0.01 = 0.7702.
        (
            -0.1 * 2 / (sqrt(1.29 / 0.5) + 0.01),
            -0.1 * 2 / (sqrt(1.29 / 0.5) + 0.01) - 0.1 * 0.52 / 0.36 / (sqrt(0.7702 / 0.75) + 0.01),
        ),
        "gradients 2, 1",
        "ε in the state and outside the root",
    ),
    by_hand(
        "lion",
        {"learning_rate": 0.1, "b1": 0.5, "b2": 0.8, "weight_decay": 0.1},
        (2.0, -0.3),
        # c = 1, m = 0.4; c = 0.2 - 0.15 > 0.
        (1 - 0.1 * 1.1, 0.89 - 0.1 * 1.089),
        "from 1, gradients 2, -0.3",
        "decay decoupled, times the rate",
        start=1.0,
    ),
    on_loss(
        "lars",
        {
            "learning_rate": 1.0,
            "momentum": 0.5,
            "weight_decay": 0.5,
            "trust_coefficient": 0.1,
        },
        lambda p: 2 * p[1],
        [3.0, 4.0],
        lars_by_hand(),
        "one layer (3, 4), gradient (0, 2)",
        "norms of gradient and decay apart, as printed",
        reference=PAPER.format("two"),
    ),
    on_loss(
        "polyak_sgd",
        {},
        half_square,
        START,
        START / 2.0**STEPS,
        "a round bowl: every step halves the distance",
        "f* known, bound not reached",
    ),
    on_loss(
        "sam",
        {"learning_rate": 0.1, "rho": 0.5},
        lambda p: jnp.sum(p**2),
        [1.0],
        # Gradients 2·1.5 and 2·(0.7 + 0.5).
        [[0.7], [0.46]],
        "x² from 1, ρ = 0.5",
        "plain gradient descent outside, as printed",
        reference=PAPER.format("two"),
    ),
    on_loss(
        "averaged_sgd",
        {"learning_rate": 0.1, "lambd": 0.0},
        quadratic,
        START,
        np.concatenate(
            [decay(0.1)[:1], np.cumsum(decay(0.1)[1:], axis=0) / np.arange(1, 100)[:, None]]
        ),
        "a quadratic: the mean of a geometric series",
        "mean from the second point on, as PyTorch with t0 = 0",
    ),
    on_loss(
        "lookahead",
        {"learning_rate": 0.1, "momentum": 0.0, "sync_period": 4, "slow_step_size": 0.25},
        quadratic,
        START,
        START * (0.75 + 0.25 * (1 - 0.1 * CURVATURES) ** 4) ** (STEPS // 4),
        "a quadratic: every fourth step shrinks the slow weights by one factor",
        "slow weights drawn",
    ),
    by_hand(
        "schedule_free_sgd",
        {},
        (1.0, 1.0),
        # z = -0.1, -0.4; weights 0.01 and 0.09, so the second counts 0.9.
        (-0.1, 0.1 * -0.1 + 0.9 * -0.4),
        "the rate climbs from 0.1 to 0.3",
        "weights by the squared rate; the mean drawn",
        rates=(0.1, 0.3),
    ),
)
