"""Knobs that rules share: what each may be and what a slider offers, told once.

A default belongs to its rule and stands there. The sentences are those of Adam's family: a rule in
which a knob does something else says its own.
"""

from __future__ import annotations

from math import inf
from typing import Any

from optviz.catalog import knob
from optviz.optimizers._line_search import C1

Range = tuple[float, float]


def learning_rate(
    default: float,
    *,
    typical: Range = (1e-5, 1),
    help: str = "About how far each coordinate moves in one step.",
) -> Any:
    return knob(default, domain=(0, inf), typical=typical, log=True, help=help)


def decay(default: float, *, typical: Range = (0, 0.999), closed: str = "left", help: str) -> Any:
    """Share of a running mean or sum that is kept from step to step."""
    return knob(default, domain=(0, 1), closed=closed, typical=typical, help=help)


def b1(
    default: float,
    *,
    help: str = "Memory of the mean gradient: more is smoother and slower to turn.",
) -> Any:
    return decay(default, help=help)


def b2(
    default: float,
    *,
    help: str = "Memory of the squared gradient, which sets each coordinate's scale.",
) -> Any:
    return decay(default, typical=(0, 0.9999), help=help)


def momentum(
    default: float,
    *,
    closed: str = "left",
    help: str = "Share of the velocity that is kept from step to step.",
) -> Any:
    return decay(default, typical=(0, 0.99), closed=closed, help=help)


def eps(
    default: float,
    *,
    typical: Range = (1e-12, 1e-2),
    closed: str = "left",
    help: str = "Floor of the denominator; larger makes the rule more like momentum.",
) -> Any:
    return knob(default, domain=(0, inf), closed=closed, typical=typical, log=True, help=help)


def weight_decay(default: float, *, typical: Range = (0, 1), log: bool = False) -> Any:
    help = "How strongly every step pulls the parameters towards zero."
    return knob(default, domain=(0, inf), typical=typical, log=log, help=help)


def c2(default: float, *, typical: Range = (0.01, 0.9)) -> Any:
    help = "Share of the slope that a line search may leave; small searches almost exactly."
    return knob(default, domain=(C1, 1), closed="neither", typical=typical, help=help)
