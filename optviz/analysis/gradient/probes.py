"""What a gradient check looks at: a loss along a few lines through one point.

A probe gives the loss at steps along each line, and the slope there by `jax.grad`, both in a given
number format. A line has a direction of length 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from optviz.analysis.gradient.evidence import (
    NARROW,
    STEPS,
    Evidence,
    assembled,
    evidence_of,
    gather,
)
from optviz.engine.machine.precision import cast, on_cpu
from optviz.engine.surfaces.ground import losses_at
from optviz.surfaces import Point, Surface

_DIAGONAL = math.sqrt(0.5)
_SIGNED = np.concatenate([[0.0], STEPS, -STEPS])
SHOWING = 8  # smallest steps, at which a network's loss shows its rounding
_FEW = 1000  # coordinates whose every step is computed in one program


class Probe(Protocol):
    """A loss along lines.

    Attributes:
        label: of the loss.
        place: where, in words.
        how: along which lines, in words.
        names: one a line.
        size: of the coordinates, at least 1: steps are measured by it.
    """

    label: str
    place: str
    how: str
    names: tuple[str, ...]
    size: float

    def losses(self, steps: np.ndarray, dtype: str) -> np.ndarray:
        """(num_lines, num_steps) float64 losses that were computed in `dtype`."""
        ...

    def slopes(self, dtype: str) -> np.ndarray:
        """(num_lines,) float64 slopes by `jax.grad`, computed in `dtype`."""
        ...

    def evidence(self, dtype: str) -> Evidence:
        """What a verdict is made of, computed in `dtype`."""
        ...


class SurfaceProbe:
    """A surface along its axes and its diagonals, where kinks hide that the axes miss."""

    names: tuple[str, ...] = ("x", "y", "x + y", "x − y")
    how = "along x, y and both diagonals"
    directions = np.array([[1, 0], [0, 1], [_DIAGONAL, _DIAGONAL], [_DIAGONAL, -_DIAGONAL]])

    def __init__(self, surface: Surface, at: Point) -> None:
        self.surface, self.at = surface, np.asarray(at, np.float64)
        self.label = getattr(surface, "text", surface.label)  # a formula speaks for itself
        self.place = f"({at[0]:g}, {at[1]:g})"
        self.size = max(1.0, float(np.abs(self.at).max()))

    def losses(self, steps: np.ndarray, dtype: str) -> np.ndarray:
        # Every operation in `dtype`: also x + h is rounded, as it is in anyone's own check.
        with on_cpu(dtype):
            steps, at, directions = (a.astype(dtype) for a in (steps, self.at, self.directions))
            points = at + steps[None, :, None] * directions[:, None, :]
            found = losses_at(cast(self.surface, dtype), points.reshape(-1, 2))
            return np.asarray(found, np.float64).reshape(points.shape[:2])

    def slopes(self, dtype: str) -> np.ndarray:
        with on_cpu(dtype):
            gradient = _surface_gradient(cast(self.surface, dtype), self.at.astype(dtype))
        with np.errstate(invalid="ignore"):  # 0 · inf
            return self.directions @ np.asarray(gradient, np.float64)

    def evidence(self, dtype: str) -> Evidence:
        with on_cpu(dtype):
            at, directions, signed = (a.astype(dtype) for a in (self.at, self.directions, _SIGNED))
            gathered = _surface_evidence(cast(self.surface, dtype), at, directions, signed)
        return evidence_of(gathered, at, directions, self.names, self.size, many=False)


@jax.jit
def _surface_evidence(surface: Surface, *arguments: jax.Array) -> tuple[jax.Array, ...]:
    return gather(lambda p: surface(p), *map(jnp.asarray, arguments))


@jax.jit
def _surface_gradient(surface: Surface, point: jax.Array) -> jax.Array:
    return jax.grad(lambda p: surface(p))(jnp.asarray(point))


class TreeProbe:
    """A loss of a tree of arrays, along coordinates and directions drawn at random.

    Args:
        function: params -> () loss; it computes in the dtype of params.
        params: the point.
        label: what the loss is called.
        num_lines: how many, half of each kind (all coordinates, where there are no more).
        seed: of the draw.
    """

    def __init__(
        self,
        function: Callable[[Any], jax.Array],
        params: Any,
        label: str,
        num_lines: int,
        seed: int,
    ) -> None:
        self.function, self.label = function, label
        self._loss, self._grad = jax.jit(self._along), jax.jit(jax.grad(function))
        self.params = jax.tree.map(lambda p: np.asarray(p, np.float64), params)
        sizes = [leaf.size for leaf in jax.tree.leaves(self.params)]
        self.count, rng = sum(sizes), np.random.default_rng(seed)
        if not self.count:
            raise ValueError(f"{label} has no parameters to check")
        chosen = self._coordinates(sizes, num_lines, rng)
        self.lines: list[Any] = list(map(self._axis, chosen))
        self.names = tuple(map(self._name, chosen))
        self.how = f"along every one of {self.count} coordinates"
        if (more := num_lines - len(chosen)) > 0 and len(chosen) < self.count:
            self.lines += [self._direction(rng) for _ in range(more)]
            self.names += tuple(f"direction {number + 1}" for number in range(more))
            self.how = (
                f"along {len(chosen)} of {self.count:,} coordinates, drawn at random, and {more} "
                "random directions through all of them"
            )
        largest = max(float(np.abs(p).max()) for p in jax.tree.leaves(self.params) if p.size)
        self.size = max(1.0, largest)
        self.place = f"a point with {self.count:,} coordinates"

    def losses(self, steps: np.ndarray, dtype: str) -> np.ndarray:
        found = np.empty((len(self.lines), len(steps)))
        with on_cpu(dtype):
            params = self._cast(self.params, dtype)
            for row, line in enumerate(self.lines):
                line = self._cast(line, dtype)
                for column, step in enumerate(steps.astype(dtype)):
                    found[row, column] = self._loss(params, line, step)
        return found

    def slopes(self, dtype: str) -> np.ndarray:
        gradient = self._gradient(self.params, dtype)
        return np.array([self._dot(gradient, line) for line in self.lines])

    def evidence(self, dtype: str) -> Evidence:
        at = self._flat(self.params, dtype)
        directions = np.stack([self._flat(line, dtype) for line in self.lines])
        many = len(self.lines) < self.count
        if self.count <= _FEW:
            program = jax.jit(partial(gather, lambda flat: self.function(self._shaped(flat))))
            with on_cpu(dtype):
                gathered = program(*map(jnp.asarray, (at, directions, _SIGNED.astype(dtype))))
            return evidence_of(gathered, at, directions, self.names, self.size, many)
        steps = np.concatenate([[0.0], NARROW, -NARROW])
        losses = self.losses(steps, dtype)
        gradient = self._gradient(self.params, dtype)
        terms = directions.astype(np.float64) * self._flat(gradient, "float64")
        return assembled(
            NARROW,
            losses,
            _measured_rounding(losses, float(np.finfo(dtype).eps)),
            at,
            directions,
            names=self.names,
            slopes=terms.sum(axis=1),
            slopes_at=partial(self._slopes_at, dtype=dtype),
            references=np.linalg.norm(terms, axis=1),
            independent=np.zeros(len(self.lines), bool),
            size=self.size,
            many=many,
        )

    def _slopes_at(self, row: int, steps: np.ndarray, dtype: str) -> np.ndarray:
        line = self.lines[row]
        points = [jax.tree.map(lambda p, d, s=s: p + s * d, self.params, line) for s in steps]
        return np.array([self._dot(self._gradient(point, dtype), line) for point in points])

    def _along(self, params: Any, line: Any, step: jax.Array) -> jax.Array:
        return self.function(jax.tree.map(lambda p, d: p + step * d, params, line))

    def _gradient(self, params: Any, dtype: str) -> Any:
        with on_cpu(dtype):
            gradient = self._grad(self._cast(params, dtype))
            return jax.tree.map(lambda g: np.asarray(g, np.float64), gradient)

    def _flat(self, tree: Any, dtype: str) -> np.ndarray:
        return np.concatenate([np.ravel(leaf).astype(dtype) for leaf in jax.tree.leaves(tree)])

    def _coordinates(self, sizes: list[int], num_lines: int, rng: np.random.Generator) -> list[int]:
        """All coordinates, or half as many as lines: one of each array before a second of any."""
        if self.count <= num_lines:
            return list(range(self.count))
        starts = np.cumsum([0, *sizes[:-1]])
        order = [i for i in rng.permutation(len(sizes)) if sizes[i]]
        drawn = [
            int(starts[i] + rng.integers(sizes[i]))
            for _, i in zip(range(-(-num_lines // 2)), order * num_lines, strict=False)
        ]
        return sorted(set(drawn))

    def _dot(self, gradient: Any, line: Any) -> float:
        pairs = zip(jax.tree.leaves(gradient), jax.tree.leaves(line), strict=True)
        return float(sum(np.sum(g * d) for g, d in pairs))

    def _cast(self, tree: Any, dtype: str) -> Any:
        return jax.tree.map(lambda leaf: jnp.asarray(leaf.astype(dtype)), tree)

    def _axis(self, index: int) -> Any:
        flat = np.zeros(self.count)
        flat[index] = 1.0
        return self._shaped(flat)

    def _direction(self, rng: np.random.Generator) -> Any:
        flat = rng.standard_normal(self.count)
        return self._shaped(flat / np.linalg.norm(flat))

    def _shaped(self, flat: Any) -> Any:
        leaves, tree = jax.tree.flatten(self.params)
        ends = np.cumsum([leaf.size for leaf in leaves])
        pieces = [
            flat[end - leaf.size : end].reshape(leaf.shape)
            for end, leaf in zip(ends, leaves, strict=True)
        ]
        return jax.tree.unflatten(tree, pieces)

    def _name(self, index: int) -> str:
        for path, leaf in jax.tree_util.tree_leaves_with_path(self.params):
            if index < leaf.size:
                place = ", ".join(str(int(i)) for i in np.unravel_index(index, leaf.shape))
                keys = ".".join(str(getattr(k, "key", getattr(k, "idx", k))) for k in path)
                return f"{keys}[{place}]" if place else keys or "value"
            index -= leaf.size
        raise IndexError(index)


def _measured_rounding(losses: np.ndarray, eps: float) -> np.ndarray:
    """How far rounding moves the losses at 0, `NARROW` and −`NARROW`, as they show it themselves.

    At the smallest steps the second difference of a loss is nothing but rounding. (To perturb every
    operation of a network, as `rounding` does, would take longer to compile than the check.)
    """
    here, ahead, behind = losses[:, :1], *np.split(losses[:, 1:], 2, axis=1)
    with np.errstate(invalid="ignore"):
        seen = np.abs(ahead + behind - 2 * here)[:, :SHOWING]
        grown = np.maximum(1.0, np.abs(losses / here))
    seen = np.max(np.where(np.isfinite(seen), seen, 0.0), axis=1, keepdims=True)
    return (2 * seen + 4 * eps * np.abs(here)) * grown


def network_probe(
    network: Any, loss: str, num_lines: int, seed: int, batch_size: int = 4
) -> TreeProbe:
    """A network's mean loss over one batch of synthetic images, at fresh weights.

    Layers behave as in training, with one fixed draw where they are random.
    """
    from optviz.catalog import unknown  # the network layers take a moment to import
    from optviz.data.synthetic import Synthetic
    from optviz.networks.losses import LOSSES

    if loss not in LOSSES:
        raise ValueError(unknown("loss", loss, list(LOSSES)))
    data = Synthetic(num_train=max(10, batch_size), num_test=10, seed=seed).load()
    images = data.train_x[:batch_size].astype(np.float64)
    mean, std = images.mean(axis=(0, 1, 2)), images.std(axis=(0, 1, 2))
    images, labels = (images - mean) / std, data.train_y[:batch_size].astype(np.int32)
    with on_cpu("float32"):
        params, stats = network.init(jax.random.key(seed))
        params, stats = jax.tree.map(np.asarray, (params, stats))

    def mean_loss(params: Any) -> jax.Array:
        dtype = jax.tree.leaves(params)[0].dtype
        fixed = jax.tree.map(lambda s: jnp.asarray(s, dtype), stats)
        x = jnp.asarray(images, dtype)
        logits, _ = network.apply(params, fixed, x, True, jax.random.key(seed))
        return jnp.mean(LOSSES[loss].function(logits, jnp.asarray(labels), 0.0))

    probe = TreeProbe(
        mean_loss, params, f"{network.label}, {loss.replace('_', ' ')}", num_lines, seed
    )
    probe.place = f"fresh weights (seed {seed}), {batch_size} synthetic images"
    return probe
