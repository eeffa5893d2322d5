"""The forms in which the lectures print one rule: where they are one path, and where they part."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from optviz.engine.surfaces.descend import Job, descend
from optviz.optimizers import OPTIMIZERS
from optviz.schedules import SCHEDULES
from optviz.surfaces import SURFACES

Momentum, Nesterov, Adam = (OPTIMIZERS[key] for key in ("momentum", "nesterov", "adam"))
FORMS = ("outside", "signed", "inside")
START = np.array([-4.0, 1.0])


def paths(rules, schedule=None, num_steps=150):
    schedules = {"learning_rate": schedule} if schedule else {}
    jobs = [Job(rule, schedules) for rule in rules]
    return descend(jobs, SURFACES["ravine"](), START, num_steps=num_steps).params


@pytest.mark.parametrize("dampening", [0.0, 0.3])
def test_momentum_s_forms_are_one_path_at_a_constant_rate(dampening):
    rules = [Momentum(learning_rate=0.01, dampening=dampening, form=form) for form in FORMS]
    outside, signed, inside = paths(rules)
    np.testing.assert_allclose(signed, outside, atol=1e-12)
    np.testing.assert_allclose(inside, outside, atol=1e-12)


@pytest.mark.parametrize("name", ["step", "exponential", "cosine"])
def test_they_part_once_the_rate_changes(name):
    """Outside, a new rate scales all of the velocity; inside, the velocity keeps its old ones."""
    rules = [Momentum(learning_rate=0.01, form=form) for form in FORMS]
    outside, signed, inside = paths(rules, SCHEDULES[name]())
    np.testing.assert_array_equal(signed, inside)  # a sign moved from one line to the other
    changes = np.flatnonzero(np.abs(outside - inside).max(axis=1) > 1e-9)
    assert len(changes) > 0
    assert np.abs(outside - inside).max() > 1e-3


def test_at_the_step_of_the_change_outside_brakes_at_once():
    """The rate falls tenfold at step 100: so does the next step outside, hardly inside."""
    rules = [Momentum(learning_rate=0.001, form=form) for form in ("outside", "inside")]
    schedule = SCHEDULES["step"](factor=0.1, interval=0.5)
    moves = np.linalg.norm(np.diff(paths(rules, schedule, 200), axis=1), axis=2)
    kept = moves[:, 100] / moves[:, 99]
    assert 0.08 < kept[0] < 0.12
    assert 0.7 < kept[1] < 1.1


def test_nesterov_s_forms_part_once_the_rate_changes():
    """At a constant rate one path is the other's look-ahead (`test_theory`); no longer here."""
    rate, beta, k = 0.01, 0.9, 0.02
    rules = [Nesterov(learning_rate=rate, momentum=beta, form=f) for f in ("library", "look_ahead")]

    def gap(schedule):
        library, ahead = paths(rules, schedule)
        looked_at = ahead[1:] + beta * np.diff(ahead, axis=0)
        return np.abs(library[1:] - looked_at).max()

    assert gap(None) < 1e-12
    assert gap(SCHEDULES["exponential"](k=k)) > 1e-4


def test_in_place_multiplies_the_means_by_9_and_999_a_step():
    """So the ratio m/√v shrinks 3.5-fold a step, and soon no digit of the iterate moves."""
    rule = Adam(learning_rate=0.1, bias_correction="in_place")
    moves = np.abs(np.diff(paths([rule], num_steps=60)[0], axis=0))
    shrink = moves[12:20] / moves[11:19]
    np.testing.assert_allclose(shrink, 9 / np.sqrt(999), rtol=1e-2)
    assert (moves[40:] == 0).all()


def test_stale_stands_still_for_one_step_and_constant_jumps():
    stale, constant, power = paths(
        [
            Adam(learning_rate=0.1, bias_correction=correction)
            for correction in ("stale", "constant", "power")
        ],
        num_steps=3,
    )
    np.testing.assert_array_equal(stale[1], START)
    np.testing.assert_allclose(constant[1], power[1], rtol=1e-7)
    assert np.abs(constant[3] - constant[2]).max() > np.abs(power[3] - power[2]).max()


@pytest.mark.parametrize("key", ["adagrad", "rmsprop", "adam"])
def test_eps_inside_the_root_counts_as_its_square_root(key):
    """Where the gradient is much smaller than both, ε inside divides by √ε, outside by ε."""
    cls = OPTIMIZERS[key]
    flat = SURFACES["ravine"]()
    moves = []
    for inside in (False, True):
        job = Job(cls(learning_rate=0.1, eps=1e-4, eps_inside_sqrt=inside), {})
        path = descend([job], flat, np.array([1e-7, 1e-9]), num_steps=1).params[0]
        moves.append(np.abs(path[1] - path[0]).max())
    assert moves[0] / moves[1] == pytest.approx(100, rel=0.05)


def test_sam_asks_for_two_gradients_a_step_and_others_for_one():
    jobs = [Job(OPTIMIZERS[key](learning_rate=0.01), {}) for key in ("sam", "sgd")]
    counts = descend(jobs, SURFACES["ravine"](), START, num_steps=5).evaluations
    np.testing.assert_array_equal(counts, [np.arange(0, 12, 2), np.arange(6)])


def test_sam_sees_one_draw_of_the_noise_at_both_points():
    """With ρ = 0 both gradients are one: with noise too, SAM is then gradient descent."""
    jobs = [
        Job(OPTIMIZERS["sam"](learning_rate=0.01, rho=0.0), {}),
        Job(OPTIMIZERS["sgd"](learning_rate=0.01), {}),
    ]
    surface = SURFACES["ravine"]()
    sam, sgd = descend(jobs, surface, START, num_steps=50, noise=0.5, seed=1).params
    np.testing.assert_allclose(sam, sgd, atol=1e-12)


def test_adafactor_stores_rows_and_columns_of_a_matrix_only():
    state = OPTIMIZERS["adafactor"]().init({"w": jnp.zeros((40, 30)), "b": jnp.zeros(30)})
    assert sum(leaf.size for leaf in (*state.nu["w"], state.nu["b"])) == 40 + 30 + 30


@pytest.mark.parametrize("key", ["lars", "lamb"])
def test_a_layer_s_own_scale_does_not_matter(key):
    """f(c·θ) from θ₀/c: the path is the same but for its unit, as the names promise."""
    from optviz.surfaces.expression import FunctionSurface

    rule = replace(OPTIMIZERS[key](), weight_decay=0.0, **{"eps": 0.0} if key == "lamb" else {})
    large = FunctionSurface(function=_far)
    small = FunctionSurface(function=_far_small)
    one = descend([Job(rule, {})], large, np.array([3.0, 1.0]), num_steps=30).params[0]
    other = descend([Job(rule, {})], small, np.array([0.3, 0.1]), num_steps=30).params[0]
    np.testing.assert_allclose(other * 10, one, rtol=1e-9)


def _far(x, y):
    return (x - 2) ** 2 + 3 * (y + 1) ** 2


def _far_small(x, y):
    return _far(10 * x, 10 * y)
