"""Fair rates: the best for exactly the race, by races that this file runs for itself."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import optviz
from optviz.analysis.race import tuning
from optviz.analysis.race.answers import Answers
from optviz.analysis.race.tuning import GRID, around, rule_of_tuning, search, searched_starts
from optviz.catalog import defaults
from optviz.engine.surfaces.descend import compile_count
from optviz.export.tables import overview_frame
from optviz.optimizers import OPTIMIZERS
from optviz.schedules import SCHEDULES
from optviz.specs import RaceSpec, Run
from optviz.specs.surface import parse_surface
from optviz.surfaces import SURFACES

pytestmark = pytest.mark.usefixtures("compiled_quickly")

RAVINE = optviz.SURFACES["ravine"]()
CLOUD = ((5.0, 1.0), (4.0, -2.0), (-6.0, 0.5))


def spec_of(surface, rule="sgd", **settings):
    surface = parse_surface(surface) if isinstance(surface, str) else surface
    return RaceSpec(surface, (Run.parse(rule),), **settings)


def rates_of(race):
    return [getattr(run.optimizer, "learning_rate", None) for run in race.spec.resolved()]


def criterion(race):
    """(median steps to tolerance, median final loss) of each run, infinite where there is none."""
    rows = len(race.labels)
    steps = np.where(race.steps_to_tolerance < 0, np.inf, race.steps_to_tolerance)
    final = np.where(race.outcomes == "diverged", np.inf, race.losses[..., -1])
    with np.errstate(invalid="ignore"):
        both = [np.median(a.reshape(rows, -1), axis=1) for a in (steps, final)]
    return list(zip(*(np.nan_to_num(a, nan=np.inf).tolist() for a in both), strict=True))


def by_hand(spec, rates):
    """The criterion at each rate, from one plain race of the rule at all of them."""
    (run,) = spec.runs
    scheduled = run.schedules or ((("learning_rate", spec.schedule),) if spec.schedule else ())
    runs = [
        Run(replace(run.optimizer, learning_rate=r), ("learning_rate",), scheduled, str(r))
        for r in rates
    ]
    results = []
    for first in range(0, len(runs), 60):
        part = replace(spec, runs=tuple(runs[first : first + 60]), schedule=None)
        results += criterion(optviz.api.run_race(part))
    return results


RACES = {
    "a steep ravine": spec_of("ravine:condition=200"),
    "turned, many starts": spec_of("ravine:condition=30,angle=20", "momentum", start=CLOUD),
    "noise": spec_of("ravine", "adam", noise=2.0, seed=5, tolerance=1e-2),
    "a schedule for all": spec_of("rosenbrock", "momentum", schedule=SCHEDULES["cosine"]()),
    "its own schedule": spec_of("beale", "rmsprop@step:factor=0.3", num_steps=90),
    "a schedule that watches": spec_of("ravine", "sgd@reduce_on_plateau:patience=5"),
    "its other knobs": spec_of("rosenbrock", "adam:b1=0.5,bias_correction=none", num_steps=60),
    "float32": spec_of("rosenbrock", "nesterov", dtype="float32"),
    "one step": spec_of("himmelblau", "adagrad", num_steps=1),
    "a formula": spec_of(optviz.expression("x**2 + 3*y**2"), "momentum", num_steps=60),
}


@pytest.mark.parametrize("name", RACES)
def test_the_fair_rate_is_the_best_of_plain_races(name):
    spec = RACES[name]
    (run,) = spec.resolved()
    default = defaults(type(run.optimizer))["learning_rate"]
    rates = list(dict.fromkeys((default, *GRID)))
    found = by_hand(spec, rates)
    best = rates[min(range(len(rates)), key=found.__getitem__)]
    rates += [rate for rate in around(best) if rate not in rates]
    found = by_hand(spec, rates)  # at once, so that all are measured from one lowest loss
    assert run.optimizer.learning_rate == rates[min(range(len(rates)), key=found.__getitem__)]


RULES = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "adamw")


@pytest.mark.parametrize("surface", ["ravine:condition=200", "ravine:condition=50", "saddle"])
def test_no_rule_is_worse_than_at_its_class_default_or_at_a_hundredth(surface):
    runs = {}
    for rule in RULES:
        runs |= {
            f"{rule} fair": rule,
            f"{rule} default": OPTIMIZERS[rule](),
            f"{rule} 0.01": OPTIMIZERS[rule](learning_rate=0.01),
        }
    race = optviz.race(surface, runs)
    found = dict(zip(race.labels, criterion(race), strict=True))
    for rule in RULES:
        assert found[f"{rule} fair"] <= found[f"{rule} default"], rule
        assert found[f"{rule} fair"] <= found[f"{rule} 0.01"], rule


def test_momentum_on_the_ravine_needs_no_more_steps_than_at_a_hundredth():
    race = optviz.race("ravine:condition=50", ["momentum", "momentum:learning_rate=0.01"])
    fair, hundredth = race.steps_to_tolerance
    assert 0 < fair < hundredth == 95


def test_gradient_descent_is_within_a_hair_of_the_best_fixed_rate():
    for condition in (20.0, 200.0):
        spec = spec_of(f"ravine:condition={condition}", start=(1.0, 1.0), num_steps=200)
        (run,) = spec.resolved()
        assert run.optimizer.learning_rate == pytest.approx(2 / (1 + condition), rel=0.08)


def test_without_a_lower_bound_nobody_leaves_in_a_leap():
    race = optviz.race("saddle", ["sgd", "adam", "momentum", "sign_sgd"])
    low, high = np.asarray([race.surface.xlim, race.surface.ylim]).T
    inside = ((race.params >= low) & (race.params <= high)).all(axis=-1)[:, :-1]
    share = (np.abs(np.diff(race.params, axis=1)) / (high - low)).max(axis=-1)
    assert (race.outcomes == "escaped").all()
    assert share[inside].max() <= tuning.LONGEST_STEP
    formula = optviz.expression("x**2 - y**2", xlim=race.surface.xlim, ylim=race.surface.ylim)
    same = optviz.race(formula, ["sgd", "adam"], start=race.surface.start)
    share = (np.abs(np.diff(same.params, axis=1)) / (high - low)).max(axis=-1)
    assert share[:, 0].max() <= tuning.LONGEST_STEP


def test_where_every_rate_does_equally_well_the_class_default_stays():
    (run,) = spec_of(optviz.expression("0*x + 0*y + 1")).resolved()
    assert run.optimizer.learning_rate == OPTIMIZERS["sgd"]().learning_rate


@pytest.mark.parametrize("rule", [key for key in OPTIMIZERS if key not in RULES])
def test_every_rule_knows_whose_its_rate_is(rule):
    race = optviz.race("ravine", [rule], num_steps=5)
    (whose,), (rate,) = race.spec.rate_origins, rates_of(race)
    if rate is None:
        assert whose == ""
    else:
        assert whose == ("default" if OPTIMIZERS[rule].own_rate else "fair")
    if whose == "default":
        assert rate == OPTIMIZERS[rule]().learning_rate


def test_a_rate_that_was_given_is_kept():
    rules = ["sgd:learning_rate=0.03", OPTIMIZERS["adam"](), optax.sgd(0.1), "adam"]
    race = optviz.race("ravine", rules, num_steps=20)
    assert race.spec.rate_origins == ("yours", "yours", "", "fair")
    assert rates_of(race)[:3] == [0.03, 0.001, None]
    assert race.summary()["whose rate"].tolist() == list(race.spec.rate_origins)
    told = overview_frame(race)["learning rate"].tolist()
    assert told[:3] == ["0.03 yours", "0.001 yours", "–"]
    assert told[3].endswith(" fair")
    plain = replace(race.spec, rates="default")
    assert plain.rate_origins == ("yours", "yours", "", "default")
    assert replace(plain, rates=0.2).rate_origins == ("yours", "yours", "", "for all")


def test_the_class_default_of_any_surface_that_python_knows():
    race = optviz.race(lambda x, y: (x - 1) ** 2 + 0.1 * jnp.sin(y) ** 2, ["sgd"], start=(3, 0.1))
    assert race.spec.rate_origins == ("fair",)
    assert race.steps_to_tolerance[0] > 0


# What is asked again ------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch):
    """The questions that were searched, in an empty memory."""
    seen = []
    monkeypatch.setattr(tuning, "_KEPT", Answers(3))
    monkeypatch.setattr(tuning, "_search", lambda q: seen.append(q) or 0.5)
    return seen


BASE = spec_of("ravine", "adam", noise=0.1, start=CLOUD)
CHANGES = {
    "shape": {"surface": replace(RAVINE, condition=51.0)},
    "start": {"start": (*CLOUD[:2], (-6.0, 0.25))},
    "one start": {"start": CLOUD[0]},
    "an axis of one start": {"start": CLOUD[:1]},
    "steps": {"num_steps": 301},
    "schedule": {"schedule": SCHEDULES["cosine"]()},
    "schedule's knob": {"schedule": SCHEDULES["cosine"](final=0.1)},
    "noise": {"noise": 0.2},
    "seed": {"seed": 1},
    "tolerance": {"tolerance": 1e-3},
    "format": {"dtype": "float32"},
    "epochs": {"steps_per_epoch": 7},
    "other knobs": {"runs": (Run.parse("adam:b1=0.5"),)},
    "switches": {"runs": (Run.parse("adam:bias_correction=none"),)},
    "own schedule": {"runs": (Run.parse("adam@cosine"),)},
    "another knob's schedule": {"runs": (Run.parse("adam@b1~cosine"),)},
}


def test_everything_that_decides_a_race_is_asked_anew(asked):
    BASE.resolved()
    for name, change in CHANGES.items():
        before = len(asked)
        replace(BASE, **change).resolved()
        assert len(asked) == before + 1, name
        replace(BASE, **change).resolved()
        assert len(asked) == before + 1, name


def test_what_does_not_decide_it_is_remembered(asked):
    BASE.resolved()
    runs = (Run.parse("adam#label"), Run.parse("sgd:learning_rate=0.1"))
    replace(BASE, runs=runs).resolved()
    assert len(asked) == 1


def test_equal_runs_of_one_race_are_searched_once(asked):
    replace(BASE, runs=(Run.parse("adam"), Run.parse("adam#again"), Run.parse("adam"))).resolved()
    assert len(asked) == 1


def test_memory_is_bounded_and_forgets_what_was_asked_longest_ago(asked):
    specs = [replace(BASE, seed=seed) for seed in range(4)]
    for spec in specs[:3]:
        spec.resolved()
    replace(specs[0]).resolved()  # asked again: the next to go is the second
    specs[3].resolved()
    assert len(asked) == 4
    replace(specs[0]).resolved()
    assert len(asked) == 4
    replace(specs[1]).resolved()
    assert len(asked) == 5
    assert len(tuning._KEPT._answers) == 3


def test_a_knob_that_is_an_array_is_searched_each_time(asked):
    (question,) = BASE.questions()
    odd = question._replace(optimizer=OPTIMIZERS["adam"](b1=jnp.float32(0.5)))
    assert search([odd]) == [0.5]
    assert search([odd]) == [0.5]
    assert len(asked) == 2


def test_a_search_compiles_a_few_programs_whatever_its_numbers():
    """Its first steps, all of its steps, and the loop of the race."""
    spec = spec_of("ravine", "adam", seed=99)  # asked nowhere else
    jax.clear_caches()
    spec.resolved()
    replace(spec, tolerance=0.0).resolved()  # nobody arrives
    assert compile_count() == 3
    replace(spec, seed=98, noise=0.5, num_steps=777).resolved()
    assert compile_count() == 3


@pytest.mark.parametrize("surface", ["ravine", "rosenbrock", "rastrigin", "saddle"])
def test_a_look_at_the_first_steps_changes_no_answer(surface, monkeypatch):
    """Where a rate arrives at once, later or never, leaves again, or diverges after all."""
    settings = [
        {},
        {"noise": 0.3, "tolerance": 1e-2},
        {"schedule": SCHEDULES["cosine"](), "tolerance": 1e-3},
        {"schedule": SCHEDULES["linear"](start=1, end=30), "tolerance": 1e-1},  # it grows
        *({"start": minimum} for minimum in SURFACES[surface]().minima()[:1]),
    ]
    for rule in ("sgd", "nesterov", "adam", "lion"):
        for setting in settings:
            (question,) = spec_of(surface, rule, num_steps=400, **setting).questions()
            quick = tuning._search(question)
            with monkeypatch.context() as patched:
                patched.setattr(tuning, "LOOK", 10**6)
                assert quick == tuning._search(question), (rule, setting)


@pytest.mark.parametrize("schedule", [None, SCHEDULES["cosine"]()])
def test_another_number_of_steps_changes_no_answer_but_the_true_one(schedule, monkeypatch):
    """Whether the first steps were taken before, for a race of another length, or not."""
    monkeypatch.setattr(tuning, "_LOOKS", Answers(99))
    settings = {"noise": 0.2, "tolerance": 1e-2, "schedule": schedule}
    for rule in ("momentum", "adam"):
        for num_steps in (300, 900, 260):
            (question,) = spec_of("ravine", rule, num_steps=num_steps, **settings).questions()
            remembered = tuning._search(question)
            with monkeypatch.context() as patched:
                patched.setattr(tuning, "LOOK", 10**6)
                assert remembered == tuning._search(question), (rule, num_steps)
    grids = [rates for _, rates in tuning._LOOKS._answers if len(rates) > len(tuning.GRID) - 2]
    assert len(grids) == (2 if schedule is None else 6)  # of a rule, or of each of its races


def test_a_search_from_many_starts_compiles_what_the_race_compiles_and_nothing_else():
    spec = spec_of("ravine", "adam", start=CLOUD)
    optviz.api.run_race(replace(spec, rates="default"))
    before = compile_count()
    replace(spec, seed=3, noise=0.5).resolved()
    assert compile_count() == before


# What it says -------------------------------------------------------------------------------------


def test_a_long_search_looks_at_some_starts_and_says_so():
    points = tuple((0.01 * i, 1.0) for i in range(1024))
    spec = spec_of("ravine", start=points, num_steps=300)
    (question,) = spec.questions()
    starts = searched_starts(question)
    assert len(starts) == len(set(starts)) == 64
    assert set(starts) <= set(points)
    assert starts[0] == points[0]
    assert rule_of_tuning(spec).endswith("Medians over 64 of the 1,024 starts.")
    few = replace(spec, start=points[:64])
    assert searched_starts(few.questions()[0]) == points[:64]
    assert rule_of_tuning(few).endswith("Medians over the 64 starts.")
    long = replace(spec, start=points[:2], num_steps=100_000)
    assert searched_starts(long.questions()[0]) == points[:1]


def test_the_sentence_is_about_the_race_on_screen():
    told = rule_of_tuning(spec_of("ravine", num_steps=1234, tolerance=1e-3, dtype="float32"))
    assert "1,234 steps, float32" in told
    assert "tolerance 0.001" in told
    assert "start" in told
    assert "Medians" not in told
    assert "no lower bound" in rule_of_tuning(spec_of("saddle"))
    assert "unknown minimum" in rule_of_tuning(spec_of(optviz.expression("x**2")))


def test_a_sweep_of_other_knobs_runs_at_the_fair_rate():
    momenta = [0.0, 0.5, 0.9]
    options = {"start": (3.0, 1.0), "num_steps": 60, "dtype": "float64"}
    swept = optviz.sweep("ravine", "momentum", {"momentum": momenta}, **options)
    (run,) = spec_of("ravine", "momentum", start=(3.0, 1.0), num_steps=60).resolved()
    assert swept.optimizer.learning_rate == run.optimizer.learning_rate
    given = optviz.sweep("ravine", "momentum", {"learning_rate": [0.01]}, **options)
    assert given.optimizer.learning_rate == OPTIMIZERS["momentum"]().learning_rate
