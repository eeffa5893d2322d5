"""A surface whose parameters are a matrix, of which the map shows a slice."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import optviz
from optviz.engine.machine.precision import on_cpu
from optviz.engine.surfaces.descend import Job, descend
from optviz.optimizers import OPTIMIZERS
from optviz.surfaces import SURFACES

Matrix = SURFACES["matrix_regression"]
POINTS = np.random.default_rng(0).uniform(-3, 3, (20, 2))


@pytest.mark.parametrize("condition", [1.0, 100.0, 1e4])
def test_the_slice_is_the_loss_of_its_matrices(condition):
    surface = Matrix(condition=condition)
    with on_cpu("float64"):
        for point in POINTS:
            matrix = surface.embed(jnp.asarray(point))
            assert matrix.shape == surface.params_shape
            np.testing.assert_allclose(surface.project(matrix), point, atol=1e-14)
            np.testing.assert_allclose(surface.loss(matrix), surface(point), rtol=1e-12)


def test_the_loss_is_the_error_of_copying_inputs_of_that_covariance():
    """Against samples' exact covariance, worked with NumPy."""
    surface = Matrix(condition=50.0)
    draw = np.random.default_rng(1)
    weights = draw.standard_normal((4, 4))
    hadamard = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2
    np.testing.assert_allclose(hadamard @ hadamard.T, np.eye(4))
    inputs = np.sqrt(50.0 ** np.array([1, 2 / 3, 1 / 3, 0]))[:, None] * hadamard.T
    expected = 0.5 * np.sum((inputs @ weights - inputs) ** 2)
    with on_cpu("float64"):
        np.testing.assert_allclose(surface.loss(jnp.asarray(weights)), expected, rtol=1e-12)
        eigenvalues = np.linalg.eigvalsh(
            jax.hessian(surface.loss)(jnp.asarray(weights)).reshape(16, 16)
        )
    np.testing.assert_allclose(eigenvalues.max() / eigenvalues.min(), 50.0, rtol=1e-9)


def test_the_recorded_loss_is_the_matrixs_own():
    """Equal to the map's at the start, another one as soon as a path leaves the slice."""
    race = optviz.race("matrix_regression", ["sgd"], num_steps=50)
    on_map = np.array([race.surface.evaluate(tuple(point)) for point in race.params[0]])
    assert race.losses[0, 0] == pytest.approx(on_map[0], rel=1e-12)
    assert (np.abs(race.losses[0, 5:] / on_map[5:] - 1) > 0.01).any()


def test_rules_run_on_all_numbers():
    """Gradient descent against its closed form in the space of matrices, drawn in the slice."""
    surface, rate = Matrix(condition=20.0), 0.05
    result = descend(
        [Job(OPTIMIZERS["sgd"](learning_rate=rate), {})],
        surface,
        np.array([-3.0, 2.0]),
        num_steps=30,
    )
    with on_cpu("float64"):
        start = surface.embed(jnp.asarray([-3.0, 2.0]))
        hessian = np.asarray(jax.hessian(surface.loss)(start)).reshape(16, 16)
        error = np.asarray(start).ravel() - np.eye(4).ravel()
        for step in range(31):
            now = (
                np.linalg.matrix_power(np.eye(16) - rate * hessian, step) @ error
                + np.eye(4).ravel()
            )
            matrix = jnp.asarray(now.reshape(4, 4))
            np.testing.assert_allclose(result.params[0, step], surface.project(matrix), atol=1e-12)
            np.testing.assert_allclose(result.losses[0, step], surface.loss(matrix), rtol=1e-9)
            slope = np.linalg.norm(hessian @ (now - np.eye(4).ravel()))
            np.testing.assert_allclose(result.grad_norms[0, step], slope, rtol=1e-9)


def test_newton_is_there_in_one_step():
    race = optviz.race("matrix_regression", ["newton"], num_steps=3)
    np.testing.assert_allclose(race.params[0, 1], 0, atol=1e-9)
    assert race.steps_to_tolerance[0] == 1


def test_noise_falls_on_every_number_alike_for_all():
    sgd, momentum = "sgd:learning_rate=0.05", "momentum:learning_rate=0.01"
    race = optviz.race("matrix_regression", [sgd, momentum], num_steps=50, noise=0.5, seed=3)
    again = optviz.race("matrix_regression", [momentum], num_steps=50, noise=0.5, seed=3)
    np.testing.assert_array_equal(race.params[1], again.params[0])
    calm = optviz.race("matrix_regression", [sgd], num_steps=50)
    assert not np.array_equal(race.params[0], calm.params[0])


def test_from_several_starts_and_in_a_map():
    starts = [(-3.0, 2.0), (2.0, -1.0)]
    rule = ["adam:learning_rate=0.1"]
    many = optviz.race("matrix_regression", rule, start=starts, num_steps=40)
    one = optviz.race("matrix_regression", rule, start=starts[1], num_steps=40)
    np.testing.assert_allclose(many.params[0, 1], one.params[0], atol=1e-12)
    rates = [0.001, 0.01, 0.1]
    grid = optviz.sweep("matrix_regression", "sgd", {"learning_rate": rates}, dtype="float64")
    for rate, final in zip(rates, grid.final_losses, strict=True):
        rule = OPTIMIZERS["sgd"](learning_rate=rate)
        race = optviz.race("matrix_regression", [rule], num_steps=500)
        np.testing.assert_allclose(final, race.losses[0, -1], rtol=1e-9)


def test_a_rule_that_diverges_off_the_slice_is_seen():
    race = optviz.race("matrix_regression", [OPTIMIZERS["sgd"](learning_rate=1.0)], num_steps=300)
    assert race.outcomes[0] == "diverged"
    assert np.isfinite(race.params).all()
