"""Races made with plain NumPy: the player's tests need no optimizer and no compiler."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

KEYS = ("sgd", "momentum", "nesterov", "adam", "adagrad", "rmsprop", "adamw", "adadelta")
LABELS = ("SGD", "Momentum", "Nesterov", "Adam", "AdaGrad", "RMSProp", "AdamW", "AdaDelta")


@dataclass
class Rosenbrock:
    """The valley that the pictures in these tests show."""

    label: str = "Rosenbrock valley"
    xlim: tuple[float, float] = (-2.0, 2.0)
    ylim: tuple[float, float] = (-1.0, 3.0)

    def minima(self) -> tuple[tuple[float, float], ...]:
        return ((1.0, 1.0),)

    def saddles(self) -> tuple[tuple[float, float], ...]:
        return ()

    def loss(self, p: np.ndarray) -> np.ndarray:
        x, y = p[..., 0], p[..., 1]
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    def grad(self, p: np.ndarray) -> np.ndarray:
        x, y = p[..., 0], p[..., 1]
        return np.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)], axis=-1)


@dataclass
class Ravine(Rosenbrock):
    """A long quadratic: plain descent bounces between its walls."""

    label: str = "Ravine"
    xlim: tuple[float, float] = (-4.0, 4.0)
    ylim: tuple[float, float] = (-2.0, 2.0)

    def minima(self) -> tuple[tuple[float, float], ...]:
        return ((0.0, 0.0),)

    def loss(self, p: np.ndarray) -> np.ndarray:
        return 0.5 * (p[..., 0] ** 2 + 20 * p[..., 1] ** 2)

    def grad(self, p: np.ndarray) -> np.ndarray:
        return p * np.array([1.0, 20.0])


@dataclass
class Saddle(Rosenbrock):
    """Falls without end to both sides."""

    label: str = "Saddle"
    xlim: tuple[float, float] = (-2.0, 2.0)
    ylim: tuple[float, float] = (-2.0, 2.0)

    def minima(self) -> tuple[tuple[float, float], ...]:
        return ()

    def saddles(self) -> tuple[tuple[float, float], ...]:
        return ((0.0, 0.0),)

    def loss(self, p: np.ndarray) -> np.ndarray:
        return p[..., 0] ** 2 - p[..., 1] ** 2

    def grad(self, p: np.ndarray) -> np.ndarray:
        return p * np.array([2.0, -2.0])


@dataclass
class FakeRace:
    """The attributes of a race that the player reads."""

    labels: list[str]
    keys: list[str]
    params: np.ndarray
    losses: np.ndarray
    learning_rates: np.ndarray
    outcomes: np.ndarray
    diverged_at: np.ndarray
    steps_to_tolerance: np.ndarray
    start: tuple[float, float] = field(default=(0.0, 0.0))


def grid_of(surface: Rosenbrock, size: int = 121) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(*surface.xlim, size), np.linspace(*surface.ylim, size))
    return surface.loss(np.stack([x, y], axis=-1))


def race(
    surface: Rosenbrock,
    rates: list[float],
    start: np.ndarray,
    num_steps: int = 300,
    decay: float = 0.0,
    noise: float = 0.0,
) -> FakeRace:
    """Rule number i is descent, momentum, its look-ahead or a scaled step, by i modulo 4."""
    rng = np.random.default_rng(0)
    start = np.atleast_2d(np.asarray(start, dtype=float))
    num_runs = len(rates)
    params = np.empty((num_runs, len(start), num_steps + 1, 2))
    learning = np.empty((num_runs, len(start), num_steps))
    for run, rate in enumerate(rates):
        p, velocity, square = start.copy(), np.zeros_like(start), np.zeros_like(start)
        params[run, :, 0] = p
        for step in range(num_steps):
            at = p + 0.9 * velocity if run % 4 == 2 else p
            grad = surface.grad(at) + noise * rng.normal(size=p.shape)
            eta = rate / (1 + decay * step)
            square = 0.95 * square + 0.05 * grad**2
            if run % 4 == 3:
                velocity = 0.85 * velocity - 0.15 * eta * grad / (np.sqrt(square) + 1e-8)
            else:
                velocity = (0.9 if run % 4 else 0.0) * velocity - eta * grad
            new = p + velocity
            bad = ~np.isfinite(new).all(-1) | (np.abs(new) > 1e12).any(-1)
            p = np.where(bad[:, None], p, new)
            params[run, :, step + 1], learning[run, :, step] = p, eta
    with np.errstate(over="ignore"):
        losses = surface.loss(params)
    wild = losses > 1e12
    diverged = np.where(wild.any(-1), wild.argmax(-1), -1)
    frozen = np.maximum(diverged - 1, 0)
    for run, s in zip(*np.nonzero(diverged >= 0), strict=True):
        params[run, s, diverged[run, s] :] = params[run, s, frozen[run, s]]
        losses[run, s, diverged[run, s] :] = losses[run, s, frozen[run, s]]
    close = losses <= 1e-6 * losses[..., :1]
    reached = np.where(close.any(-1) & bool(surface.minima()), close.argmax(-1), -1)
    outcomes = np.where(reached >= 0, "converged", np.where(diverged >= 0, "diverged", "running"))
    if not surface.minima():
        outcomes = np.where(losses[..., -1] < -10, "escaped", outcomes)
    one = len(start) == 1
    pick = (lambda a: a[:, 0]) if one else (lambda a: a)
    return FakeRace(
        [LABELS[i % 8] + (f" {i // 8 + 1}" if i >= 8 else "") for i in range(num_runs)],
        [KEYS[i % 8] for i in range(num_runs)],
        *map(pick, (params, losses, learning, outcomes, diverged, reached)),
    )
