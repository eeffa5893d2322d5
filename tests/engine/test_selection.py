"""Loops called one by one, and all in one program once their rules race again and again."""

import subprocess
import sys
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from optviz.catalog import knobs
from optviz.engine.surfaces import selection
from optviz.engine.surfaces.descend import Descents, Job, descend
from optviz.optimizers import OPTIMIZERS
from optviz.schedules import SCHEDULES
from optviz.surfaces import SURFACES

SGD, Adam, Momentum = (OPTIMIZERS[name] for name in ("sgd", "adam", "momentum"))
RAVINE = SURFACES["ravine"]()


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """No selection has raced yet; one race is often."""
    monkeypatch.setattr(selection, "_selections", type(selection._selections)())
    monkeypatch.setattr(selection, "OFTEN", 1)
    yield selection._selections
    selection.settle()


def compiled():
    """The programs of all selections known, once they are there."""
    return [s.program.result() for s in selection._selections.values() if s.program]


def forbid(monkeypatch):
    """From here on a race that calls its loops one by one fails."""

    def refused(*_):
        raise AssertionError("called one by one")

    monkeypatch.setattr(selection, "_one_by_one", refused)


def equal(together, alone):
    for place, one in enumerate(alone):
        for name in ("params", "losses", "grad_norms", "evaluations", "diverged_at", "last_loss"):
            found, expected = getattr(together, name)[place], getattr(one, name)[0]
            np.testing.assert_array_equal(found, expected, err_msg=f"{name} of {place}")
        found, expected = together.observed[place], one.observed[0]
        assert (found is None) == (expected is None)
        if found is not None:
            np.testing.assert_array_equal(found, expected)


KEYS = list(OPTIMIZERS)
# Every rule where the Hessian is the same everywhere; and those in whose steps it once hung on what
# else was compiled whether a product is rounded before it is added.
GROUPS = [
    *(("ravine", KEYS[first : first + 12]) for first in range(0, len(KEYS), 12)),
    ("rastrigin", ["adam", "amsgrad", "adamax", "nadam", "yogi", "lamb", "sam"]),
    ("styblinski_tang", ["lamb", "adafactor"]),
]
groups = pytest.mark.parametrize(
    ("ground", "keys"), GROUPS, ids=lambda value: value if isinstance(value, str) else value[0]
)


@groups
def test_one_program_gives_the_bits_that_each_loop_gives_alone(ground, keys, monkeypatch):
    """Of every rule, under noise, and with a schedule that sees the loss."""
    surface = SURFACES[ground]()
    rules = [OPTIMIZERS[key]() for key in keys]
    plateau = {"learning_rate": SCHEDULES["reduce_on_plateau"]()}
    watched = next(rule for rule in rules if hasattr(rule, "learning_rate"))
    jobs = [Job(rule, plateau if rule is watched else {}) for rule in rules]
    settings = {"num_steps": 60, "noise": 0.2, "seed": 3}
    descend(jobs, surface, np.array(surface.start), **settings)
    assert len(compiled()) == 1
    # Other numbers than those that it was compiled with.
    surface, start = reshaped(surface), np.array([0.375, -0.75])
    for factor in (0.7, 10, 100):
        raced = [job._replace(rule=other(job.rule, factor)) for job in jobs]
        alone = [descend([job], surface, start, **settings) for job in raced]
        with monkeypatch.context() as patched:
            forbid(patched)
            equal(descend(raced, surface, start, **settings), alone)


def test_arrays_can_be_written_to_however_they_were_computed(monkeypatch):
    jobs = [Job(SGD(), {}), Job(Adam(), {})]
    first = descend(jobs, RAVINE, np.array(RAVINE.start), num_steps=20)
    assert len(compiled()) == 1
    forbid(monkeypatch)
    again = descend(jobs, RAVINE, np.array(RAVINE.start), num_steps=20)
    for found in (first, again):
        assert all(array.flags.writeable for array in found[:6])


def reshaped(surface):
    """The surface with its first number changed."""
    name = next(iter(knobs(type(surface))))
    return replace(surface, **{name: 1.1 * getattr(surface, name)})


def other(rule, factor=0.7):
    rate = getattr(rule, "learning_rate", None)
    return rule if rate is None else replace(rule, learning_rate=factor * rate)


def test_in_float32_too(monkeypatch):
    jobs = [Job(rule, {}) for rule in (SGD(), Adam(), Momentum())]
    start = np.array(RAVINE.start)
    descend(jobs, RAVINE, start, num_steps=50, dtype="float32")
    descend(jobs, RAVINE, start, num_steps=50)
    assert len(compiled()) == 2
    alone = [descend([job], RAVINE, start, num_steps=70, dtype="float32") for job in jobs]
    forbid(monkeypatch)
    equal(descend(jobs, RAVINE, start, num_steps=70, dtype="float32"), alone)


def test_the_order_of_rules_and_their_switches_are_part_of_a_selection(known):
    for rules in ([SGD(), Adam()], [Adam(), SGD()], [SGD(), Adam(bias_correction="none")]):
        descend([Job(rule, {}) for rule in rules], RAVINE, np.zeros(2) + 0.5, num_steps=5)
    assert len(known) == 3


def test_numbers_and_schedules_are_not(known):
    cosine = {"learning_rate": SCHEDULES["cosine"]()}
    for rate, schedules in ((0.1, {}), (0.2, {}), (0.1, cosine)):
        jobs = [Job(SGD(learning_rate=rate), schedules), Job(Adam(), {})]
        descend(jobs, RAVINE, np.zeros(2) + rate, num_steps=int(50 * rate))
    assert len(known) == 1


@groups
def test_a_rule_with_many_numbers_gives_the_bits_that_each_gives_alone(ground, keys, monkeypatch):
    """Of every rule, under noise, from more numbers than fit into one call."""
    surface, start = reshaped(SURFACES[ground]()), np.array([0.375, -0.75])
    for key in keys:
        rule = OPTIMIZERS[key]()
        factor = np.geomspace(1e-3, 1e6, selection.LONGEST_SERIES + 5)  # diverging ones among them
        jobs = [Job(other(rule, value), {}) for value in factor]
        with monkeypatch.context() as patched:
            forbid(patched)
            together = descend(jobs, surface, start, num_steps=60, noise=0.2, seed=3)
        some = range(0, len(jobs), 3)
        alone = [
            descend([jobs[place]], surface, start, num_steps=60, noise=0.2, seed=3)
            for place in some
        ]
        equal(Descents._make([*(part[some] for part in together[:6]), together.observed]), alone)
    assert not selection._selections


def test_a_series_has_schedules_of_its_own_and_a_schedule_that_sees_the_loss():
    start, plateau = np.array(RAVINE.start), {"learning_rate": SCHEDULES["reduce_on_plateau"]()}
    cosine = {"learning_rate": SCHEDULES["cosine"](), "b1": SCHEDULES["linear"]()}
    for schedules in (plateau, cosine):
        jobs = [Job(Adam(learning_rate=rate), schedules) for rate in np.geomspace(0.01, 10, 9)]
        for dtype, num_steps in (("float64", 700), ("float32", 40)):
            settings = {"num_steps": num_steps, "dtype": dtype, "steps_per_epoch": 5}
            together = descend(jobs, RAVINE, start, **settings)
            equal(together, [descend([job], RAVINE, start, **settings) for job in jobs])
    mixed = [job._replace(schedules=plateau) if i % 2 else job for i, job in enumerate(jobs)]
    equal(
        descend(mixed, RAVINE, start, num_steps=40),
        [descend([job], RAVINE, start, num_steps=40) for job in mixed],
    )


def test_what_would_not_be_quicker_gets_no_program(known):
    two = [Job(SGD(), {}), Job(Adam(), {})]
    descend(two[:1], RAVINE, np.zeros(2), num_steps=5)  # one loop
    descend(two, RAVINE, np.zeros((3, 2)), num_steps=5)  # many starts
    descend(two, RAVINE, np.zeros(2), num_steps=3000)  # a long race
    assert not known


def test_only_what_races_often_gets_one(monkeypatch):
    monkeypatch.setattr(selection, "OFTEN", 3)
    jobs = [Job(SGD(), {}), Job(Adam(), {})]
    made = []
    for _ in range(5):
        descend(jobs, RAVINE, np.zeros(2) + 0.5, num_steps=5)
        made.append(len(compiled()))
    assert made == [0, 0, 1, 1, 1]


def test_what_has_not_raced_for_the_longest_is_forgotten(known, monkeypatch):
    monkeypatch.setattr(selection, "OFTEN", 99)
    jobs = [[Job(Adam(), {})] + [Job(SGD(), {})] * size for size in range(1, selection.KEPT + 3)]
    for group in jobs:
        descend(group, RAVINE, np.zeros(2) + 0.5, num_steps=5)
        descend(jobs[0], RAVINE, np.zeros(2) + 0.5, num_steps=5)
    assert len(known) == selection.KEPT
    assert max(s.races for s in known.values()) == len(jobs) + 1


def test_a_program_that_cannot_be_compiled_is_not_tried_again(monkeypatch):
    tries = count()

    def fails(*_):
        next(tries)
        raise MemoryError

    monkeypatch.setattr(selection, "_program", fails)
    jobs = [Job(SGD(), {}), Job(Adam(), {})]
    for _ in range(4):
        found = descend(jobs, RAVINE, np.zeros(2) + 0.5, num_steps=5)
        (only,) = selection._selections.values()
        assert isinstance(only.program.exception(), MemoryError)
    assert next(tries) == 1
    equal(found, [descend([job], RAVINE, np.zeros(2) + 0.5, num_steps=5) for job in jobs])


def test_a_process_that_ends_while_one_compiles_ends_well():
    code = """
import optviz
from optviz.engine.surfaces import selection
for _ in range(selection.OFTEN):
    optviz.race("ravine", {"a": "sgd:learning_rate=0.1", "b": "adam:learning_rate=0.1"})
print(len(selection._selections), any(s.ready for s in selection._selections.values()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1 False\n"
