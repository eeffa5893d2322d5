"""Rprop: a step of its own for every coordinate, steered by signs alone."""

from math import inf
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob, switch
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext


class RpropState(NamedTuple):
    sizes: Params  # length of each coordinate's step, shaped like params
    grads: Params  # gradient of the step before, 0 where it is to be forgotten
    updates: Params  # of the step before


@entry
class Rprop(Optimizer):
    r"""Grows a coordinate's step while its gradient keeps its sign and shrinks it on a flip.

    In words: Every coordinate has a step length of its own, which grows while its gradient keeps
    its sign and is cut when the sign flips. Move each by its length, downhill, however steep it is;
    after a flip, first sit out one step.

    $$\Delta_t = \begin{cases}
        \min(\eta^+ \Delta_{t-1}, \Delta_{\max}) & g_t\, g_{t-1} > 0 \\
        \max(\eta^- \Delta_{t-1}, \Delta_{\min}) & g_t\, g_{t-1} < 0 \\
        \Delta_{t-1} & \text{otherwise}
      \end{cases} \qquad \theta_{t+1} = \theta_t - \mathrm{sign}(g_t)\, \Delta_t$$

    Implementations differ in the step after a flip: it is left out (PyTorch, optax: `wait`), the
    step before is taken back (the paper's own text: `undo`), or nothing special is done (`go`); the
    first two forget the gradient, so that the step after adapts nothing. $\Delta_0$ is the learning
    rate, which is read once at the start: a schedule of it changes nothing. Made for full batches:
    noise flips signs.
    Cost per step: one gradient. Memory: three copies of params.

    Variants:
        after a flip, sit out one step (`on_flip=wait`): PyTorch, optax; iRprop− of Igel & Hüsken
            2000
        after a flip, take the last step back (`on_flip=undo`): Riedmiller & Braun 1993
        after a flip, step as ever (`on_flip=go`): Rprop− in Igel & Hüsken 2000

    Reference: Riedmiller & Braun 1993, https://doi.org/10.1109/ICNN.1993.298623
    """

    name: ClassVar[str] = "rprop"
    label: ClassVar[str] = "Rprop"
    kind: ClassVar[str] = "sign"
    parents: ClassVar[tuple[str, ...]] = ("sgd",)
    adds: ClassVar[str] = "a step per coordinate that grows and shrinks"

    learning_rate: float = knobs.learning_rate(
        1e-2, help="Length of the first step in every coordinate."
    )
    eta_minus: float = knob(
        0.5,
        domain=(0, 1),
        closed="neither",
        typical=(0.1, 0.95),
        help="Factor on a coordinate's step when its gradient changes sign.",
    )
    eta_plus: float = knob(
        1.2,
        domain=(1, inf),
        closed="neither",
        typical=(1.01, 2),
        help="Factor on a coordinate's step when its gradient keeps its sign.",
    )
    min_step: float = knob(
        1e-6,
        domain=(0, inf),
        typical=(1e-9, 1e-1),
        log=True,
        help="No coordinate's step gets shorter than this.",
    )
    max_step: float = knob(
        50.0,
        domain=(0, inf),
        closed="neither",
        typical=(1e-3, 100),
        log=True,
        help="No coordinate's step gets longer than this.",
    )
    on_flip: str = switch(
        "wait",
        options=("wait", "undo", "go"),
        help="After a change of sign: skip the step, take the last one back, or step as ever.",
    )

    def init(self, params: Params) -> RpropState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        sizes = jax.tree.map(lambda p: jnp.full_like(p, self.learning_rate, dtype=p.dtype), params)
        return RpropState(sizes, zeros, zeros)

    def update(self, ctx: StepContext, state: RpropState) -> tuple[Params, RpropState]:
        agreement = jax.tree.map(lambda g, old: jnp.sign(g) * jnp.sign(old), ctx.grads, state.grads)

        def resize(size: jax.Array, same: jax.Array) -> jax.Array:
            factor = jnp.where(same > 0, self.eta_plus, jnp.where(same < 0, self.eta_minus, 1.0))
            return jnp.clip(size * factor.astype(size.dtype), self.min_step, self.max_step)

        sizes = jax.tree.map(resize, state.sizes, agreement)
        updates = jax.tree.map(lambda g, size: -jnp.sign(g) * size, ctx.grads, sizes)
        grads = ctx.grads
        if self.on_flip != "go":
            grads = jax.tree.map(lambda g, same: jnp.where(same < 0, 0, g), grads, agreement)
            instead = jax.tree.map(lambda u: -u if self.on_flip == "undo" else 0 * u, state.updates)
            updates = jax.tree.map(
                lambda u, other, same: jnp.where(same < 0, other, u), updates, instead, agreement
            )
        return updates, RpropState(sizes, grads, updates)
