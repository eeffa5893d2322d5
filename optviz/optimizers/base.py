"""What every update rule is: an entry with `init` and `update`, and three hooks with defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

import jax

from optviz.catalog import Entry

if TYPE_CHECKING:
    import optax

Params: TypeAlias = Any  # a pytree of arrays: a (2,) point, or the nested parameters of a network
State: TypeAlias = Any


class StepContext(NamedTuple):
    """Everything that one step may look at; a rule reads what it needs."""

    step: jax.Array  # () int32, counts from 0
    params: Params  # where the step starts
    loss: jax.Array  # () loss at `query(params, state)`
    grads: Params  # gradient at `query(params, state)`, shaped like params
    key: jax.Array  # random key of this step, the same for every optimizer
    loss_fn: Callable[[Params], jax.Array]  # this step's loss: noise or mini-batch held fixed

    @property
    def t(self) -> jax.Array:
        """() the step as papers count it, from 1, in the number format of the loss."""
        return self.step.astype(self.loss.dtype) + 1


class Problem(NamedTuple):
    """What of a problem decides whether a rule can run on it."""

    label: str  # what to call it: "LeNet"
    num_params: int
    has_matrices: bool  # whether some of params are matrices or higher arrays
    is_exact: bool  # whether every step sees the same loss: no noise, no mini-batches


# The families of rules, in the order in which they are told: what a step is made of.
KINDS: Mapping[str, str] = {
    "gradient": "follow the gradient as it is",
    "momentum": "remember where past gradients pointed",
    "adaptive": "give every coordinate a step size of its own",
    "sign": "use the gradient's sign alone",
    "matrix": "treat a layer's weights as a matrix",
    "second order": "use or estimate the curvature",
    "line search": "try several step lengths and keep a good one",
    "rate-free": "find the learning rate by themselves",
    "averaging": "answer with an average of the points visited",
    "wrapper": "change what another rule is given, or what it returns",
    "baseline": "what any rule should beat",
    "other": "everything else",
}


class Optimizer(Entry):
    """An update rule: `update(ctx, state) -> (updates, state)`; the updates are added to params.

    Rules are written for pytrees and read their hyperparameters from `self` only, so that the same
    code runs on a 2D point, on a network, under `vmap`, and with any knob on a schedule.

    What a rule needs and cannot do is declared here; nobody asks a rule for its name:

    Attributes:
        max_params: how many numbers it can change at most; None: any number. `demand` says why.
        instead: keys of rules that do much the same where this one cannot run.
        full_batch: whether it takes every loss for the same one, so that noise and mini-batches
            mislead it.
        needs_matrices: whether it does what it is for on matrices only.
        own_rate: whether its learning rate has a value of its own, as Newton's 1, so that none is
            searched for it and none that is common to all is given to it.
        elementwise: whether it makes no difference how the numbers are cut into arrays; rules that
            look at a whole layer say no.
        reads_loss: whether it reads the value of the loss, not only gradients.
        half_precision: whether it works in bfloat16; linear algebra and line searches need more.

    What the gallery says about a rule beyond its docstring and fields stands in class variables. A
    rule that extends another one inherits its `kind` and says the rest anew.
    """

    max_params: ClassVar[int | None] = None
    instead: ClassVar[tuple[str, ...]] = ()
    full_batch: ClassVar[bool] = False
    needs_matrices: ClassVar[bool] = False
    own_rate: ClassVar[bool] = False
    elementwise: ClassVar[bool] = True
    reads_loss: ClassVar[bool] = False
    half_precision: ClassVar[bool] = True

    kind: ClassVar[str] = "other"  # a key of KINDS
    parents: ClassVar[tuple[str, ...]] = ()  # keys of what it builds on, the main one first
    adds: ClassVar[str] = ""  # what it adds to them, a few words
    since: ClassVar[int | None] = None  # year of the idea, where the reference is a later textbook

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "adds" not in vars(cls):
            cls.adds = ""
        if "parents" not in vars(cls):
            cls.parents = tuple(base.name for base in cls.__mro__[1:] if "name" in vars(base))[:1]

    def init(self, params: Params) -> State:
        """The state before the first step."""
        raise NotImplementedError

    def update(self, ctx: StepContext, state: State) -> tuple[Params, State]:
        """One step: what to add to params (shaped like them), and the next state."""
        raise NotImplementedError

    def query(self, params: Params, state: State) -> Params:
        """The point at which loss and gradient are taken (Nesterov: the look-ahead)."""
        return params

    def answer(self, params: Params, state: State) -> Params:
        """The point that is drawn and evaluated (averaging rules: the average)."""
        return params

    def evaluations(self, state: State) -> jax.Array | None:
        """Loss, gradient and Hessian-vector evaluations so far; None: one gradient a step."""
        return None

    def demand(self, num_params: int) -> str:
        """What it needs for so many numbers, as a noun: "62,006² · 4 bytes = 15 GB for …"."""
        return "a few copies of the parameters"

    def note_on(self, problem: Problem) -> str | None:
        """What someone who sees it run on `problem` should know; None: nothing."""
        if self.full_batch and not problem.is_exact:
            return f"{self.label} takes all losses for the same: noise and mini-batches mislead it."
        return None

    def as_optax(self) -> optax.GradientTransformationExtraArgs:
        """This rule as an optax transformation, for use in any optax training loop."""
        from optviz.optimizers.from_optax import as_optax

        return as_optax(self)


def in_bytes(count: int) -> str:
    """`15.4 GB`: a number of bytes to three digits."""
    size, units = float(count), iter(("bytes", "kB", "MB", "GB", "TB", "PB"))
    unit = next(units)
    while size >= 999.5:  # three digits of it are 1,000
        size, unit = size / 1000, next(units, unit)
    return f"{size:.3g} {unit}"


def square_matrix(num_params: int, purpose: str) -> str:
    """What a matrix of n times n numbers takes."""
    return f"{num_params:,}² · 4 bytes = {in_bytes(4 * num_params**2)} {purpose}"


def runnable(rule: Optimizer, problem: Problem) -> str | None:
    """Why `rule` cannot run on `problem`, and what can; None: it can.

    Returns:
        One line, such as `Newton on LeNet would need 62,006² · 4 bytes = 15.4 GB for its Hessian:
        it runs on at most 2,048 parameters; L-BFGS needs 2 · 10 · 62,006 · 4 bytes = 4.96 MB …`.
    """
    size = problem.num_params
    if rule.max_params is None or size <= rule.max_params:
        return None
    from optviz.optimizers import OPTIMIZERS

    others = [OPTIMIZERS[key]() for key in rule.instead]
    able = [f"; {o.label} needs {o.demand(size)}" for o in others if runnable(o, problem) is None]
    return (
        f"{rule.label} on {problem.label} would need {rule.demand(size)}: "
        f"it runs on at most {rule.max_params:,} parameters{''.join(able)}"
    )
