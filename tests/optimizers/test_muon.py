"""Muon: what it does to matrices, to what is none, and what it says of itself.

That it is PyTorch's and optax's Muon is in `tests/proofs/proofs_second_order.py`.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import optviz
from optviz.engine.machine.precision import cast, on_cpu
from optviz.engine.surfaces.descend import Job, descend
from optviz.optimizers import OPTIMIZERS, StepContext
from optviz.optimizers.base import Problem
from optviz.optimizers.muon import orthogonal
from optviz.surfaces import SURFACES

Muon, AdamW = OPTIMIZERS["muon"], OPTIMIZERS["adamw"]


def step_of(rule, params, grads):
    with on_cpu("float64"):
        params, grads = (jax.tree.map(jnp.asarray, tree) for tree in (params, grads))
        rule = cast(rule, "float64")
        loss = jnp.float64(0)
        ctx = StepContext(jnp.int32(0), params, loss, grads, jax.random.key(0), lambda p: loss)
        return jax.tree.map(np.asarray, rule.update(ctx, rule.init(params))[0])


@pytest.mark.parametrize("shape", [(4, 4), (3, 8), (8, 3), (1, 5)])
def test_newton_schulz_brings_all_singular_values_near_one(shape):
    matrix = np.random.default_rng(0).standard_normal(shape)
    with on_cpu("float64"):
        result = np.asarray(orthogonal(jnp.asarray(matrix), 5))
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    values = np.diag(left.T @ result @ right.T)
    assert ((values > 0.6) & (values < 1.3)).all()
    np.testing.assert_allclose(left.T @ result @ right.T, np.diag(values), atol=1e-12)


def test_the_quintic_by_hand():
    """On one row NS multiplies its length s, first 1, by 3.4445 - 4.775 s² + 2.0315 s⁴."""
    length = 1.0
    for steps in range(1, 8):
        length *= 3.4445 - 4.775 * length**2 + 2.0315 * length**4
        with on_cpu("float64"):
            seen = orthogonal(jnp.asarray([[3.0, 4.0]]), steps)
        np.testing.assert_allclose(seen, [[0.6 * length, 0.8 * length]], rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_on_a_bare_point_the_step_has_the_length_of_the_rate(scale):
    step = step_of(Muon(learning_rate=0.1, weight_decay=0.0), np.zeros(2), scale * np.ones(2))
    assert 0.06 < np.linalg.norm(step) < 0.13
    assert step[0] == step[1] < 0


def test_what_is_no_matrix_is_left_to_adamw():
    draw = np.random.default_rng(1).standard_normal
    params = {"kernel": draw((3, 4)), "bias": draw(4), "gain": draw(())}
    grads = {"kernel": draw((3, 4)), "bias": draw(4), "gain": draw(())}
    step = step_of(Muon(learning_rate=0.02, adamw_learning_rate=0.003), params, grads)
    rest = AdamW(learning_rate=0.003, b1=0.9, b2=0.95, eps=1e-10, weight_decay=0.0)
    expected = step_of(rest, params, grads)
    np.testing.assert_allclose(step["bias"], expected["bias"])
    np.testing.assert_allclose(step["gain"], expected["gain"])
    assert not np.allclose(step["kernel"], expected["kernel"])


def test_a_kernel_is_the_matrix_of_its_filters():
    """(height, width, inputs, outputs) as (height · width · inputs, outputs)."""
    draw = np.random.default_rng(2).standard_normal
    kernel, grad = draw((3, 3, 2, 5)), draw((3, 3, 2, 5))
    rule = Muon(learning_rate=0.02)
    as_matrix = step_of(rule, kernel.reshape(18, 5), grad.reshape(18, 5))
    np.testing.assert_allclose(step_of(rule, kernel, grad), as_matrix.reshape(kernel.shape))


def test_more_outputs_than_inputs_lengthen_the_step():
    draw = np.random.default_rng(3).standard_normal
    grad = draw((2, 8))
    rule = Muon(learning_rate=1.0, weight_decay=0.0)
    wide, tall = step_of(rule, 0 * grad, grad), step_of(rule, 0 * grad.T, grad.T)
    np.testing.assert_allclose(wide, 2 * tall.T)


def test_says_what_it_is_on_a_bare_point():
    ravine = optviz.race("ravine", ["muon"], num_steps=3)
    note = Muon().note_on(ravine.spec.problem)
    assert note is not None
    assert note.startswith("Muon works on matrices. Ravine has none")
    matrix = optviz.race("matrix_regression", ["muon"], num_steps=3)
    assert Muon().note_on(matrix.spec.problem) is None
    assert Muon().note_on(Problem("LeNet", 62_006, True, False)) is None


def test_on_the_slice_it_walks_both_ways_alike():
    """The gradient's singular values are κx and y; made equal, both coordinates move alike."""
    surface = SURFACES["matrix_regression"]()
    rule = Muon(learning_rate=0.01, momentum=0.0, weight_decay=0.0, ns_steps=9)
    seen = descend([Job(rule, {})], surface, np.array([-3.2, 2.0]), num_steps=60)
    moves = np.abs(np.diff(seen.params[0], axis=0))
    np.testing.assert_allclose(moves, 0.01 * np.sqrt(2), rtol=0.35)
    slice_losses = [surface.evaluate(tuple(point)) for point in seen.params[0]]
    np.testing.assert_allclose(seen.losses[0], slice_losses, rtol=0.05)


def test_trains_a_network():
    result = optviz.train(
        "synthetic", "mlp:hidden=32", ["muon:learning_rate=0.02"], epochs=4, limit=512
    )
    losses = np.asarray(result.runs[0].losses)
    assert losses[-4:].mean() < 0.9 * losses[0]
