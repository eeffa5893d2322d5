"""A sweep as it was asked for: refused before it runs, and the same after a link or a file."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

import optviz
from optviz.schedules import SCHEDULES
from optviz.specs import Run, SweepSpec
from optviz.specs.sweep import Axis, axes_of
from optviz.surfaces import SURFACES
from optviz.surfaces.expression import FunctionSurface, expression

BASE = SweepSpec(
    SURFACES["ravine"](), Run.parse("momentum"), (Axis.parse("learning_rate=1e-4:1:16:log"),)
)
SPECS = {
    "base": BASE,
    "two knobs": replace(
        BASE,
        grid=axes_of(
            Run.parse("momentum").optimizer,
            {"momentum": [0.5], "learning_rate": np.geomspace(1e-3, 0.3, 7)},
        ),
    ),
    "values": replace(
        BASE,
        grid=axes_of(Run.parse("momentum").optimizer, {"momentum": [0.0, 0.9, 0.1 + 0.2, 1e-17]}),
    ),
    "all else": replace(
        BASE,
        surface=SURFACES["beale"](),
        run=Run.parse("adam:b1=0.5@cosine@b2~step#mine"),
        start=((0.1, 0.2), (0.5, -1.0)),
        num_steps=77,
        tolerance=1e-3,
        dtype="float64",
        noise=0.25,
        seed=9,
    ),
    "formula": replace(BASE, surface=expression("x^2 + 3*y", xlim=(-1, 2.5), ylim=(1e-3, 7))),
}
ELSEWHERE = SweepSpec(SURFACES["saddle"](), Run.parse("sgd"), (Axis("learning_rate", (0.5,)),))


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_links_and_files_read_back_exactly(spec):
    spec.check()
    again, problems = SweepSpec.from_query(spec.to_query(), ELSEWHERE)
    assert (again, problems) == (spec, [])
    assert hash(again) == hash(spec)
    record = json.loads(json.dumps(spec.to_json(), allow_nan=False))
    assert SweepSpec.from_json(record) == spec


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("b1=0:1:5", (0, 0.25, 0.5, 0.75, 1)),
        ("b1=0.5", (0.5,)),
        ("b1=0.5|0.25", (0.5, 0.25)),
        ("b1=1e-2:1:3:log", (0.01, 0.1, 1)),
    ],
)
def test_an_axis_as_text(text, values):
    axis = Axis.parse(text)
    assert axis.values == pytest.approx(values)
    assert Axis.parse(axis.text()) == axis


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("b1", r"^grid must be knob=low:high:count or knob=a\|b, got 'b1'$"),
        ("b1=0:1", r"^grid must be knob=low:high:count"),
        ("b1=0:1:0", r"^b1 must have 1 to 4,194,304 values, got 0$"),
        ("b1=0:1:1e12", r"^b1 must have 1 to 4,194,304 values, got 1,000,000,000,000$"),
        ("b1=0:1:2.5", r"^b1: the number of values must be a whole number, got '2.5'$"),
        ("b1=0:1:3:log", r"^b1: equal ratios need ends above 0, got '0:1:3:log'$"),
        ("b1=0:1:3:lin", r"^b1 is spaced by log or evenly, got 'lin'$"),
        ("b1=a|b", r"^b1 must be a number, got 'a'$"),
        ("b1=1||2", r"^b1 must be a number, got ''$"),
    ],
)
def test_an_axis_that_is_none(text, message):
    with pytest.raises(ValueError, match=message):
        Axis.parse(text)


RATES = {"learning_rate": [0.1, 0.2]}
REFUSED = [
    ({"num_steps": 200_000}, "num_steps must be a whole number from 1 to 100,000, got 200000"),
    ({"num_steps": -5}, "num_steps must be a whole number from 1 to 100,000, got -5"),
    ({"num_steps": 2.5}, "num_steps must be a whole number from 1 to 100,000, got 2.5"),
    ({"num_steps": True}, "num_steps must be a whole number from 1 to 100,000, got True"),
    ({"num_steps": np.True_}, "num_steps must be a whole number from 1 to 100,000, got True"),
    ({"num_steps": None}, "num_steps must be a whole number from 1 to 100,000, got None"),
    (
        {"num_steps": 10**5000},
        "num_steps must be a whole number from 1 to 100,000, "
        "got a whole number of about 5,000 digits",
    ),
    ({"dtype": "float16"}, "dtype must be one of float64, float32, got 'float16'"),
    ({"dtype": np.float32}, "dtype must be one of float64, float32, got <class 'numpy.float32'>"),
    ({"schedules": {"rate": "step"}}, "SGD has no knob 'rate' to schedule"),
    ({"schedules": {"learning_rate": 0.1}}, "schedule must be a key or a Schedule, got float"),
    ({"schedules": "step"}, "schedules must map knobs to schedules, got str"),
    ({"tolerance": "small"}, "tolerance must be a number, got 'small'"),
    ({"tolerance": math.nan}, "tolerance must lie in [0, 1], got nan"),
    ({"noise": -1}, "noise must lie in [0, inf], got -1.0"),
    ({"noise": 10**400}, "noise must be at most 1e+30, got a whole number of about 400 digits"),
    ({"noise": 1e308}, "noise must be at most 1e+30, got 1e+308"),
    ({"seed": -1}, "seed must be a whole number from 0 to 4,294,967,295, got -1"),
    ({"seed": "0"}, "seed must be a whole number from 0 to 4,294,967,295, got '0'"),
    ({"start": (1, 2, 3)}, "start must have shape (2,) or (num_starts, 2), got (3,)"),
    ({"start": "1,1"}, "start must be (x, y) or (num_starts, 2) numbers, got '1,1'"),
    ({"start": ["1", "1"]}, "start must be (x, y) or (num_starts, 2) numbers, got ['1', '1']"),
    (
        {"start": (True, False)},
        "start must be (x, y) or (num_starts, 2) numbers, got (True, False)",
    ),
    ({"start": (math.inf, 0)}, "start must be two finite numbers x, y, got (inf, 0.0)"),
    ({"start": (1e308, 0)}, "start must lie within 1e+300, got (1e+308, 0.0)"),
    ({"start": np.zeros((0, 2))}, "start must have shape (2,) or (num_starts, 2), got (0, 2)"),
    ({"start": np.zeros((1025, 2))}, "start must have 1 to 1024 points, got 1025"),
    ({"grid": {}}, "a sweep needs 1 to 8 knobs, got none"),
    ({"grid": ["learning_rate"]}, "grid must map knobs to their values, got list"),
    ({"grid": {"learning_rate": None}}, "SGD.learning_rate must be numbers, got None"),
    ({"grid": {"learning_rate": [10**400]}}, "SGD.learning_rate must be numbers, got"),
    ({"grid": {"learning_rate": [math.nan]}}, "SGD.learning_rate must lie in [0, inf), got nan"),
    (
        {"grid": {"learning_rate": np.zeros((2, 2))}},
        "SGD.learning_rate needs a list of values, got shape (2, 2)",
    ),
    (
        {"grid": {"learning_rate": np.ones(2**22 + 1)}},
        "a sweep has at most 4,194,304 points, got 4,194,305",
    ),
    (
        {"grid": {"learning_rate": np.ones(2**22)}, "num_steps": 100_000},
        "a sweep may need at most 2 GB and 10 minutes, and 4,194,304 points x 100,000 steps need "
        "about 839 MB and 5.8 hours: 120,000 points or 2,861 steps would fit",
    ),
    ({"optimizer": None}, "an optimizer must be a key, an Optimizer or"),
    ({"budget": 5}, "budget must be a Budget(gigabytes, seconds), got 5"),
    ({"progress": 5}, "progress must be a function, got int"),
    ({"cancelled": []}, "cancelled must be a function, got list"),
    ({"surface": 3}, "surface must be a key, a Surface or a function f(x, y), got int"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED, ids=[m[:60] for _, m in REFUSED])
def test_a_sweep_is_refused_in_one_line_before_it_begins(change, message):
    asked = {"surface": "ravine", "optimizer": "sgd", "grid": RATES} | change
    surface, optimizer, grid = (asked.pop(name) for name in ("surface", "optimizer", "grid"))
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        optviz.sweep(surface, optimizer, grid, **asked)
    text = str(caught.value)
    assert text.startswith(message)
    assert "\n" not in text
    assert len(text) < 400


def test_a_larger_budget_lets_a_larger_sweep_through():
    large = replace(BASE, grid=(Axis("learning_rate", (0.1,) * 2**20),), num_steps=50_000)
    with pytest.raises(ValueError, match=r"^a sweep may need at most 2 GB and 10 minutes"):
        large.check()
    large.check(optviz.Budget(gigabytes=2, seconds=3600))


def test_what_lives_in_python_has_no_link():
    spec = replace(BASE, surface=FunctionSurface(function=lambda x, y: x**2 + y**2))
    spec.check()
    for ask in (spec.to_query, spec.to_json):
        with pytest.raises(ValueError, match="lives in Python only"):
            ask()


def test_a_schedule_may_not_take_a_swept_knob_out_of_its_domain():
    grid = {"momentum": [0.1, 0.9]}
    schedules = {"momentum": SCHEDULES["piecewise"](points=((0.0, 1.0), (1.0, 1.5)))}
    with pytest.raises(ValueError, match=r"^Momentum\.momentum must lie in \[0, 1\], and its"):
        optviz.sweep("ravine", "momentum", grid, schedules=schedules, num_steps=20)


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        {},
        {"surface": 3},
        {**BASE.to_json(), "grid": "b1=0.5"},
        {**BASE.to_json(), "seed": 1.5},
    ],
)
def test_a_file_that_is_no_sweep(record):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        SweepSpec.from_json(record)
    assert "\n" not in str(caught.value)
