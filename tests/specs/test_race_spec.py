"""A race as it was asked for: checks, equality, links and JSON."""

import json
import math
import re
from dataclasses import fields, replace
from urllib.parse import parse_qs, urlencode

import numpy as np
import pytest

from optviz.catalog import knobs
from optviz.optimizers import OPTIMIZERS
from optviz.schedules import SCHEDULES
from optviz.specs import RaceSpec, Run
from optviz.specs.rates import fair_rates
from optviz.surfaces import SURFACES
from optviz.surfaces.expression import FunctionSurface, expression

BASE = RaceSpec(SURFACES["ravine"](), (Run.parse("sgd"), Run.parse("momentum")))

SPECS = {
    "base": BASE,
    "surface with knobs": replace(BASE, surface=SURFACES["ravine"](condition=7.0, angle=-0.1)),
    "expression": replace(BASE, surface=expression("x^2 + sin(3*y)**2 % 2")),
    "expression in a window": replace(
        BASE, surface=expression("x + y", xlim=(-1, 2.5), ylim=(1e-3, 7))
    ),
    "one start": replace(BASE, start=(-1.25, 1e-17)),
    "two starts": replace(BASE, start=((0.1, 0.2), (0.1 + 0.2, -3.0))),
    "one start in a list": replace(BASE, start=((0.5, 0.25),)),
    "many starts": replace(
        BASE, start=tuple(map(tuple, np.random.default_rng(0).normal(size=(100, 2)).tolist()))
    ),
    "scalars": replace(
        BASE, num_steps=1234, noise=0.1, seed=2**32 - 1, tolerance=1e-9, dtype="float32"
    ),
    "no tolerance": replace(BASE, tolerance=0.0),
    "default rates": replace(BASE, rates="default"),
    "one rate": replace(BASE, rates=0.015),
    "schedule": replace(BASE, schedule=SCHEDULES["step"](factor=0.1, interval=1 / 3)),
    "product": replace(
        BASE,
        schedule=SCHEDULES["warmup"](share=1 / 3) * SCHEDULES["piecewise"](points=((0.1, 1e-17),)),
        steps_per_epoch=7,
    ),
    "own schedules": replace(
        BASE,
        runs=(
            Run.parse("adam:learning_rate=0.001@cosine@b1~exponential:k=0.5"),
            Run.parse("momentum@momentum~inverse_time"),
        ),
    ),
    "labels": replace(
        BASE,
        runs=tuple(
            Run(OPTIMIZERS["sgd"](), label=text)
            for text in ("a&b=c", "#", "a#b@c~d", "+ %20 ;", "é ∇", "' \" <b> \\ /", "?x=1")
        ),
    ),
    "a rule twice": replace(BASE, runs=(Run.parse("adam"), Run.parse("adam:b1=0.5"))),
    "every rule": replace(BASE, runs=tuple(Run(cls()) for cls in OPTIMIZERS.values())),
}
all_specs = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)

# What a link is read into: different in everything from what it will say.
ELSEWHERE = RaceSpec(
    SURFACES["beale"](),
    (Run.parse("adam"),),
)


@all_specs
def test_links_read_back_exactly(spec):
    spec.check()
    again, problems = RaceSpec.from_query(spec.to_query(), ELSEWHERE)
    assert problems == []
    assert again == spec
    assert hash(again) == hash(spec)
    assert again.to_query() == spec.to_query()


@all_specs
def test_links_survive_a_browser(spec):
    """Percent-encoded and decoded as a query string."""
    text = urlencode(spec.to_query(), doseq=True)
    again, problems = RaceSpec.from_query(parse_qs(text, strict_parsing=True), ELSEWHERE)
    assert (again, problems) == (spec, [])


@pytest.mark.parametrize("cls", SURFACES.values(), ids=SURFACES)
def test_every_surface_has_a_link(cls):
    for surface in [cls()] + [cls(**{n: i.typical[0]}) for n, i in knobs(cls).items()]:
        spec = replace(BASE, surface=surface)
        assert RaceSpec.from_query(spec.to_query(), ELSEWHERE) == (spec, [])


@all_specs
def test_json_is_strict(spec):
    text = json.dumps(spec.to_json(), allow_nan=False)
    data = json.loads(text)
    assert data == spec.to_json()
    assert data["num_steps"] == spec.num_steps
    assert len(data["optimizers"]) == len(spec.runs)
    assert np.shape(data["start"]) == (len(spec.starts), 2)
    assert (data["surface"] is None) == (data["expression"] is not None)


def test_json_of_what_lives_in_python():
    spec = replace(BASE, surface=FunctionSurface(function=_bowl))
    data = json.loads(json.dumps(spec.to_json(), allow_nan=False))
    assert data["surface"] == "Function"
    with pytest.raises(ValueError, match=r"^Function has no link: it lives in Python only$"):
        spec.to_query()


def _bowl(x, y):
    return x**2 + y**2


def test_equal_specs_are_one_key():
    one, other = (RaceSpec(SURFACES["ravine"](), (Run.parse("sgd"),)) for _ in range(2))
    assert one == other
    assert len({one, other}) == 1
    for name, value in [
        ("num_steps", 7),
        ("seed", 1),
        ("noise", 0.1),
        ("start", (0.0, 0.0)),
        ("start", ((0.0, 0.0),)),
        ("tolerance", 0.1),
        ("dtype", "float32"),
        ("rates", 0.1),
        ("schedule", SCHEDULES["cosine"]()),
        ("surface", SURFACES["ravine"](angle=3.0)),
        ("runs", (Run.parse("sgd#x"),)),
    ]:
        changed = replace(one, **{name: value})
        assert changed != one
        assert len({one, changed}) == 2
    assert replace(one, start=(1.0, 2.0)) != replace(one, start=((1.0, 2.0),))


def test_every_setting_is_in_the_link():
    """A new field that is forgotten in links fails here."""
    changes = {
        "surface": SURFACES["beale"](),
        "runs": (Run.parse("adam"),),
        "start": (0.5, 0.5),
        "num_steps": 7,
        "schedule": SCHEDULES["cosine"](),
        "noise": 0.5,
        "seed": 3,
        "tolerance": 0.01,
        "dtype": "float32",
        "rates": "default",
        "steps_per_epoch": 5,
    }
    assert set(changes) == {field.name for field in fields(RaceSpec)}
    for name, value in changes.items():
        assert replace(BASE, **{name: value}).to_query() != BASE.to_query()


DAMAGED = [
    ({"surface": ["ravin"]}, r"^surface: unknown surface 'ravin' \(did you mean 'ravine'\?\)"),
    ({"surface": ["ravine:condition=0"]}, r"^surface: Ravine\.condition must lie in \(0, inf\)"),
    ({"surface": ["ravine:steepness=1"]}, r"^surface: unknown knob of ravine 'steepness'"),
    ({"expression": ["__import__('os')"]}, r"^expression: "),
    ({"expression": ["x +"]}, r"^expression: "),
    ({"xlim": ["0,1"]}, r"^xlim: only an expression has a window of its own$"),
    ({"run": ["adan"]}, r"^run: unknown optimizer 'adan' \(did you mean 'adam'\?\)"),
    ({"run": ["adam:b1=2"]}, r"^run: Adam\.b1 must lie in \[0, 1\), got 2\.0$"),
    ({"start": ["1"]}, r"^start: start must be x,y, got '1'$"),
    ({"start": ["1,a"]}, r"^start: start must be a number, got 'a'$"),
    ({"start": ["1,nan"]}, r"^start: start must be a finite number, got 'nan'$"),
    ({"start": ["1,inf;2,3"]}, r"^start: start must be a finite number, got 'inf'$"),
    ({"start": [";"]}, r"^start: start must be x,y"),
    (
        {"num_steps": ["0"]},
        r"^num_steps: num_steps must be a whole number from 1 to 100,000, got 0$",
    ),
    ({"num_steps": ["1e99"]}, r"^num_steps: num_steps must be a whole number from 1 to 100,000"),
    ({"num_steps": ["2.5"]}, r"^num_steps: num_steps must be a whole number, got '2\.5'$"),
    ({"num_steps": ["many"]}, r"^num_steps: num_steps must be a number, got 'many'$"),
    ({"noise": ["-1"]}, r"^noise: noise must lie in \[0, inf\], got -1\.0$"),
    ({"seed": ["-1"]}, r"^seed: seed must be a whole number from 0 to 4,294,967,295, got -1$"),
    ({"tolerance": ["2"]}, r"^tolerance: tolerance must lie in \[0, 1\], got 2\.0$"),
    ({"dtype": ["float16"]}, r"^dtype: dtype must be one of float64, float32, got 'float16'$"),
    ({"rates": ["best"]}, r"^rates: rates must be tuned, default or a number, got 'best'$"),
    ({"rates": ["-1"]}, r"^rates: rates must lie in \[0, inf\], got -1\.0$"),
    ({"rates": ["nan"]}, r"^rates: rates must be a finite number, got 'nan'$"),
    ({"schedule": ["cosin"]}, r"^schedule: unknown schedule 'cosin' \(did you mean 'cosine'\?\)"),
    ({"nonsense": ["1"]}, r"^'nonsense' is not a setting of a race$"),
    ({"__class__": ["1"]}, r"^'__class__' is not a setting of a race$"),
]


@pytest.mark.parametrize(("query", "message"), DAMAGED)
def test_damage_keeps_the_default_and_is_reported(query, message):
    spec, problems = RaceSpec.from_query(query, BASE)
    assert spec == BASE
    assert len(problems) == 1
    assert re.search(message, problems[0])
    assert "\n" not in problems[0]
    # What is whole beside it is read all the same.
    beside = {"seed": ["5"]} if "seed" not in query else {"noise": ["0.5"]}
    spec, problems = RaceSpec.from_query(query | beside, BASE)
    assert spec == (replace(BASE, seed=5) if "seed" in beside else replace(BASE, noise=0.5))
    assert len(problems) == 1


def test_every_damaged_thing_has_its_line():
    query = {
        "run": ["adam", "adan", "sgd:learning_rate=-1", "momentum"],
        "start": ["here"],
        "color": ["red"],
        "num_steps": ["-5"],
        "noise": ["0.25"],
    }
    spec, problems = RaceSpec.from_query(query, BASE)
    assert spec == replace(BASE, noise=0.25, runs=(Run.parse("adam"), Run.parse("momentum")))
    assert len(problems) == 5
    assert all(p.count("\n") == 0 and p.isprintable() for p in problems)


def test_too_many_runs_are_cut_with_a_word():
    spec, problems = RaceSpec.from_query({"run": ["sgd"] * 70}, BASE)
    assert len(spec.runs) == 64
    assert len(problems) == 1
    assert "64" in problems[0]


def test_empty_values_mean_nothing():
    query = {"surface": [""], "start": [], "run": ["", ""], "seed": [""]}
    assert RaceSpec.from_query(query, BASE) == (BASE, [])


def test_random_damage_never_raises():
    """Links with a letter changed, dropped or doubled: a valid spec, and lines without breaks."""
    rng = np.random.default_rng(0)
    letters = list("abxy019.,;:=@#~+-*/^()% \n\x00é")
    for spec in SPECS.values():
        for _ in range(40):
            query = {name: list(values) for name, values in spec.to_query().items()}
            name = list(query)[rng.integers(len(query))]
            text = query[name][0]
            at = rng.integers(len(text) + 1)
            middle = [str(rng.choice(letters)), "", text[at : at + 1] * 2][rng.integers(3)]
            query[name][0] = text[:at] + middle + text[at + rng.integers(2) :]
            read, problems = RaceSpec.from_query(query, BASE)
            read.check()
            assert all(problem.isprintable() for problem in problems)


INVALID = [
    ({"runs": ()}, "a race needs 1 to 64 optimizers, got none"),
    ({"runs": (Run.parse("sgd"),) * 65}, "a race needs 1 to 64 optimizers, got 65"),
    ({"num_steps": 0}, "num_steps must be a whole number from 1 to 100,000, got 0"),
    ({"num_steps": 100_001}, "num_steps must be a whole number from 1 to 100,000, got 100001"),
    ({"num_steps": 10.0}, "num_steps must be a whole number from 1 to 100,000, got 10.0"),
    ({"num_steps": True}, "num_steps must be a whole number from 1 to 100,000, got True"),
    ({"num_steps": "10"}, "num_steps must be a whole number from 1 to 100,000, got '10'"),
    ({"seed": 2**32}, "seed must be a whole number from 0 to 4,294,967,295, got 4294967296"),
    ({"noise": math.nan}, "noise must lie in [0, inf], got nan"),
    ({"noise": math.inf}, "noise must lie in [0, inf], got inf"),
    ({"noise": "a"}, "noise must be a number, got 'a'"),
    ({"tolerance": -1e-9}, "tolerance must lie in [0, 1], got -1e-09"),
    ({"dtype": "int8"}, "dtype must be one of float64, float32, got 'int8'"),
    ({"rates": "x"}, "rates must be tuned, default or a number, got 'x'"),
    ({"start": (0.0, math.nan)}, "start must be two finite numbers x, y, got (0.0, nan)"),
    ({"start": ((0.0, 0.0),) * 1025}, "start must have 1 to 1024 points, got 1025"),
    ({"start": ()}, "start must have 1 to 1024 points, got 0"),
]


@pytest.mark.parametrize(("change", "message"), INVALID)
def test_invalid_specs_say_so_in_one_line(change, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        replace(BASE, **change).check()


def test_rates_fill_in_what_was_not_said():
    runs = (Run.parse("sgd"), Run.parse("sgd:learning_rate=0.5"))
    rates = [r.optimizer.learning_rate for r in replace(BASE, runs=runs).resolved()]
    (question,) = replace(BASE, runs=runs).questions()
    assert rates == [*fair_rates([question]), 0.5]
    default = replace(BASE, runs=runs, rates="default").resolved()
    assert [r.optimizer.learning_rate for r in default] == [OPTIMIZERS["sgd"]().learning_rate, 0.5]
    common = replace(BASE, runs=runs, rates=0.25).resolved()
    assert [r.optimizer.learning_rate for r in common] == [0.25, 0.5]


def test_a_schedule_of_its_own_goes_first():
    cosine, step = SCHEDULES["cosine"](), SCHEDULES["step"]()
    runs = (Run.parse("sgd"), Run.parse("sgd@step"), Run.parse("momentum@momentum~step"))
    resolved = replace(BASE, runs=runs, schedule=cosine).resolved()
    assert [r.schedule_of("learning_rate") for r in resolved] == [cosine, step, cosine]
    assert resolved[2].schedule_of("momentum") == step
