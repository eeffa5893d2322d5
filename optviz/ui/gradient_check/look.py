"""What the gradient page checks: the link's parameters, kept while the session lasts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import jax
import streamlit as st

from optviz.analysis.gradient.check import DTYPES, GradientCheck, gradient_check
from optviz.catalog import unknown
from optviz.specs import parse_entry
from optviz.specs.text import parse_flag, parse_point, point_text
from optviz.surfaces import SURFACES, Point, Surface
from optviz.surfaces.expression import FunctionSurface, expression
from optviz.ui import links

KINDS = ("surface", "expression", "network")
_KEY, PROBLEMS = "check.asked", "check.problems"


@dataclass(frozen=True)
class Asked:
    """One check. Every field but `kind` is a parameter of the link.

    Attributes:
        kind: one of KINDS.
        surface, expression, network: what is checked, by kind; kept when the kind changes.
        at: the point of a surface or formula; None: the surface's start.
        dtypes: the number formats that are drawn; the verdict is about the finest of them.
        broken: whether the gradient is spoiled on purpose, to see the check find it.
    """

    kind: str = "surface"
    surface: str = "rosenbrock"
    expression: str = "sin(x) * exp(y)"
    network: str = "lenet"
    at: Point | None = None
    dtypes: tuple[str, ...] = DTYPES
    broken: bool = False

    def target(self) -> Surface | Any:
        """The surface or network.

        Raises:
            ValueError: there is no such entry, or the formula does not read as one.
        """
        if self.kind == "network":
            from optviz.networks import NETWORKS

            network = parse_entry(self.network, NETWORKS)[0]
            network.check()
            return network
        if self.kind == "expression":
            return expression(self.expression)
        return parse_entry(self.surface, SURFACES)[0]

    def query(self) -> dict[str, list[str]]:
        query = {self.kind: [getattr(self, self.kind)]}
        if self.at is not None and self.kind != "network":
            query["at"] = [point_text(self.at)]
        if self.dtypes != DTYPES:
            query["dtype"] = list(self.dtypes)
        if self.broken and self.kind != "network":
            query["broken"] = ["true"]
        return query


def open_link() -> None:
    """Take what the link says; what is damaged is ignored and reported."""
    query = links.read()
    if _KEY in st.session_state and not links.is_news(_KEY, query):
        return
    asked, problems, chosen = Asked(), [], ""
    # What is checked comes first, wherever the link says it: the rest is about that.
    for name, values in sorted(query.items(), key=lambda item: item[0] not in KINDS):
        try:
            if name in KINDS and chosen:
                raise ValueError(f"{name}: the link says what is checked, a {chosen}, already")
            asked, ignored = _read(asked, name, values)
            chosen = asked.kind if name in KINDS else chosen
        except ValueError as error:
            ignored = [str(error)]
        problems += links.ignored(ignored)
    st.session_state[_KEY], st.session_state[PROBLEMS] = asked, problems
    if not problems:
        links.is_told(_KEY, asked, query)


def _read(asked: Asked, name: str, values: list[str]) -> tuple[Asked, list[str]]:
    """What is asked for with one thing more that a link says, and what of it was ignored."""
    if name == "dtype":
        strange = [unknown("number format", v, list(DTYPES)) for v in values if v not in DTYPES]
        chosen = tuple(dtype for dtype in DTYPES if dtype in values)
        return replace(asked, dtypes=chosen or DTYPES), strange
    value, ignored = links.one(name, values)
    if name not in (*KINDS, "at", "broken"):
        raise ValueError(f"{name}: not a setting of a gradient check")
    if not value:
        return asked, ignored
    if name in KINDS:
        asked = replace(asked, kind=name, **{name: value})
        asked.target()
    elif asked.kind == "network":
        raise ValueError(f"{name}: is for surfaces and formulas, and a network is checked")
    elif name == "at":
        asked = replace(asked, at=parse_point(value, "at"))
    else:
        asked = replace(asked, broken=parse_flag(value, "broken"))
    return asked, ignored


def current() -> Asked:
    return st.session_state[_KEY]


def change(**values: Any) -> None:
    """Check something else, or say in one line why not."""
    asked = replace(current(), **values)
    try:
        asked.target()
    except ValueError as error:
        st.session_state[PROBLEMS] = [str(error)]
        return
    st.session_state[_KEY], st.session_state[PROBLEMS] = asked, []
    write_link()


def write_link() -> None:
    links.write(_KEY, current(), current().query)


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
