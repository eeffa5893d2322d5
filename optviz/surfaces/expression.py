"""Surfaces from outside the catalogue: an expression that a user types, or any JAX function.

The text is parsed with `ast` and rebuilt from a whitelist of names into closures over `jnp`;
nothing of it is ever evaluated as Python.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from typing import ClassVar, TypeAlias

import jax
import jax.numpy as jnp

from optviz.catalog import entry, shown, switch
from optviz.surfaces.base import Point, Surface
from optviz.surfaces.finite import nearest_finite

Value: TypeAlias = "jax.Array"
Node: TypeAlias = Callable[[Value, Value], Value]

MAX_CHARS, MAX_NODES, MAX_DEPTH = 300, 200, 30
# Of a window: squares of its coordinates, and float32, still hold them; and float64 has some
# thousand places between its ends.
FARTHEST, NARROWEST = 1e12, 1e-12
CONSTANTS = {"pi": math.pi, "e": math.e}
FUNCTIONS: dict[
    str, tuple[int, Callable[..., Value]]
] = {  # name -> (number of arguments, function)
    **{
        name: (1, getattr(jnp, name))
        for name in [
            "sin",
            "cos",
            "tan",
            "sinh",
            "cosh",
            "tanh",
            "exp",
            "exp2",
            "expm1",
            "log",
            "log2",
            "log10",
            "log1p",
            "sqrt",
            "cbrt",
            "abs",
            "sign",
            "floor",
            "ceil",
            "square",
        ]
    },
    "asin": (1, jnp.arcsin),
    "acos": (1, jnp.arccos),
    "atan": (1, jnp.arctan),
    "sigmoid": (1, jax.nn.sigmoid),
    "relu": (1, jax.nn.relu),
    "softplus": (1, jax.nn.softplus),
    "min": (2, jnp.minimum),
    "max": (2, jnp.maximum),
    "hypot": (2, jnp.hypot),
    "atan2": (2, jnp.arctan2),
}
BINARY: dict[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
    ast.Mod: lambda a, b: a % b,
}
UNARY: dict[type[ast.unaryop], Callable[[Value], Value]] = {
    ast.UAdd: lambda a: a,
    ast.USub: lambda a: -a,
}


def compile_expression(text: str) -> Node:
    """The JAX function of x and y that `text` denotes.

    Args:
        text: numbers, `x`, `y`, `pi`, `e`, `+ - * / ** ^ %`, parentheses and the functions in
            `FUNCTIONS`; at most 300 characters.

    Raises:
        ValueError: one line with what is not allowed, its place, and what is.
    """
    if not isinstance(text, str) or not text.strip():
        raise ValueError("expression must be a formula in x and y, got nothing")
    if len(text) > MAX_CHARS:
        raise ValueError(f"expression must have at most {MAX_CHARS} characters, got {len(text)}")
    if bad := re.search(r"[^\x20-\x7e]", text):
        raise ValueError(
            f"expression: character {bad.group()!r} at {bad.start() + 1} is not plain ASCII"
        )
    _check_spelling(text)
    typed = _Typed(text)
    try:
        tree = ast.parse(typed.source, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        # Python counts from 1, and says 0 where the text ends too early.
        place = typed.place((getattr(error, "offset", None) or len(text) + 1) - 1)
        raise ValueError(
            f"expression {text!r} does not read as a formula near character {place + 1}"
        ) from None
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise ValueError(f"expression must have at most {MAX_NODES} parts, got more")
    return _build(tree.body, typed, 0)


# Whatever Python would read as a number, and what is one here.
_NUMERAL = re.compile(r"(?<![\w.])\.?\d(?:[\w.]|(?<=[eE])[+-](?=\d))*")
_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def _check_spelling(text: str) -> None:
    """Refuse what Python's reader would drop, join, or read with a warning: `# note`, `1if`, `1_0`.

    Raises:
        ValueError: one line with the place.
    """
    if bad := re.search(r"[#\\]", text):
        raise ValueError(
            f"expression: character {bad.group()!r} at {bad.start() + 1} is not allowed"
        )
    for numeral in _NUMERAL.finditer(text):
        if not _NUMBER.fullmatch(numeral.group()):
            raise ValueError(
                f"expression: {numeral.group()[:40]!r} at character {numeral.start() + 1} is not a "
                "number; write 2*x, 0.5 or 1e-3"
            )


class _Typed:
    """A formula as it was typed, as Python reads it, and the way back for messages."""

    def __init__(self, text: str) -> None:
        self.text = text
        # Leading blanks would read as an indent. `^` is what most people type for a power.
        lead = len(text) - len(text.lstrip())
        spelled = ["**" if c == "^" else c for c in text.strip()]
        self.source = "".join(spelled)
        self._places = [i for i, part in enumerate(spelled, start=lead) for _ in part]

    def place(self, offset: int) -> int:
        """Where a character of `source` stands in `text`, both counted from 0."""
        return self._places[min(offset, len(self._places) - 1)]

    def piece(self, node: ast.expr) -> str:
        end = node.end_col_offset or node.col_offset + 1
        return self.text[self.place(node.col_offset) : self.place(end - 1) + 1]


def _build(node: ast.expr, text: _Typed, depth: int) -> Node:
    def refuse(what: str) -> ValueError:
        piece, place = text.piece(node), text.place(node.col_offset)
        return ValueError(
            f"expression: {what} {piece[:40]!r} at character {place + 1} is not allowed; "
            f"allowed: numbers, x, y, pi, e, + - * / ** % and {', '.join(sorted(FUNCTIONS))}"
        )

    if depth > MAX_DEPTH:
        raise ValueError(f"expression must be nested at most {MAX_DEPTH} deep")
    match node:
        case ast.Constant(value=bool() | complex() | str() | bytes() | None):
            raise refuse("constant")
        case ast.Constant(value=int() | float() as number):
            if not abs(number) <= 1e12:
                raise refuse("a number beyond 1e12,")
            # An array, not a Python number: 1/0 is then infinite instead of an exception.
            return lambda x, y: jnp.asarray(float(number), x.dtype)
        case ast.Name(id="x"):
            return lambda x, y: x
        case ast.Name(id="y"):
            return lambda x, y: y
        case ast.Name(id=name) if name in CONSTANTS:
            return lambda x, y: jnp.asarray(CONSTANTS[name], x.dtype)
        case ast.Name():
            raise refuse("name")
        case ast.UnaryOp(op=op, operand=operand) if type(op) in UNARY:
            unary, inner = UNARY[type(op)], _build(operand, text, depth + 1)
            return lambda x, y: unary(inner(x, y))
        case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=int() as power)) if (
            type(power) is int and abs(power) <= 64
        ):
            # A whole power of a negative base has a gradient; a power by exp and log has none.
            inner = _build(base, text, depth + 1)
            return lambda x, y: inner(x, y) ** power
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            binary = BINARY[type(op)]
            first, second = _build(left, text, depth + 1), _build(right, text, depth + 1)
            return lambda x, y: binary(first(x, y), second(x, y))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            count, function = FUNCTIONS[name]
            if len(args) != count or any(isinstance(a, ast.Starred) for a in args):
                raise refuse(f"{name} takes {count} argument{'s' * (count > 1)}, so")
            parts = [_build(a, text, depth + 1) for a in args]
            return lambda x, y: function(*(part(x, y) for part in parts))
        case _:
            raise refuse(type(node).__name__.lower())


@entry
class Expression(Surface):
    """A surface typed by a user; its minima, saddles and lower bound are not known."""

    label: ClassVar[str] = "Expression"

    text: str = switch("x**2 + y**2", help="The formula, in x and y.")
    xlim: Point = switch((-4.0, 4.0), help="The window's range of x.")  # pyright: ignore
    ylim: Point = switch((-4.0, 4.0), help="The window's range of y.")  # pyright: ignore

    @property
    def start(self) -> Point:  # pyright: ignore
        """A point off centre, or near it where the loss and its gradient are finite."""
        return finite_start(self)

    def __call__(self, params: jax.Array) -> jax.Array:
        x, y = params
        return compile_expression(self.text)(x, y)

    def minima(self) -> tuple[Point, ...]:
        return ()

    def saddles(self) -> tuple[Point, ...]:
        return ()

    def lower_bound(self) -> None:
        return None


@entry
class FunctionSurface(Surface):
    """Any JAX function f(x, y) as a surface; it stays in Python and has no link."""

    label: ClassVar[str] = "Function"

    function: Callable[[Value, Value], Value] = switch(lambda x, y: x**2 + y**2, help="f(x, y).")
    xlim: Point = switch((-4.0, 4.0), help="The window's range of x.")  # pyright: ignore
    ylim: Point = switch((-4.0, 4.0), help="The window's range of y.")  # pyright: ignore

    @property
    def start(self) -> Point:  # pyright: ignore
        """A point off centre, or near it where the loss and its gradient are finite."""
        return finite_start(self)

    def __call__(self, params: jax.Array) -> jax.Array:
        x, y = params
        return jnp.asarray(self.function(x, y))

    def minima(self) -> tuple[Point, ...]:
        return ()

    def saddles(self) -> tuple[Point, ...]:
        return ()

    def lower_bound(self) -> None:
        return None


def expression(text: str, *, xlim: Point = (-4.0, 4.0), ylim: Point = (-4.0, 4.0)) -> Expression:
    """A surface from a formula in x and y, such as `"x**2 + 3*y**2"`; see `compile_expression`.

    Args:
        text: the formula.
        xlim: the window that is drawn, (low, high) with low < high.
        ylim: likewise.

    Raises:
        ValueError: the formula has something that is not allowed, or the window is empty.
    """
    compile_expression(text)
    for axis, limits in (("x", xlim), ("y", ylim)):
        check_window(axis, limits)
    return Expression(text=text.strip(), xlim=_pair(xlim), ylim=_pair(ylim))


def check_window(axis: str, limits: Point) -> None:
    """Raise `ValueError` unless `limits` is a range that can be computed with and drawn."""
    try:
        low, high = limits
        sound = -math.inf < low < high < math.inf
    except (TypeError, ValueError):  # no pair, or not of numbers
        sound = False
    if not sound:
        raise ValueError(
            f"{axis} window must be two finite numbers, low < high, got {shown(limits)}"
        )
    low, high = limits
    farthest = max(abs(low), abs(high))
    if farthest > FARTHEST or high - low < max(NARROWEST * farthest, 1 / FARTHEST):
        raise ValueError(
            f"{axis} window must lie within {FARTHEST:g} and be at least {NARROWEST:g} of its "
            f"distance from 0 wide, got {shown(limits)}"
        )


def _pair(limits: Point) -> Point:
    return (float(limits[0]), float(limits[1]))


def off_centre(surface: Surface) -> Point:
    """A point towards the upper left corner of the window."""
    (left, right), (low, high) = surface.xlim, surface.ylim
    return (0.85 * left + 0.15 * right, 0.25 * low + 0.75 * high)


def finite_start(surface: Surface) -> Point:
    """The point off centre, or the nearest where one can begin; where there is none, itself."""
    point = off_centre(surface)
    try:
        return nearest_finite(surface, point) or point
    except Exception:  # of a user's function; whoever descends from the point will say it
        return point
