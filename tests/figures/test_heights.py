"""Losses as heights: every surface that the page draws has its picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import optviz
from optviz.figures.heights import (
    Curve,
    axis_range,
    loss_axis,
    map_heights,
    race_curves,
    surface_heading,
    surface_title,
)

INF, NAN = np.inf, np.nan


@pytest.mark.parametrize("scale", ["log", "linear"])
@pytest.mark.parametrize(
    "losses",
    [
        [1.0, 10.0, 100.0],
        [1e8, 1e8 + 1e-6, 1e8 + 2e-6],
        [1.0, 1e120, 1e293],
        [-1.7e308, 0.0, 1.7e308],
        [-3.0, NAN, 5.0],
        [-INF, 2.0, INF, 3.0],
        [0.0, 1.0, 1.0],
    ],
)
def test_a_map_reaches_from_its_lowest_to_its_highest_band(losses, scale) -> None:
    losses = np.array(losses)
    heights = map_heights(losses, scale, None)
    finite = np.isfinite(losses)
    np.testing.assert_array_equal(np.isfinite(heights), finite)
    assert (heights[finite].min(), heights[finite].max()) == (0, pytest.approx(1))
    order = np.argsort(losses[finite])
    assert np.all(np.diff(heights[finite][order]) >= 0)


def test_a_flat_map_is_one_band_and_an_empty_one_none() -> None:
    assert map_heights(np.full((2, 2), 3.0), "log", 3.0).tolist() == [[0.5] * 2] * 2
    assert np.isnan(map_heights(np.full((2, 2), NAN), "linear", None)).all()
    # a known minimum outside the window counts: the window's own lowest is then no floor
    assert map_heights(np.array([4.0, 40.0, 400.0]), "log", 0.0)[1] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("losses", "minimum", "title", "log"),
    [
        ([3.0, 0.0], 0.0, "Loss", True),
        ([3.0, -5.0], -5.0, "Loss above the minimum", True),
        ([3.0, -5.0 - 1e-6], -5.0, "Loss above the minimum", True),  # float32 rounds
        ([3.0, -5.1], -5.0, "Loss", False),
        ([3.0, -5.0], None, "Loss", False),
        ([3.0, 1.0], None, "Loss", True),
        ([1e8 + 1e-6, 1e8], None, "Loss above the lowest", True),
        ([3.0, NAN, INF], None, "Loss", True),
        ([NAN, INF], None, "Loss", True),
    ],
)
def test_a_losses_axis(losses, minimum, title, log) -> None:
    axis = loss_axis(np.array(losses), minimum)
    assert (axis.title, axis.log) == (title, log)
    finite = axis.values[np.isfinite(axis.values)]
    assert not log or np.all(finite >= 0)


def test_an_axis_covers_all_but_what_runs_off() -> None:
    calm, deep = Curve(np.array([[5.0, 1.0]])), Curve(np.array([[5.0, 1e-300]]))
    low, high = axis_range([calm], True)
    assert low < 1 < 5 < high < 10
    assert axis_range([deep], True)[0] == pytest.approx(5e-20 / 10, rel=0.5)
    wild = Curve(np.array([[5.0, 1e12]]), wild=True)
    assert 50 < axis_range([calm, wild], True)[1] < 500
    assert axis_range([wild], True)[1] < 500
    assert axis_range([calm, wild._replace(wild=False)], True)[1] > 1e12
    falls = Curve(np.array([[1.0, -1.0, -1e12]]), leaves=1)
    assert axis_range([falls], False)[0] > -2
    assert axis_range([Curve(np.full((1, 3), NAN))], True) == (0.1, 10)
    assert axis_range([Curve(np.full((1, 3), NAN))], False) == (0, 1)
    low, high = axis_range([Curve(np.full((1, 3), 4.0))], False)
    assert low < 4 < high
    zeros = Curve(np.zeros((1, 3)))
    assert axis_range([zeros], True) == (0.1, 10)
    assert axis_range([zeros], False)[0] < 0 < axis_range([zeros], False)[1]


def test_a_picture_is_of_its_formula_and_its_knobs() -> None:
    assert surface_title(optviz.expression("x**2 + 3*y**2")) == "x**2 + 3*y**2"
    ravine = optviz.SURFACES["ravine"]
    assert surface_heading(ravine()) == surface_title(ravine()) == "Ravine"
    assert surface_heading(ravine(condition=200.0)) == "Ravine, condition 200"


FORMULAS = {
    "exp(x**2)": (26, "log"),
    "x**2 + 1e8": (0.001, "log"),
    "3 + 0*x": (4, "log"),
    "log(x)": (4, "linear"),
    "log(-1 - x**2) + x": (4, "log"),
    "x**3 - 3*x*y**2": (4, "linear"),
}


@pytest.mark.parametrize("text", FORMULAS)
def test_every_formula_that_has_a_race_has_a_picture(text: str, tmp_path: Path) -> None:
    half = FORMULAS[text][0]
    surface = optviz.expression(text, xlim=(-half, half), ylim=(-half, half))
    rule = optviz.optimizers.SGD(learning_rate=1e-3)
    start = (0.5 * half, 0.5 * half)
    if "log(-1" in text:
        with pytest.raises(ValueError, match="not finite at the start"):
            optviz.race(surface, [rule], start=start, num_steps=1)
        return
    race = optviz.race(surface, [rule], start=start, num_steps=1)
    assert race.save(tmp_path / "race.png").read_bytes().startswith(b"\x89PNG")
    assert race.figure().layout.annotations[0].text == text
    assert text in race.html().split("</h1>")[0]


def test_a_race_of_still_pictures_knows_who_runs_off() -> None:
    rules = {f"{rate:g}": optviz.optimizers.SGD(learning_rate=rate) for rate in (0.3, 1e-6)}
    race = optviz.race("saddle", rules, num_steps=200)
    fast, slow = race_curves(race, race.losses)
    assert (fast.leaves is not None, slow.leaves) == (True, None)
    assert 0 < fast.leaves < 200
    low, high = axis_range([fast, slow], False)
    assert -50 < low < high < 50
