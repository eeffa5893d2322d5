"""Adam's five bias corrections, two steps each, worked by hand.

f(x, y) = x²/2 - 2y from (1, 0), so that the gradient is (x, -2); η = 0.1, b1 = 0.8, b2 = 0.5.
The second coordinate has a constant gradient, so its two steps are short enough to do on paper:

    m₁ = 0.2·(-2) = -0.4          v₁ = 0.5·4 = 2
    m₂ = 0.8·(-0.4) - 0.4 = -0.72  v₂ = 0.5·2 + 2 = 3
"""

from math import sqrt

import numpy as np
import pytest

from optviz.engine.surfaces.descend import Job, descend
from optviz.optimizers import OPTIMIZERS
from optviz.surfaces.expression import FunctionSurface

Adam = OPTIMIZERS["adam"]
ETA, B1, B2 = 0.1, 0.8, 0.5


def _loss(x, y):
    return 0.5 * x**2 - 2 * y


LOSS = FunctionSurface(function=_loss)
EPS = 1e-300  # ε = 0 is allowed, but `stale` then divides 0 by 0

BY_HAND = {
    # Divided by 1 - 0.8 = 0.2 and 1 - 0.5, then by 1 - 0.64 = 0.36 and 1 - 0.25 = 0.75.
    "power": (0.4 / 0.2 / sqrt(2 / 0.5), 0.72 / 0.36 / sqrt(3 / 0.75)),  # 1 and 1
    # Divided by 0.2 and 0.5 both times.
    "constant": (0.4 / 0.2 / sqrt(2 / 0.5), 0.72 / 0.2 / sqrt(3 / 0.5)),  # 1 and 3.6/√6
    # The means of the step before: none, then m₁ and v₁.
    "stale": (0.0, 0.4 / 0.2 / sqrt(2 / 0.5)),  # 0 and 1
    # Written back: m₁ = -2, v₁ = 4; then (0.8·-2 - 0.4)/0.2 = -10 and (0.5·4 + 2)/0.5 = 8.
    "in_place": (2 / sqrt(4), 10 / sqrt(8)),  # 1 and 10/√8
    "none": (0.4 / sqrt(2), 0.72 / sqrt(3)),
}


def path(rule, num_steps=2, start=(1.0, 0.0), surface=LOSS):
    return descend([Job(rule, {})], surface, np.array(start), num_steps=num_steps).params[0]


@pytest.mark.parametrize("correction", BY_HAND)
def test_two_steps_by_hand(correction):
    rule = Adam(learning_rate=ETA, b1=B1, b2=B2, eps=EPS, bias_correction=correction)
    points = path(rule)
    first, second = BY_HAND[correction]
    np.testing.assert_allclose(np.diff(points[:, 1]), [ETA * first, ETA * second], rtol=1e-14)


@pytest.mark.parametrize("correction", BY_HAND)
def test_two_steps_of_the_other_coordinate(correction):
    """The gradient x changes: the same formulas in plain numbers, step by step."""
    rule = Adam(learning_rate=ETA, b1=B1, b2=B2, eps=1e-3, bias_correction=correction)
    x, m, v = 1.0, 0.0, 0.0
    for step, seen in enumerate(path(rule)[:, 0], start=1):
        assert seen == pytest.approx(x, rel=1e-14)
        before = (m, v)
        m, v = B1 * m + (1 - B1) * x, B2 * v + (1 - B2) * x**2
        if correction == "in_place":
            m, v = m / (1 - B1), v / (1 - B2)
        top, bottom = before if correction == "stale" else (m, v)
        if correction == "power":
            top, bottom = top / (1 - B1**step), bottom / (1 - B2**step)
        elif correction in ("constant", "stale"):
            top, bottom = top / (1 - B1), bottom / (1 - B2)
        x -= ETA * top / (sqrt(bottom) + 1e-3)


def test_options_are_the_five_of_the_lectures():
    from optviz.catalog import switches

    assert set(switches(Adam)["bias_correction"].options) == set(BY_HAND)
    assert Adam().bias_correction == "power"


def test_in_place_freezes_the_iterate():
    """The printed form, written back, grows v 999-fold and m 9-fold a step: no step is left."""
    rule = Adam(learning_rate=0.1, bias_correction="in_place")
    for dtype in ("float64", "float32"):
        result = descend([Job(rule, {})], LOSS, np.array([1.0, 0.0]), num_steps=1000, dtype=dtype)
        moved = np.abs(np.diff(result.params[0], axis=0)).max(axis=1)
        assert moved[0] > 0.05
        assert moved[40:].max() == 0
        assert result.diverged_at[0] == -1


def test_first_step_is_the_learning_rate_whatever_the_gradient():
    for scale in (1e-6, 1.0, 1e6):
        step = path(Adam(learning_rate=0.1), 1, (scale, 0.0))[1, 0] - scale
        assert step == pytest.approx(-0.1, rel=0.02)


@pytest.mark.parametrize("inside", [False, True])
def test_eps_outside_and_inside_the_root(inside):
    rule = Adam(learning_rate=ETA, b1=B1, b2=B2, eps=0.25, eps_inside_sqrt=inside)
    # First step of y: m̂ = -2, v̂ = 4, so 2/√4.25 inside and 2/(2 + 0.25) outside.
    expected = 2 / sqrt(4.25) if inside else 2 / 2.25
    assert path(rule, 1)[1, 1] == pytest.approx(ETA * expected, rel=1e-14)


@pytest.mark.parametrize("name", ["adagrad", "rmsprop"])
@pytest.mark.parametrize("inside", [False, True])
def test_eps_of_the_other_scaled_rules(name, inside):
    fields = {"decay": 0.75} if name == "rmsprop" else {}
    rule = OPTIMIZERS[name](learning_rate=ETA, eps=0.25, eps_inside_sqrt=inside, **fields)
    square = 4.0 if name == "adagrad" else 0.25 * 4
    expected = 2 / sqrt(square + 0.25) if inside else 2 / (sqrt(square) + 0.25)
    assert path(rule, 1)[1, 1] == pytest.approx(ETA * expected, rel=1e-14)


def test_adamw_without_decay_is_adam_and_decay_pulls_by_rate_times_decay():
    adamw = OPTIMIZERS["adamw"]
    start = (3.0, -2.0)
    plain = path(Adam(learning_rate=ETA), 30, start)
    np.testing.assert_array_equal(
        path(adamw(learning_rate=ETA, weight_decay=0.0), 30, start), plain
    )
    decayed = path(adamw(learning_rate=ETA, weight_decay=0.3), 1, start)
    np.testing.assert_allclose(decayed[1] - plain[1], -ETA * 0.3 * np.array(start), rtol=1e-12)
