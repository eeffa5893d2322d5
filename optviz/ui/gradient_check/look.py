"""What the gradient page checks: the link's parameters, kept while the session lasts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar, Self

import jax

from optviz.analysis.gradient.check import DTYPES, GradientCheck, gradient_check
from optviz.specs import parse_entry
from optviz.specs.link import Spec
from optviz.specs.rules import flag, one_of, optional_point, some_of
from optviz.specs.setting import Rule, setting
from optviz.surfaces import SURFACES, Point, Surface
from optviz.surfaces.expression import FunctionSurface, expression
from optviz.ui.session import Session

KINDS = ("surface", "expression", "network")
_PLACE = ("at", "broken")  # of surfaces and formulas only
LENET = "lenet"


def _surface(text: str) -> Surface:
    return parse_entry(text, SURFACES)[0]


def _network(text: str) -> Any:
    from optviz.networks import NETWORKS

    network = parse_entry(text, NETWORKS)[0]
    network.check()
    return network


def read_by(read: Callable[[str], object], known: str | None = None) -> Rule:
    """Text that this reads without a `ValueError`; of `known` that is known."""

    def check(_: str, value: Any) -> None:
        if value != known:
            read(value)

    return Rule(check, lambda text, _: text)


@dataclass(frozen=True)
class Asked(Spec):
    """One check.

    Attributes:
        kind: one of KINDS.
        surface, expression, network: what is checked, by kind; kept when the kind changes.
        at: the point of a surface or formula; None: the surface's start.
        dtypes: the number formats that are drawn; the verdict is about the finest of them.
        broken: whether the gradient is spoiled on purpose, to see the check find it.
    """

    what: ClassVar[str] = "a gradient check"

    kind: str = setting(one_of(KINDS), "surface", link="")
    surface: str = setting(read_by(_surface), "rosenbrock")
    expression: str = setting(read_by(expression), "sin(x) * exp(y)")
    # Networks take a second to import: that is left to those who look at one.
    network: str = setting(read_by(_network, known=LENET), LENET)
    at: Point | None = setting(optional_point(), None)
    dtypes: tuple[str, ...] = setting(
        some_of(dict.fromkeys(DTYPES), "number format"), DTYPES, link="dtype"
    )
    broken: bool = setting(flag(), False)

    def target(self) -> Surface | Any:
        """The surface or network."""
        read: Any = {"surface": _surface, "expression": expression, "network": _network}[self.kind]
        return read(getattr(self, self.kind))

    def to_query(self) -> dict[str, list[str]]:
        """What is checked, always; and of the rest what belongs to it and is not as it begins."""
        query = super().to_query()
        left_out = {*KINDS, *(_PLACE if self.kind == "network" else ())}
        rest = {name: said for name, said in query.items() if name not in left_out}
        return {self.kind: [getattr(self, self.kind)]} | rest

    @classmethod
    def from_query(  # pyright: ignore[reportIncompatibleMethodOverride]  # of `Self`, as there
        cls, query: Mapping[str, Sequence[str]], base: Self
    ) -> tuple[Self, list[str]]:
        # What is checked comes first, wherever the link says it: the rest is about that.
        order = sorted(query.items(), key=lambda item: item[0] not in KINDS)
        return super().from_query(dict(order), base)

    def with_said(self, said: Mapping[str, list[Any]]) -> Self:
        kind, *others = [name for name in said if name in KINDS] or [self.kind]
        if others:
            raise ValueError(f"the link says what is checked, a {kind}, already")
        if kind == "network" and set(_PLACE) & set(said):
            raise ValueError("is for surfaces and formulas, and a network is checked")
        asked = replace(super().with_said(said), kind=kind)
        return replace(asked, dtypes=in_order(asked.dtypes))


SESSION = Session("check", Asked)


def current() -> Asked:
    return SESSION.spec


def change(**values: Any) -> None:
    """Check something else, or say in one line why not."""
    SESSION.change(lambda asked: replace(asked, **values))


def in_order(dtypes: Sequence[str]) -> tuple[str, ...]:
    """Number formats as they are drawn; all where none is chosen."""
    return tuple(dtype for dtype in DTYPES if dtype in dtypes) or DTYPES


def point_of(asked: Asked) -> Point:
    """Where a surface is checked."""
    return asked.at if asked.at is not None else asked.target().start


def checked(asked: Asked) -> GradientCheck:
    """The check, kept: the same for everybody, whatever is drawn beside the finest format."""
    return _checked(replace(asked, dtypes=(asked.dtypes[-1],)))


@lru_cache(maxsize=64)
def _checked(asked: Asked) -> GradientCheck:
    target, (dtype,) = asked.target(), asked.dtypes
    if asked.kind == "network":
        return gradient_check(target, dtype=dtype)
    at = point_of(asked)
    if not asked.broken:
        return gradient_check(target, at, dtype=dtype)
    label = f"{getattr(target, 'text', target.label)}, with a broken gradient,"
    return gradient_check(spoiled(target), at, label=label, dtype=dtype)


def spoiled(surface: Surface, share: float = 0.01) -> FunctionSurface:
    """The surface with a gradient whose x part is wrong by a share: a slip as one makes it."""

    @jax.custom_vjp
    def loss(x: jax.Array, y: jax.Array) -> jax.Array:
        return surface(jax.numpy.stack([x, y]))

    def forward(x: jax.Array, y: jax.Array) -> Any:
        return jax.vjp(lambda *point: surface(jax.numpy.stack(point)), x, y)

    def backward(pull: Any, by: jax.Array) -> Any:
        right_x, right_y = pull(by)
        return right_x * (1 + share), right_y

    loss.defvjp(forward, backward)
    return FunctionSurface(function=loss, xlim=surface.xlim, ylim=surface.ylim)
