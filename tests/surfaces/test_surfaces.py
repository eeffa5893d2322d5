"""What must hold for every surface in the catalogue, and for every one that is added to it."""

import math
from dataclasses import replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from optviz.catalog import knobs, source, summary
from optviz.engine.machine.precision import cast, on_cpu
from optviz.engine.surfaces.descend import Job, descend
from optviz.engine.surfaces.ground import lowest_loss, window
from optviz.optimizers import OPTIMIZERS
from optviz.surfaces import SURFACES

# Every surface at its defaults, and once with each knob changed: points must move along.
DEFAULTS = [cls() for cls in SURFACES.values()]
CHANGED = [
    replace(surface, **{name: type(getattr(surface, name))(value)})
    for surface in DEFAULTS
    for name, info in knobs(type(surface)).items()
    for value in info.typical
]


def title(surface):
    base = type(surface)()
    changed = [f"{n}={getattr(surface, n):g}" for n in knobs(type(surface)) if surface != base]
    return "-".join([surface.name, *changed])


by_default = pytest.mark.parametrize("surface", DEFAULTS, ids=map(title, DEFAULTS))
all_surfaces = pytest.mark.parametrize("surface", DEFAULTS + CHANGED, ids=title)


@cache
def _compiled(dtype):
    """Loss, gradient and Hessian at (n, 2) points; knobs are traced, so one compile a class."""

    @jax.jit
    def losses(surface, points):
        return jax.vmap(surface)(points)

    @jax.jit
    def grads(surface, points):
        return jax.vmap(jax.grad(surface))(points)

    @jax.jit
    def hessians(surface, points):
        return jax.vmap(jax.hessian(surface))(points)

    return {"loss": losses, "grad": grads, "hessian": hessians}


def at(surface, points, what="loss", dtype="float64"):
    with on_cpu(dtype):
        points = np.atleast_2d(np.asarray(points, dtype))
        return np.asarray(_compiled(dtype)[what](cast(surface, dtype), points))


def grid(surface, resolution):
    x, y = (np.linspace(*limits, resolution) for limits in (surface.xlim, surface.ylim))
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def rounding(surface):
    """How wrong a float64 loss may be: a share of the largest terms in the window."""
    return 1e-13 * max(1.0, np.abs(at(surface, grid(surface, 41))).max())


def is_smooth_at(surface, point):
    """Whether the slope next to a point is small, as it is not beside a kink."""
    beside = np.asarray(point) + 1e-7 * np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
    curvature = np.abs(at(surface, beside, "grad")).max() / 1e-7
    return curvature < 1e6


@by_default
def test_window_and_start(surface):
    (x0, x1), (y0, y1) = surface.xlim, surface.ylim
    assert x0 < x1
    assert y0 < y1
    assert x0 < surface.start[0] < x1
    assert y0 < surface.start[1] < y1
    assert np.linalg.norm(at(surface, surface.start, "grad")) > 1e-4, "nowhere to go from the start"
    for point in surface.minima() + surface.local_minima() + surface.saddles():
        assert x0 <= point[0] <= x1
        assert y0 <= point[1] <= y1
        assert math.dist(point, surface.start) > 0.1
    assert surface.level_scale in ("log", "linear")


@all_surfaces
def test_gradient_is_finite_in_the_whole_window(surface):
    known = surface.minima() + surface.local_minima() + surface.saddles()
    points = np.concatenate([grid(surface, 101), np.array([(0.0, 0.0), *known])])
    for dtype in ("float64", "float32"):
        assert np.isfinite(at(surface, points, "loss", dtype)).all()
        assert np.isfinite(at(surface, points, "grad", dtype)).all()


@all_surfaces
def test_gradient_is_the_slope(surface):
    """The automatic gradient against central differences, at random points."""
    low, high = np.array([surface.xlim, surface.ylim]).T
    points = np.random.default_rng(0).uniform(low, high, (50, 2))
    step = 1e-5
    slopes = [
        (at(surface, points + offset) - at(surface, points - offset)) / (2 * step)
        for offset in step * np.eye(2)
    ]
    grads = at(surface, points, "grad")
    scale = np.abs(grads).max() + 1
    np.testing.assert_allclose(np.stack(slopes, axis=1), grads, rtol=1e-5, atol=1e-7 * scale)


@all_surfaces
def test_nothing_in_the_window_is_lower_than_the_minima(surface):
    minima = surface.minima()
    if not minima:
        pytest.skip("the surface says that it has no known minimum")
    heights = at(surface, minima)
    slack = rounding(surface)
    assert np.ptp(heights) <= slack, "global minima of different heights"
    losses = at(surface, grid(surface, 401))
    assert losses.min() >= heights.min() - slack
    bound = surface.lower_bound()
    assert bound == pytest.approx(heights.min(), abs=slack)
    assert losses.min() >= bound - slack
    # Close by, where a grid does not look: every direction leads up.
    for point in minima:
        for radius in (1e-4, 1e-2):
            turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
            ring = np.asarray(point) + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)
            assert (at(surface, ring) > heights.min() - slack).all()


@all_surfaces
def test_stationary_points_are_level(surface):
    """Zero slope, to the rounding of the coordinates, wherever the surface is smooth."""
    points = surface.minima() + surface.local_minima() + surface.saddles()
    for point in points:
        if is_smooth_at(surface, point):
            grad = at(surface, point, "grad")[0]
            hessian = at(surface, point, "hessian")[0]
            allowed = 1e-13 * (1 + np.abs(hessian).max() * (1 + np.abs(point).max()))
            assert np.linalg.norm(grad) <= 10 * allowed


@all_surfaces
def test_hessian_has_the_signs_of_the_point(surface):
    for point in surface.minima() + surface.local_minima():
        if is_smooth_at(surface, point):
            values = np.linalg.eigvalsh(at(surface, point, "hessian")[0])
            assert values[0] > 1e-9 * values[-1], "a minimum curves upwards in every direction"
    for point in surface.saddles():
        values = np.linalg.eigvalsh(at(surface, point, "hessian")[0])
        degenerate = np.abs(values).min() <= 1e-9
        assert degenerate or values[0] < 0 < values[1], "a saddle curves both ways"
        # Whatever its curvature, a saddle has lower and higher ground beside it.
        turn = np.linspace(0, 2 * np.pi, 360, endpoint=False)
        ring = np.asarray(point) + 1e-2 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        rise = at(surface, ring) - at(surface, point)
        assert rise.min() < 0 < rise.max()


@all_surfaces
def test_local_minima_are_not_as_low_as_the_global_ones(surface):
    local = surface.local_minima()
    if local:
        lowest = at(surface, surface.minima()).min()
        assert (at(surface, local) > lowest + 1e-9).all()
    points = surface.minima() + local + surface.saddles()
    distances = [math.dist(p, q) for i, p in enumerate(points) for q in points[:i]]
    assert min(distances, default=1) > 1e-3, "one point listed twice"


@by_default
def test_no_minimum_is_missing(surface):
    """Newton from a lattice of starts finds no minimum in the window that is not listed."""
    listed = np.array(surface.minima() + surface.local_minima()).reshape(-1, 2)
    if not all(is_smooth_at(surface, point) for point in listed):
        pytest.skip("Newton needs a smooth surface, and this one has a kink at a minimum")
    low, high = np.array([surface.xlim, surface.ylim]).T
    points = grid(surface, 61)
    for _ in range(40):
        values, vectors = np.linalg.eigh(at(surface, points, "hessian"))
        # Downward curvature turned over: a descent, which becomes Newton's method near a minimum.
        along = np.einsum("nij,ni->nj", vectors, at(surface, points, "grad"))
        step = -np.einsum("nij,nj->ni", vectors, along / np.maximum(np.abs(values), 1e-6))
        length = np.linalg.norm(step, axis=1, keepdims=True)
        # Whoever leaves waits at the edge.
        points = np.clip(points + step * np.minimum(1, 0.2 / np.maximum(length, 1e-12)), low, high)
    hessians = at(surface, points, "hessian")
    slope = np.linalg.norm(at(surface, points, "grad"), axis=1)
    level = slope < 1e-10 * (1 + np.abs(hessians).max(axis=(1, 2)))
    curved = np.linalg.eigvalsh(hessians)[:, 0] > 1e-6
    found = points[level & curved]
    distance = np.linalg.norm(found[:, None] - listed[None], axis=-1)
    assert (distance.min(axis=0, initial=np.inf) < 1e-6).all(), (
        "Newton does not end at a listed one"
    )
    missing = found[distance.min(axis=1, initial=np.inf) > 1e-5]
    assert len(missing) == 0, f"not listed: {np.unique(missing.round(6), axis=0)[:5]}"


@all_surfaces
def test_lower_bound_is_consistent(surface):
    bound = surface.lower_bound()
    assert lowest_loss(surface) == bound
    if surface.minima():
        assert math.isfinite(bound)
    elif bound == -math.inf:
        # Unbounded: somewhere on a large ring the loss is below all of the window.
        turn = np.linspace(0, 2 * np.pi, 720)
        ring = 1e4 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        assert at(surface, ring).min() < window(surface).min() - 1e3
    else:
        assert bound is None


@by_default
def test_says_what_it_is_and_where_it_is_from(surface):
    text = type(surface).__doc__ or ""
    assert summary(type(surface)).endswith(".")
    assert "$$" in text
    words = source(type(surface))
    assert words
    # A link, or a reason in words why there is none.
    assert "https://" in words or "exercise" in words or "formula of this project" in words


@by_default
def test_a_gradient_step_at_a_small_rate_goes_down(surface):
    rule = OPTIMIZERS["sgd"](learning_rate=1e-6)
    losses = descend([Job(rule, {})], surface, np.array(surface.start), num_steps=5).losses[0]
    assert (np.diff(losses) < 0).all()


@by_default
def test_window_of_losses_has_the_lowest_y_first(surface):
    heights = window(surface, 21)
    assert heights.shape == (21, 21)
    corner = (surface.xlim[1], surface.ylim[0])
    assert heights[0, -1] == pytest.approx(at(surface, corner)[0], rel=1e-12)


# The worked example of the lectures ---------------------------------------------------------------


def _worked(dtype, num_steps=100):
    surface, rule = SURFACES["worked_example"](), OPTIMIZERS["sgd"](learning_rate=0.1)
    start = np.array([2.0, 1.0])
    return descend([Job(rule, {})], surface, start, num_steps=num_steps, dtype=dtype)


def test_worked_example_in_float32_to_all_printed_digits():
    result = _worked("float32")
    assert result.losses[0, 0] == 17.0
    assert f"{result.losses[0, -1]:.5e}" == "9.66338e-13"
    x, y = result.params[0, -1].astype(np.float32)
    assert f"{x:.8f}" == "1.00000024"
    assert f"{y:.8f}" == "4.99999905"
    # There it stalls: the last digits of the format stop it.
    later = _worked("float32", 500)
    np.testing.assert_array_equal(later.params[0, 150:], later.params[0, 500][None].repeat(351, 0))


def test_worked_example_in_float64_goes_on():
    result = _worked("float64")
    assert result.losses[0, 0] == 17.0
    assert result.losses[0, -1] == pytest.approx(17 * 0.8**200, rel=1e-3)
    assert f"{result.losses[0, -1]:.0e}" == "7e-19"
    np.testing.assert_allclose(result.losses[0], 17 * 0.64 ** np.arange(101), rtol=1e-5)


# Values that the literature prints, or that are easy on paper ------------------------------------

PRINTED = [
    ("rosenbrock", (-1.2, 1.0), 24.2),
    ("rosenbrock", (0.0, 0.0), 1.0),
    ("beale", (0.0, 0.0), 14.203125),
    ("beale", (1.0, 1.0), 14.203125),
    ("himmelblau", (0.0, 0.0), 170.0),
    ("himmelblau", (1.0, 1.0), 106.0),
    ("three_hump_camel", (5.0, 5.0), 2047.9166666),
    ("styblinski_tang", (-2.903534, -2.903534), -78.33233),
    ("rastrigin", (1.0, 1.0), 2.0),
    ("rastrigin", (0.5, 0.5), 40.5),
    ("ackley", (1.0, 1.0), 3.62538494),
    ("ackley", (0.0, 0.0), 0.0),
    ("saddle", (1.0, 2.0), -3.0),
    ("monkey_saddle", (1.0, 1.0), -2.0),
    ("ravine", (math.cos(math.radians(15)), math.sin(math.radians(15))), 0.5),
    ("ravine", (-math.sin(math.radians(15)), math.cos(math.radians(15))), 25.0),
    ("long_valley", (1.0, math.sqrt(3)), 11.0),
]


@pytest.mark.parametrize(("name", "point", "height"), PRINTED)
def test_printed_values(name, point, height):
    assert SURFACES[name]().evaluate(point) == pytest.approx(height, rel=1e-6, abs=1e-12)


def test_ackley_has_a_gradient_of_zero_at_its_kink():
    with on_cpu("float64"):
        grad = jax.grad(SURFACES["ackley"]())(jnp.zeros(2))
    np.testing.assert_array_equal(np.asarray(grad), 0)
