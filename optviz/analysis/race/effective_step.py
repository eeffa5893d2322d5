"""How far a rule really goes in each coordinate, per unit of gradient."""

from __future__ import annotations

import jax
import numpy as np

from optviz.engine.machine.precision import cast, on_cpu
from optviz.engine.surfaces.loop import noise_of
from optviz.surfaces import Surface


def effective_steps(
    surface: Surface, params: np.ndarray, *, noise: float = 0.0, seed: int = 0, window: int = 1
) -> np.ndarray:
    """|update| / |gradient| of every step in every coordinate.

    Of SGD this is the learning rate; an adaptive rule has its own for each coordinate, and a rule
    with momentum goes on where the gradient is small. The gradient is that of the step's point
    with the noise that the step saw; rules that look elsewhere saw another one.

    Args:
        surface: what was descended.
        params: (..., num_steps + 1, 2) the path.
        noise: standard deviation of the noise on the gradient.
        seed: of the noise.
        window: updates and gradients are root mean squares over so many steps up to each.

    Returns:
        (..., num_steps, 2); NaN where the gradient is zero or nothing is finite, and everywhere on
        a surface that is drawn as a slice of a larger space, whose paths leave the slice.
    """
    num_steps = params.shape[-2] - 1
    points = params[..., :-1, :]
    if surface.params_shape != (2,):
        return np.full(points.shape, np.nan)
    flat = points.reshape(-1, 2)
    room = 1 << (len(flat) - 1).bit_length()  # few sizes, so that few are compiled
    padded = np.concatenate([flat, np.zeros((room - len(flat), 2))])
    with on_cpu("float64"):
        grads = np.asarray(_gradients(cast(surface, "float64"), padded))[: len(flat)]
    grads = grads.reshape(points.shape) + noise_of(noise, seed, (num_steps, 2))
    with np.errstate(all="ignore"):
        sizes, slopes = _running_rms(np.diff(params, axis=-2), window), _running_rms(grads, window)
        steps = sizes / slopes
    return np.where(np.isfinite(steps), steps, np.nan)


def _running_rms(values: np.ndarray, window: int) -> np.ndarray:
    """Root of the mean square over the last `window` steps, or as many as there are."""
    squares = np.square(values)
    if window == 1:
        return np.sqrt(squares)
    # Sums within blocks as long as the window, from their beginnings and from their ends: every
    # window is the end of one block and the beginning of the next. The time does not depend on the
    # window, and nothing is subtracted, where a small gradient after large ones would be lost.
    count = squares.shape[-2]
    before, after = window - 1, -(count + window - 1) % window
    padded = np.pad(squares, [(0, 0)] * (squares.ndim - 2) + [(before, after), (0, 0)])
    blocks = padded.reshape(*squares.shape[:-2], -1, window, squares.shape[-1])
    begun = np.cumsum(blocks, axis=-2).reshape(padded.shape)[..., before : before + count, :]
    ended = np.flip(np.cumsum(np.flip(blocks, -2), axis=-2), -2).reshape(padded.shape)
    first = np.arange(count)[:, None]  # of each window; at the beginning of a block it is the block
    summed = ended[..., :count, :] + np.where(first % window == 0, 0, begun)
    return np.sqrt(summed / np.minimum(first + 1, window))


@jax.jit
def _gradients(surface: Surface, points: jax.Array) -> jax.Array:
    return jax.vmap(jax.grad(surface))(points)
