"""What a gradient check looks at: a loss along a few lines through one point.

A probe gives the loss at steps along each line, and the slope there by `jax.grad`, both in a given
number format. A line has a direction of length 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from optviz.engine.precision import cast, on_cpu
from optviz.surfaces import Point, Surface

_DIAGONAL = math.sqrt(0.5)


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
        steps, at, directions = (a.astype(dtype) for a in (steps, self.at, self.directions))
        points = at + steps[None, :, None] * directions[:, None, :]
        with on_cpu(dtype):
            found = _surface_losses(cast(self.surface, dtype), points.reshape(-1, 2))
            return np.asarray(found, np.float64).reshape(points.shape[:2])

    def slopes(self, dtype: str) -> np.ndarray:
        with on_cpu(dtype):
            gradient = _surface_gradient(cast(self.surface, dtype), self.at.astype(dtype))
        with np.errstate(invalid="ignore"):  # 0 · inf
            return self.directions @ np.asarray(gradient, np.float64)


@jax.jit
def _surface_losses(surface: Surface, points: jax.Array) -> jax.Array:
    return jax.vmap(surface)(jnp.asarray(points))


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
            loss = jax.jit(
                lambda params, line, step: self.function(
                    jax.tree.map(lambda p, d: p + step * d, params, line)
                )
            )
            for row, line in enumerate(self.lines):
                line = self._cast(line, dtype)
                for column, step in enumerate(steps.astype(dtype)):
                    found[row, column] = loss(params, line, step)
        return found

    def slopes(self, dtype: str) -> np.ndarray:
        with on_cpu(dtype):
            gradient = jax.jit(jax.grad(self.function))(self._cast(self.params, dtype))
            gradient = jax.tree.map(lambda g: np.asarray(g, np.float64), gradient)
        return np.array([self._dot(gradient, line) for line in self.lines])

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

    def _shaped(self, flat: np.ndarray) -> Any:
        leaves, tree = jax.tree.flatten(self.params)
        ends = np.cumsum([leaf.size for leaf in leaves])[:-1]
        pieces = [
            p.reshape(leaf.shape) for p, leaf in zip(np.split(flat, ends), leaves, strict=True)
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
