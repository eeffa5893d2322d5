"""How links say what is descended: a catalogued surface, or a formula and its window."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self, TypeAlias

import numpy as np

from optviz.catalog import shown, validate
from optviz.specs.link import Parsers, Spec
from optviz.specs.setting import Rule
from optviz.specs.text import entry_text, parse_entry, parse_point, point_text
from optviz.surfaces import SURFACES, Point, Surface
from optviz.surfaces.expression import (
    Expression,
    FunctionSurface,
    check_window,
    compile_expression,
    expression,
)

Starts: TypeAlias = Point | tuple[Point, ...]

MAX_STARTS = 1024
FARTHEST = 1e300  # of a coordinate: what is added to it is still a number


def check_surface(who: str, surface: Any) -> None:
    """Raise `ValueError` unless it is a surface whose knobs and window are sound."""
    if not isinstance(surface, Surface):
        raise ValueError(f"{who} must be a Surface, got {shown(surface)}")
    validate(surface)
    if isinstance(surface, (Expression, FunctionSurface)):
        check_window("x", surface.xlim)
        check_window("y", surface.ylim)


def parse_surface(text: str) -> Surface:
    """A catalogued surface from `KEY:knob=value`."""
    return parse_entry(text, SURFACES)[0]


def _surface_from_json(value: Any, who: str) -> Surface:
    """From `KEY:knob=value`, or a formula with its window."""
    if isinstance(value, str):
        return parse_surface(value)
    if not isinstance(value, Mapping) or set(value) != {"expression", "xlim", "ylim"}:
        raise ValueError(f"{who} must be a surface's text or a formula, got {shown(value)}")
    limits: dict[str, Any] = {axis: value[axis] for axis in _AXES}
    return expression(value["expression"], **limits)


def _surface_to_json(surface: Surface) -> Any:
    query = surface_query(surface)
    if "surface" in query:
        return query["surface"][0]
    return {"expression": query["expression"][0]} | {
        axis: list(getattr(surface, axis)) for axis in _AXES
    }


_AXES = ("xlim", "ylim")


class _SurfaceRule(Rule):
    """In JSON a surface is a text, or a formula with its window."""

    def to_json(self, value: Any) -> Any:
        return _surface_to_json(value)

    def from_json(self, value: Any, who: str) -> Any:
        return _surface_from_json(value, who)


SURFACE = _SurfaceRule(check_surface, lambda text, _: parse_surface(text))


def surface_query(surface: Surface) -> dict[str, list[str]]:
    """The parameters of a link that say a surface.

    Raises:
        ValueError: it is a Python function, which no link can carry.
    """
    if isinstance(surface, Expression):
        return {
            "expression": [surface.text],
            "xlim": [point_text(surface.xlim)],
            "ylim": [point_text(surface.ylim)],
        }
    if type(surface) in SURFACES.values():
        return {"surface": [entry_text(surface)]}
    raise ValueError(f"{surface.label} has no link: it lives in Python only")


def _parse_formula(text: str, _: str) -> str:
    compile_expression(text)
    return text


def _parse_limits(text: str, who: str) -> Point:
    limits = parse_point(text, who)
    check_window(who[0], limits)
    return limits


# Parameters of a link -> their values; `surface_said` puts them together.
_PARSERS: Parsers = {
    "surface": lambda text, _: parse_surface(text),
    "expression": _parse_formula,
    "xlim": _parse_limits,
    "ylim": _parse_limits,
}


def surface_said(base: Surface, said: Mapping[str, list[Any]]) -> Surface | None:
    """The surface that a link said, or None where it said none.

    Args:
        base: the surface that a window alone belongs to.
        said: parameter -> values, of all parameters.
    """
    if "expression" in said:
        surface: Surface = expression(said["expression"][0])
    elif "surface" in said:
        surface = said["surface"][0]
    else:
        surface = base
    limits = {axis: said[axis][0] for axis in ("xlim", "ylim") if axis in said}
    if not limits:
        return None if surface is base else surface
    if not isinstance(surface, Expression):
        raise ValueError("only an expression has a window of its own")
    return expression(surface.text, **({"xlim": surface.xlim, "ylim": surface.ylim} | limits))


class OnSurface(Spec):
    """What every spec on a surface has: where it starts, and how a link says it."""

    parsers = _PARSERS
    surface: Surface
    start: Starts | None

    @property
    def starts(self) -> tuple[Point, ...]:
        """Every start, the surface's own filled in."""
        if self.start is None:
            return (self.surface.start,)
        return self.start if has_many(self.start) else (self.start,)  # pyright: ignore

    @property
    def has_many_starts(self) -> bool:
        return self.start is not None and has_many(self.start)

    def to_query(self) -> dict[str, list[str]]:
        return surface_query(self.surface) | super().to_query()

    def with_said(self, said: Mapping[str, list[Any]]) -> Self:
        """The spec with what a link said; another surface has its own start unless one is said."""
        surface = surface_said(self.surface, said)
        own: dict[str, Any] = {} if surface is None else {"surface": surface}
        if {"surface", "expression"} & set(said) and "start" not in said:
            own["start"] = None
        rest = {name: values for name, values in said.items() if name not in _PARSERS}
        return replace(super().with_said(rest), **own)


# Starts ------------------------------------------------------------------------------------------


def check_starts(who: str, start: Any) -> None:
    """Raise `ValueError` unless it is None, one point, or 1 to 1,024 points."""
    if start is None:
        return
    if not isinstance(start, tuple):
        raise ValueError(f"{who} must be two finite numbers x, y, got {shown(start)}")
    points = start if has_many(start) else (start,)
    if not 1 <= len(points) <= MAX_STARTS:
        raise ValueError(f"{who} must have 1 to {MAX_STARTS} points, got {len(points)}")
    for point in points:
        if not (isinstance(point, tuple) and len(point) == 2 and all(map(_finite, point))):
            raise ValueError(f"{who} must be two finite numbers x, y, got {shown(point)}")
        if max(map(abs, point)) > FARTHEST:
            raise ValueError(f"{who} must lie within {FARTHEST:g}, got {shown(point)}")


def as_starts(start: Any) -> Starts | None:
    """One point, or several, as tuples of floats; None stays None.

    Raises:
        ValueError: neither; `check_starts` says the rest.
    """
    if start is None:
        return None
    try:
        points = np.asarray(start)
        numbers = points.dtype.kind in "iuf"
    except ValueError:  # rows of different lengths
        points, numbers = np.zeros(0), False
    if not numbers:
        raise ValueError(f"start must be (x, y) or (num_starts, 2) numbers, got {shown(start)}")
    if points.shape != (2,) and not (points.ndim == 2 and points.size and points.shape[-1] == 2):
        raise ValueError(f"start must have shape (2,) or (num_starts, 2), got {points.shape}")
    listed: Any = points.astype(np.float64).tolist()
    return tuple(listed) if points.ndim == 1 else tuple(map(tuple, listed))


def has_many(start: Starts) -> bool:
    """Whether it is a list of points, which may have one only."""
    return not start or isinstance(start[0], tuple)


def _finite(value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and -math.inf < value < math.inf


def parse_starts(text: str) -> Starts:
    """`x,y` is one start; `x,y;x,y` (or a trailing `;`) is several."""
    points = tuple(parse_point(part, "start") for part in text.split(";") if part.strip())
    if not points:
        raise ValueError(f"start must be x,y, got {shown(text)}")
    return points if ";" in text else points[0]


def starts_text(start: Starts) -> str:
    """The inverse of `parse_starts`."""
    if not has_many(start):
        return point_text(start)  # pyright: ignore[reportArgumentType]
    text = ";".join(map(point_text, start))  # pyright: ignore[reportArgumentType]
    return text if len(start) > 1 else f"{text};"


STARTS = Rule(check_starts, lambda text, _: parse_starts(text), starts_text, as_text=True)
