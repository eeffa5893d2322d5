"""Losses by the hundred whose gradients are known in closed form, and wrong gradients for them.

A family is one JAX function of a few parameters; all its members are computed in one program. The
closed forms are NumPy's in 80 bits and share nothing with JAX.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from optviz.analysis.gradient.evidence import STEPS, Evidence, evidence_of, gather, slopes_by
from optviz.analysis.gradient.probes import SurfaceProbe
from optviz.analysis.gradient.verdict import judge, measured
from optviz.engine.machine.precision import on_cpu

Real = np.longdouble
SIGNED = np.concatenate([[0.0], STEPS, -STEPS])
NAMES, DIRECTIONS = SurfaceProbe.names, SurfaceProbe.directions


@dataclass(frozen=True)
class Member:
    """One loss at one point.

    Attributes:
        loss: (parameters, x, y) -> loss, in JAX; the same object for all of a family.
        parameters: a few numbers.
        at: the point.
        gradient: the true one, (2,); None where there is none.
    """

    family: str
    loss: Callable[..., Any]
    parameters: tuple[float, ...]
    at: tuple[float, float]
    gradient: np.ndarray | None

    def __str__(self) -> str:
        return f"{self.family}{self.parameters} at {self.at}"


def gathered(members: list[Member], dtype: str = "float64") -> list[tuple[np.ndarray, ...]]:
    """What `gather` finds for one family's members, from one program."""
    directions, steps = DIRECTIONS.astype(dtype), SIGNED.astype(dtype)
    ats = np.array([m.at for m in members], dtype)
    parameters = np.array([m.parameters for m in members], dtype)
    program = _program(members[0].loss)
    with on_cpu(dtype):
        found = program(*map(jnp.asarray, (parameters, ats, directions, steps)))
        found = [np.asarray(a) for a in found]
    return [tuple(a[i] for a in found) for i in range(len(members))]


def _program(loss: Callable[..., Any]) -> Callable[..., Any]:
    def one(parameters: Any, at: Any, directions: Any, steps: Any) -> Any:
        return gather(lambda p: loss(parameters, p[0], p[1]), at, directions, steps)

    return jax.jit(jax.vmap(one, (0, 0, None, None)))


Spoil = Callable[[np.ndarray], np.ndarray]
SPOILED: dict[str, Spoil] = {
    "as it is": lambda g: g,
    "off by 0.1 %": lambda g: g * 1.001,
    "off by 1 %": lambda g: g * 0.99,
    "a factor": lambda g: g * 2,
    "a sign": lambda g: -g,
    "zero": np.zeros_like,
    "x off by 1 %": lambda g: g * np.array([1.01, 1]),
    "y zero": lambda g: np.stack([g[..., 0], np.zeros_like(g[..., 1])], axis=-1),
    "swapped": lambda g: g[..., ::-1],
}


def evidence(member: Member, found: tuple[np.ndarray, ...]) -> Evidence:
    at = np.array(member.at, found[0].dtype)
    size = max(1.0, float(abs(at).max()))
    return evidence_of(found, at, DIRECTIONS.astype(at.dtype), NAMES, size, many=False)


def claimed(right: Evidence, gradients: np.ndarray, spoil: Spoil) -> Evidence:
    """The evidence as it is where the loss has a spoiled gradient, here and everywhere."""
    with np.errstate(over="ignore"):
        return replace(right, **slopes_by(spoil(gradients.astype(np.float64)), DIRECTIONS))


def label(member: Member, gradient: np.ndarray, dtype: str) -> str:
    """What is true of a gradient: "right", "wrong", "none" (there is none) or "near"."""
    if member.gradient is None:
        return "none"
    off, size = np.abs(gradient - member.gradient), np.abs(member.gradient)
    off = np.where(off < np.finfo(dtype).tiny, 0, off)  # no number lies between
    if np.all(off <= 1e-6 * size):
        return "right"
    return "near" if np.all(off <= 5e-4 * size) else "wrong"


LIES = {("right", "wrong"), ("right", "none"), ("wrong", "right"), ("wrong", "none")}


def tally(
    families: dict[str, list[Member]], dtype: str = "float64"
) -> tuple[Counter[tuple[str, str]], list[str]]:
    """How often each verdict met each truth, and every verdict that was untrue."""
    counts: Counter[tuple[str, str]] = Counter()
    lies: list[str] = []
    for members in families.values():
        for member, found in zip(members, gathered(members, dtype), strict=True):
            right = evidence(member, found)
            slopes = measured(right)
            for name, spoil in SPOILED.items():
                told = claimed(right, found[1], spoil)
                truth = label(member, told.slopes[:2], dtype)
                verdict, why, _ = judge(told, slopes)
                counts[verdict, truth] += 1
                if (verdict, truth) in LIES:
                    lies.append(f"{member}, gradient {name}: {verdict}{why}, but it is {truth}")
    return counts, lies


# Families ------------------------------------------------------------------------------------

SMOOTH: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "sin": (jnp.sin, np.cos),
    "cos": (jnp.cos, lambda u: -np.sin(u)),
    "exp": (jnp.exp, np.exp),
    "tanh": (jnp.tanh, lambda u: 1 / np.cosh(u) ** 2),
    "square": (jnp.square, lambda u: 2 * u),
    "cube": (lambda u: u**3, lambda u: 3 * u**2),
    "reciprocal": (lambda u: 1 / u, lambda u: -1 / u**2),
    "log": (lambda u: jnp.log(jnp.abs(u)), lambda u: 1 / u),
    "arsinh": (jnp.arcsinh, lambda u: 1 / np.sqrt(1 + u * u)),
    "bell": (lambda u: jnp.exp(-u * u), lambda u: -2 * u * np.exp(-u * u)),
    "softplus": (jax.nn.softplus, lambda u: 1 / (1 + np.exp(-u))),
    "lorentz": (lambda u: 1 / (1 + u * u), lambda u: -2 * u / (1 + u * u) ** 2),
}
ROUGH: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {  # broken at u = 0
    "abs": (jnp.abs, np.sign),
    "relu": (lambda u: jnp.maximum(u, jnp.zeros_like(u)), lambda u: u > 0),
    "sign": (jnp.sign, lambda u: 0 * u),
    "step and line": (lambda u: jnp.sign(u) + u, lambda u: 1 + 0 * u),
    "root": (lambda u: jnp.sqrt(jnp.abs(u)), lambda u: np.sign(u) / (2 * np.sqrt(abs(u)))),
    "bent": (
        lambda u: u + jnp.asarray(1e-3, u.dtype) * jnp.abs(u),
        lambda u: 1 + Real(1e-3) * np.sign(u),
    ),
    "hinge and bowl": (
        lambda u: jnp.square(u) + jnp.maximum(u, jnp.zeros_like(u)),
        lambda u: 2 * u + (u > 0),
    ),
}
FLOORS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {  # broken at whole u
    "floor": (jnp.floor, lambda u: 0 * u),
    "saw": (lambda u: u - jnp.floor(u), lambda u: 1 + 0 * u),
}


def _of_line(shape: Callable[[Any], Any], p: Any, x: Any, y: Any) -> Any:
    """scale · shape(rate · x + tilt · y + shift) + offset"""
    return p[0] * shape(p[1] * x + p[2] * y + p[3]) + p[4]


def _along_lines(
    shapes: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]],
    inner: Callable[[np.random.Generator], float],
    broken: Callable[[float], bool],
    rng: np.random.Generator,
    count: int,
    number: type[np.floating[Any]],
) -> Iterator[tuple[str, list[Member]]]:
    for name, (shape, slope) in shapes.items():
        jumps = name in ("sign", "step and line", "floor", "saw")
        loss, members = partial(_of_line, shape), []
        for turn in range(count):
            scale = float(10 ** rng.uniform(-12, 12) if turn % 2 else rng.choice([1, -3, 1e3]))
            rate = float(10 ** rng.uniform(-6, 8) if turn % 3 == 1 else rng.uniform(0.3, 3))
            tilt = float(rng.choice([0.0, rng.uniform(-2, 2)])) * rate
            highest = 9 + np.log10(np.finfo(np.float64).eps / np.finfo(number).eps)
            offset = float(rng.choice([0, 1, -1]) * 10 ** rng.uniform(-3, highest))
            if jumps:  # one that rounding swallows is none
                offset = float(
                    np.sign(offset) * min(abs(offset), abs(scale) / np.finfo(number).eps / 100)
                )
            u, y = inner(rng), float(rng.choice([0.0, 0.5, -2.0]))
            if broken(u) or turn % 4 == 0:  # exactly there, in floating point too
                x, shift = u / rate if u else 0.0, 0.0
                y = 0.0 if u == 0 else y
                if u:
                    rate, tilt, x = 1.0, 0.0, u
            else:
                x = float(rng.uniform(-2, 2)) / max(1.0, rate)
                shift = u - (rate * x + tilt * y)
            scale, rate, tilt, shift, offset, x, y = (
                float(number(v)) for v in (scale, rate, tilt, shift, offset, x, y)
            )
            exact = Real(rate) * Real(x) + Real(tilt) * Real(y) + Real(shift)
            gradient = None
            if not broken(float(exact)):
                by = Real(scale) * slope(exact)
                gradient = np.array([by * Real(rate), by * Real(tilt)], np.float64)
            parameters = (scale, rate, tilt, shift, offset)
            members.append(Member(name, loss, parameters, (x, y), gradient))
        yield name, members


def _somewhere(rng: np.random.Generator) -> float:
    """A place of a smooth shape: near its centre, anywhere, far out, or very near the centre."""
    return float(
        rng.choice([-1, 1])
        * rng.choice([rng.uniform(0.2, 3), rng.uniform(3, 25), 10 ** rng.uniform(-9, -1)])
    )


def _near_zero(rng: np.random.Generator) -> float:
    """At the break, near it, or well away."""
    return float(
        rng.choice([0.0, rng.choice([-1, 1]) * 10 ** rng.uniform(-9, -1), rng.uniform(-3, 3)])
    )


def _near_whole(rng: np.random.Generator) -> float:
    return float(rng.choice([-2.0, 1.0, 3 + 10 ** rng.uniform(-6, -1), rng.uniform(0.1, 0.9)]))


def corpus(seed: int, dtype: str = "float64") -> dict[str, list[Member]]:
    """The corpus that the verdict was built on, its numbers rounded to `dtype`."""
    rng, number = np.random.default_rng(seed), np.dtype(dtype).type
    families = dict(_along_lines(SMOOTH, _somewhere, lambda u: False, rng, 18, number))
    families |= dict(_along_lines(ROUGH, _near_zero, lambda u: u == 0, rng, 12, number))
    families |= dict(_along_lines(FLOORS, _near_whole, lambda u: u == round(u), rng, 12, number))
    families |= dict(in_the_plane(PLANE, rng, 12, number))
    return families


def in_the_plane(
    shapes: dict[str, tuple[Any, Any, Any]],
    rng: np.random.Generator,
    count: int,
    number: type[np.floating[Any]],
) -> Iterator[tuple[str, list[Member]]]:
    """Members of losses of x and y: name -> (loss, its gradient or None, a draw)."""
    for name, (loss, gradient, draw) in shapes.items():
        members = []
        for _ in range(count):
            parameters, x, y = draw(rng)
            parameters, x, y = (
                tuple(float(number(p)) for p in parameters),
                *map(float, map(number, (x, y))),
            )
            with np.errstate(all="ignore"):
                true = gradient(tuple(map(Real, parameters)), Real(x), Real(y))
            true = None if true is None else np.array(true, np.float64)
            members.append(Member(name, loss, parameters, (x, y), true))
        yield name, members


def _scales(rng: np.random.Generator) -> tuple[tuple[float, ...], float, float]:
    a, b = (float(v) for v in 10 ** rng.uniform(-12, 12, 2))
    return (a, b), *(float(v) for v in rng.uniform(-2, 2, 2))


def _plain(rng: np.random.Generator) -> tuple[tuple[float, ...], float, float]:
    return tuple(float(v) for v in rng.uniform(0.5, 30, 2)), *map(float, rng.uniform(-2, 2, 2))


def _stationary(rng: np.random.Generator) -> tuple[tuple[float, ...], float, float]:
    (a, b), x, y = _plain(rng)
    return (a, b), float(rng.choice([0.0, x])), float(rng.choice([0.0, y]))


PLANE: dict[str, tuple[Any, Any, Any]] = {
    "bowl": (
        lambda p, x, y: p[0] * x * x + p[1] * y * y,
        lambda p, x, y: (2 * p[0] * x, 2 * p[1] * y),
        _scales,
    ),
    "waves": (
        lambda p, x, y: jnp.sin(p[0] * x) * jnp.cos(p[1] * y),
        lambda p, x, y: (
            p[0] * np.cos(p[0] * x) * np.cos(p[1] * y),
            -p[1] * np.sin(p[0] * x) * np.sin(p[1] * y),
        ),
        _plain,
    ),
    "valley": (
        lambda p, x, y: p[0] * jnp.square(y - x * x) + jnp.square(p[1] - x),
        lambda p, x, y: (-4 * p[0] * x * (y - x * x) - 2 * (p[1] - x), 2 * p[0] * (y - x * x)),
        _plain,
    ),
    "mixed waves": (
        lambda p, x, y: p[0] * jnp.sin(x) + p[1] * jnp.cos(y),
        lambda p, x, y: (p[0] * np.cos(x), -p[1] * np.sin(y)),
        _scales,
    ),
    "saddle": (
        lambda p, x, y: p[0] * x * x - p[1] * y * y,
        lambda p, x, y: (2 * p[0] * x, -2 * p[1] * y),
        _stationary,
    ),
    "cone": (
        lambda p, x, y: p[0] * jnp.sqrt(x * x + y * y) + p[1],
        lambda p, x, y: (
            None
            if x == 0 and y == 0
            else (p[0] * x / np.sqrt(x * x + y * y), p[0] * y / np.sqrt(x * x + y * y))
        ),
        _stationary,
    ),
}
