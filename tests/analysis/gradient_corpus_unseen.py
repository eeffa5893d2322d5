"""A second corpus, of other families and another seed: nothing was adjusted to it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from gradient_corpus import Member, in_the_plane

_E = np.exp


def unseen(seed: int, dtype: str = "float64") -> dict[str, list[Member]]:
    """The corpus, its numbers rounded to `dtype`."""
    rng = np.random.default_rng(seed)
    return dict(in_the_plane(UNSEEN, rng, 16, np.dtype(dtype).type))


def _drawn(*ranges: tuple[float, float], x: Any = (-2, 2), y: Any = (-2, 2)) -> Any:
    """Parameters, x and y between bounds, or one of a list of values or powers of ten."""

    def one(rng: np.random.Generator, bounds: Any) -> float:
        if isinstance(bounds, list):
            return one(rng, bounds[rng.integers(len(bounds))])
        if isinstance(bounds, tuple):
            return float(rng.uniform(*bounds))
        if isinstance(bounds, str):  # "low high": powers of ten, of either sign
            return float(rng.choice([-1, 1]) * 10 ** rng.uniform(*map(float, bounds.split())))
        return float(bounds)

    def draw(rng: np.random.Generator) -> tuple[tuple[float, ...], float, float]:
        return tuple(one(rng, r) for r in ranges), one(rng, x), one(rng, y)

    return draw


def _gauss(p: Any, x: Any, y: Any, m: Any) -> Any:
    return m.exp(-(x * x + x * y + y * y) / p[0])


def _mean32(p: Any, x: Any, y: Any) -> Any:
    narrow = jnp.sin(x.astype(jnp.float32)) * p[0].astype(jnp.float32)
    return narrow.astype(x.dtype) + y


def _weierstrass(x: Any, m: Any) -> Any:
    return sum(0.5**n * m.cos(7**n * x) for n in range(6))


UNSEEN: dict[str, tuple[Any, Any, Any]] = {
    "polynomial": (
        lambda p, x, y: p[0] + x * (p[1] + x * (p[2] + x * (p[3] + x * p[4]))) + p[5] * y**3,
        lambda p, x, y: (p[1] + x * (2 * p[2] + x * (3 * p[3] + x * 4 * p[4])), 3 * p[5] * y**2),
        _drawn("-6 6", "-6 6", "-6 6", "-6 6", "-6 6", "-3 3", x=[0.0, (-2, 2), "-9 4"]),
    ),
    "runge": (
        lambda p, x, y: p[0] / (1 + p[1] * x * x) + y,
        lambda p, x, y: (-2 * p[0] * p[1] * x / (1 + p[1] * x * x) ** 2, 1),
        _drawn("-9 9", (1, 1e6), x=[(-1, 1), "-6 -1", 0.0]),
    ),
    "gauss": (
        lambda p, x, y: _gauss(p, x, y, jnp),
        lambda p, x, y: (
            -(2 * x + y) / p[0] * _gauss(p, x, y, np),
            -(2 * y + x) / p[0] * _gauss(p, x, y, np),
        ),
        _drawn([(1e-2, 1), (1, 100), (1e3, 1e8)]),
    ),
    "log of a sum": (
        lambda p, x, y: p[0] * jnp.logaddexp(p[1] * x, p[1] * y) + p[2],
        lambda p, x, y: (
            p[0] * p[1] / (1 + _E(p[1] * (y - x))),
            p[0] * p[1] / (1 + _E(p[1] * (x - y))),
        ),
        _drawn("-6 6", [(0.5, 5), (5, 100)], [0.0, "0 8"]),
    ),
    "chirp": (
        lambda p, x, y: jnp.sin(p[0] / x) + y * y,
        lambda p, x, y: (-p[0] / x**2 * np.cos(p[0] / x), 2 * y),
        _drawn((0.5, 3), x=["-4 0", "-7 -4"]),
    ),
    "flat": (
        lambda p, x, y: p[0] * jnp.exp(-1 / (x * x)) + p[1] * y,
        lambda p, x, y: (p[0] * 2 / x**3 * _E(-1 / (x * x)), p[1]),
        _drawn("-3 3", "-3 3", x=["-1.2 0", (0.3, 3)]),
    ),
    "power": (
        lambda p, x, y: jnp.abs(x) ** p[0] + p[1],
        lambda p, x, y: (
            (None if p[0] <= 1 else (0, 0))
            if x == 0
            else (p[0] * abs(x) ** (p[0] - 1) * np.sign(x), 0)
        ),
        _drawn([(0.3, 0.9), (1.1, 3)], [0.0, "0 6"], x=[0.0, "-9 0", (0.5, 3)]),
    ),
    "angle": (
        lambda p, x, y: p[0] * jnp.arctan2(y, x),
        lambda p, x, y: (-p[0] * y / (x * x + y * y), p[0] * x / (x * x + y * y)),
        _drawn("-9 9", x=[(0.1, 2), "-6 0"], y=[(0.1, 2), "-6 0"]),
    ),
    "taken away again": (
        lambda p, x, y: (p[0] * jnp.sin(x) + p[1]) - p[1] + p[2] * y,
        lambda p, x, y: (p[0] * np.cos(x), p[2]),
        _drawn("-6 3", "0 12", "-3 3"),
    ),
    "narrow inside": (
        _mean32,
        lambda p, x, y: (p[0] * np.cos(x), 1),
        _drawn("-3 3"),
    ),
    "remainder": (
        lambda p, x, y: x % p[0] + y,
        lambda p, x, y: None if x % p[0] == 0 else (1, 1),
        _drawn(1.0, x=[0.0, 2.0, (0.1, 0.9), (5.1, 5.9), 3.000001]),
    ),
    "clip": (
        lambda p, x, y: jnp.clip(x, -jnp.ones_like(x), jnp.ones_like(x)) * p[0] + y * y + p[1],
        lambda p, x, y: None if abs(x) == 1 else (p[0] * (abs(x) < 1), 2 * y),
        _drawn("-3 6", [0.0, "0 6"], x=[1.0, -1.0, (-0.9, 0.9), (1.1, 3), 1.0000001]),
    ),
    "two parabolas": (
        lambda p, x, y: jnp.maximum((x - 1) ** 2, (x + 1) ** 2) + p[0] * y,
        lambda p, x, y: None if x == 0 else (2 * (x + np.sign(x)), p[0]),
        _drawn("-3 3", x=[0.0, "-9 0", (-3, 3)]),
    ),
    "weierstrass": (
        lambda p, x, y: _weierstrass(x, jnp) + p[0] * y,
        lambda p, x, y: (-sum(3.5**n * np.sin(7**n * x) for n in range(6)), p[0]),
        _drawn("-3 3"),
    ),
    "himmelblau": (
        lambda p, x, y: (x * x + y - p[0]) ** 2 + (x + y * y - p[1]) ** 2,
        lambda p, x, y: (
            4 * x * (x * x + y - p[0]) + 2 * (x + y * y - p[1]),
            2 * (x * x + y - p[0]) + 4 * y * (x + y * y - p[1]),
        ),
        _drawn(11.0, 7.0, x=[3.0, 3.0000001, (-4, 4), "3 6"], y=[2.0, (-4, 4)]),
    ),
    "logistic": (
        lambda p, x, y: jnp.log1p(jnp.exp(-p[0] * x - p[1] * y)),
        lambda p, x, y: (
            -p[0] / (1 + _E(p[0] * x + p[1] * y)),
            -p[1] / (1 + _E(p[0] * x + p[1] * y)),
        ),
        _drawn("-3 2", "-3 2"),
    ),
    "stopped": (  # the value of x² y, the gradient of x
        lambda p, x, y: jax.lax.stop_gradient(x * x * y - x) + x,
        lambda p, x, y: (2 * x * y, x * x),
        _drawn(1.0),
    ),
    "hole": (  # the hole is filled; its gradient is not
        lambda p, x, y: jnp.where(x == 0, jnp.ones_like(x), jnp.sin(x) / x) + y,
        lambda p, x, y: ((0 if x == 0 else np.cos(x) / x - np.sin(x) / x**2), 1),
        _drawn(1.0, x=[0.0, 0.0, (0.5, 3)]),
    ),
    "torn": (  # a line whose middle is taken for a constant
        lambda p, x, y: jnp.where(x == 0, jnp.zeros_like(x), p[0] * x) + y,
        lambda p, x, y: (p[0], 1),
        _drawn("-6 6", x=[0.0, (-1, 1)]),
    ),
    "ripples": (
        lambda p, x, y: x * x + y * y + p[0] * jnp.sin(p[1] * x),
        lambda p, x, y: (2 * x + p[0] * p[1] * np.cos(p[1] * x), 2 * y),
        _drawn("-12 -3", "1 9"),
    ),
    "saturated": (
        lambda p, x, y: jnp.tanh(p[0] * x) + jnp.tanh(p[0] * y),
        lambda p, x, y: (p[0] / np.cosh(p[0] * x) ** 2, p[0] / np.cosh(p[0] * y) ** 2),
        _drawn("2 8", x=[0.0, "-9 0"], y=[0.0, "-9 0"]),
    ),
    "far out": (
        lambda p, x, y: jnp.sqrt(x * x + p[0]) + jnp.square(y - 1e6),
        lambda p, x, y: (x / np.sqrt(x * x + p[0]), 2 * (y - 1e6)),
        _drawn((1, 10), x=["0 6", "-6 0"], y=["4 8", 1e6]),
    ),
}
