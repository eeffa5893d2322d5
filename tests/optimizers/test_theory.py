"""What theory says of the rules on quadratics, and the corner cases that the lectures print."""

import numpy as np
import pytest

from optviz.engine.surfaces.descend import Job, descend
from optviz.optimizers import OPTIMIZERS
from optviz.surfaces.expression import FunctionSurface

SGD, Momentum, Nesterov = (OPTIMIZERS[name] for name in ("sgd", "momentum", "nesterov"))
CURVATURES = np.array([1.0, 8.0])
START = np.array([1.5, -0.5])


def _quadratic(x, y):
    return 0.5 * (CURVATURES[0] * x**2 + CURVATURES[1] * y**2)


QUADRATIC = FunctionSurface(function=_quadratic)


def run(rule, num_steps=100, start=START, schedules=None):
    return descend([Job(rule, schedules or {})], QUADRATIC, start, num_steps=num_steps)


@pytest.mark.parametrize("rate", [0.01, 0.1, 2 / 9, 0.249])
def test_gradient_descent_shrinks_each_eigenvector_by_its_own_factor(rate):
    steps = np.arange(101)[:, None]
    expected = START * (1 - rate * CURVATURES) ** steps
    np.testing.assert_allclose(run(SGD(learning_rate=rate)).params[0], expected, atol=1e-14)


def test_gradient_descent_is_fastest_at_two_over_the_sum_of_curvatures():
    """There both ends shrink by (κ - 1)/(κ + 1) a step."""
    best = 2 / CURVATURES.sum()
    shrink = (CURVATURES[1] - 1) / (CURVATURES[1] + 1)
    start = np.ones(2)
    distance = np.linalg.norm(run(SGD(learning_rate=best), start=start).params[0], axis=1)
    np.testing.assert_allclose(distance[1:] / distance[:-1], shrink, rtol=1e-12)


def test_gradient_descent_diverges_just_past_its_limit_and_not_before():
    limit = 2 / CURVATURES.max()
    inside = run(SGD(learning_rate=limit * (1 - 1e-3)), 2000)
    outside = run(SGD(learning_rate=limit * (1 + 1e-3)), 2000)
    assert inside.losses[0, -1] < 0.1 * inside.losses[0, 0]
    assert outside.losses[0, -1] > 10 * outside.losses[0, 0]


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("dampening", [0.0, 0.4])
def test_momentum_follows_its_recurrence_in_closed_form(beta, dampening):
    """(x, v) after t steps is the t-th power of one 2×2 matrix; the first step is not dampened."""
    rate, num_steps = 0.05, 60
    path = run(Momentum(learning_rate=rate, momentum=beta, dampening=dampening), num_steps).params[
        0
    ]
    for axis, curvature in enumerate(CURVATURES):
        pull = (1 - dampening) * curvature
        matrix = np.array([[1 - rate * pull, -rate * beta], [pull, beta]])
        velocity = curvature * START[axis]
        first = np.array([START[axis] - rate * velocity, velocity])
        states = [np.linalg.matrix_power(matrix, t) @ first for t in range(num_steps)]
        np.testing.assert_allclose(path[1:, axis], np.array(states)[:, 0], atol=1e-13)


@pytest.mark.parametrize("beta", [0.0, 0.3, 0.9, 0.99])
def test_momentum_diverges_just_past_its_limit_and_not_before(beta):
    """The limit is 2(1 + β)/λmax; 1% beside it 3000 steps tell."""
    limit = 2 * (1 + beta) / CURVATURES.max()
    inside = run(Momentum(learning_rate=limit * 0.99, momentum=beta), 3000)
    outside = run(Momentum(learning_rate=limit * 1.01, momentum=beta), 3000)
    assert inside.diverged_at[0] == -1
    assert inside.losses[0, -1] < 1e-6 * inside.losses[0, 0]
    assert outside.diverged_at[0] > 0


def test_nesterov_forms_coincide():
    """Where the library form stands is where the look-ahead form is about to look."""
    rate, beta = 0.05, 0.9
    library = run(Nesterov(learning_rate=rate, momentum=beta)).params[0]
    ahead = run(Nesterov(learning_rate=rate, momentum=beta, form="look_ahead")).params[0]
    # With v_t = (θ_{t-1} - θ_t)/η the point looked at is θ_t - ηβ v_t = θ_t + β(θ_t - θ_{t-1}).
    looked_at = ahead[1:] + beta * np.diff(ahead, axis=0)
    np.testing.assert_allclose(library[1:], looked_at, atol=1e-14)
    np.testing.assert_array_equal(library[0], ahead[0])
    assert np.abs(library - ahead).max() > 0.01


def test_nesterov_look_ahead_follows_its_definition():
    rate, beta = 0.05, 0.9
    path = run(Nesterov(learning_rate=rate, momentum=beta, form="look_ahead"), 50).params[0]
    theta, velocity = START.copy(), np.zeros(2)
    for point in path:
        np.testing.assert_allclose(point, theta, atol=1e-14)
        velocity = beta * velocity + CURVATURES * (theta - rate * beta * velocity)
        theta = theta - rate * velocity


def test_nesterov_looks_ahead_at_the_scheduled_rate():
    """The look-ahead uses this step's learning rate, as the update does."""
    from optviz.schedules import SCHEDULES

    rate, beta, k = 0.05, 0.8, 0.1
    rule = Nesterov(learning_rate=rate, momentum=beta, form="look_ahead")
    path = run(rule, 40, schedules={"learning_rate": SCHEDULES["exponential"](k=k)}).params[0]
    theta, velocity = START.copy(), np.zeros(2)
    for step, point in enumerate(path):
        np.testing.assert_allclose(point, theta, atol=1e-14)
        now = rate * np.exp(-k * step)
        velocity = beta * velocity + CURVATURES * (theta - now * beta * velocity)
        theta = theta - now * velocity


def test_forgetting_to_zero_the_gradients_is_momentum_one():
    """With β = 1 the velocity is the plain sum of all gradients, and the energy never leaves."""
    path = run(Momentum(learning_rate=0.01, momentum=1.0), 400).params[0]
    theta, total = START.copy(), np.zeros(2)
    for point in path:
        np.testing.assert_allclose(point, theta, atol=1e-12)
        total = total + CURVATURES * theta
        theta = theta - 0.01 * total
    # The slow mode swings back to its full height, again and again.
    assert np.abs(path[200:, 0]).max() > 0.99 * START[0]


def test_momentum_moves_up_to_one_over_one_minus_beta_times_as_far():
    slope = FunctionSurface(function=_slope)
    path = descend(
        [Job(Momentum(learning_rate=0.1, momentum=0.9), {})], slope, START, num_steps=300
    )
    moves = np.diff(path.params[0, :, 0])
    np.testing.assert_allclose(moves[0], -0.1)
    np.testing.assert_allclose(moves[-1], -0.1 / (1 - 0.9), rtol=1e-9)


def _slope(x, y):
    return x + 0 * y
