"""Where a race begins: beside the map as two numbers, and always where the surface is finite."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st

from optviz.specs import RaceSpec
from optviz.specs.surface import Starts
from optviz.surfaces import Point, Surface
from optviz.surfaces.expression import Expression, off_centre
from optviz.surfaces.finite import finite_losses, nearest_finite
from optviz.ui.parts.controls import linear_step, number
from optviz.ui.session import Session, bound
from optviz.ui.words import plain


def move(session: Session[Any], x: float, y: float) -> None:
    """Put the start (of a cloud: its first point, the others keep their distances) at x, y."""

    def moved(spec: RaceSpec) -> RaceSpec:
        shift = np.array([x, y]) - spec.starts[0]
        # without the digits that only the shift has put there
        others = tuple(short(np.asarray(point) + shift, 12) for point in spec.starts[1:])
        start: Starts = ((x, y), *others) if spec.has_many_starts else (x, y)
        return replace(spec, start=start)

    session.change(moved)


def drag(session: Session[Any], x: float, y: float) -> None:
    """Put the start where it was dragged on the map."""
    move(session, *short((x, y)))


def short(point: Iterable[float], digits: int = 4) -> Point:
    """Coordinates short enough for a link."""
    x, y = (float(f"{v:.{digits}g}") for v in point)
    return (x, y)


def fields(session: Session[Any]) -> None:
    """The first start as two numbers."""
    spec: RaceSpec = session.spec
    first = spec.starts[0]

    def put(axis: int, value: float) -> None:
        here = list(session.spec.starts[0])
        here[axis] = float(value)
        move(session, here[0], here[1])

    with st.container(horizontal=True, gap="xxsmall"):
        for axis, (name, limits) in enumerate((("x", spec.surface.xlim), ("y", spec.surface.ylim))):
            bound(
                st.number_input,
                plain(f"Start {name}"),
                value=float(first[axis]),
                key=session.key("start", name),
                apply=lambda value, axis=axis: put(axis, value),
                step=linear_step(*limits),
                format="%.5g",
                help="Where the first start is; dragging it on the map does the same."
                if spec.has_many_starts
                else "Where every run begins; dragging it on the map does the same.",
            )
    surface = spec.surface
    if spec.start is None and isinstance(surface, Expression) and first != off_centre(surface):
        st.caption(
            plain(
                f"The formula is not finite everywhere: the start is {_text(first)}, where it is."
            )
        )


def settle(session: Session[Any]) -> None:
    """Move a start at which the formula is not finite to a point where it is, and say so."""
    spec: RaceSpec = session.spec
    surface, first = spec.surface, spec.starts[0]
    found = _elsewhere(surface, spec.starts) if isinstance(surface, Expression) else None
    if found is None:
        return
    told = session.problems
    move(session, *found)
    if session.spec is not spec:
        line = f"f is not finite at {_text(first)}: the start is {_text(found)} now, where it is."
        session.say([*told, line])


@lru_cache(maxsize=256)  # it is asked in every run of a page
def _elsewhere(surface: Surface, starts: tuple[Point, ...]) -> Point | None:
    """Where to begin if no start is finite; None: one is, or nothing is, as the race will say."""
    return None if finite_losses(surface, starts).any() else nearest_finite(surface, starts[0])


def _text(point: Point) -> str:
    return f"({number(point[0])}, {number(point[1])})"
