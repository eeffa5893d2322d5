"""Where a formula is finite, and races that begin there by themselves."""

import numpy as np
import pytest

import optviz
from optviz.surfaces import SURFACES
from optviz.surfaces.expression import FunctionSurface, off_centre
from optviz.surfaces.finite import finite_losses, nearest_finite


@pytest.mark.parametrize(
    "text", ["sqrt(x)", "log(x*y)", "1/x", "log(x - 3.5)", "sqrt(-x) + log(y)"]
)
def test_a_race_begins_where_the_formula_is_finite(text):
    surface = optviz.expression(text)
    assert finite_losses(surface, [surface.start]).all()
    race = optviz.race(surface, ["sgd:learning_rate=1e-9"], num_steps=2)
    assert np.isfinite(race.losses).all()
    assert np.isfinite(race.grad_norms).all()
    x, y = surface.start
    around = [(x + dx, y + dy) for dx in (-0.1, 0, 0.1) for dy in (-0.1, 0, 0.1)]
    assert finite_losses(surface, around).all(), "not at the edge, where a step leaves it"


def test_a_start_that_is_finite_is_nowhere_else():
    for text in ("x**2 + y**2", "sin(x) * exp(y)"):
        surface = optviz.expression(text)
        assert surface.start == off_centre(surface) == (-2.8, 2)
    for cls in SURFACES.values():
        assert nearest_finite(cls(), cls().start) == cls().start


def test_the_nearest_point_of_a_narrow_strip_is_found():
    narrow = optviz.expression("log(x - 3.97)")
    x, y = nearest_finite(narrow, (-2.8, 2.0))
    assert x > 3.97
    assert abs(y - 2) < 0.1


def test_where_nothing_is_finite_the_race_says_so():
    nothing = optviz.expression("log(-1 - x**2)")
    assert nearest_finite(nothing, (0.0, 0.0)) is None
    with pytest.raises(ValueError, match=r"not finite at the start \(-2\.8, 2\.0\)"):
        optviz.race(nothing, ["sgd"])


def test_a_start_that_was_asked_for_is_never_moved():
    with pytest.raises(ValueError, match=r"not finite at the start \(-1\.0, 2\.0\)"):
        optviz.race(optviz.expression("sqrt(x)"), ["sgd"], start=(-1, 2))


def test_a_function_that_fails_is_for_the_race_to_report():
    def broken(x, y):
        raise KeyError("mine")

    assert FunctionSurface(function=broken).start == (-2.8, 2)
