"""Loops called one by one, and all in one program once their rules race again and again."""

import subprocess
import sys
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from optviz.engine import selection
from optviz.engine.descend import Job, descend
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
GROUPS = [KEYS[first : first + 12] for first in range(0, len(KEYS), 12)]


@pytest.mark.parametrize("keys", GROUPS, ids=lambda keys: f"{keys[0]}-{keys[-1]}")
def test_one_program_gives_the_bits_that_each_loop_gives_alone(keys, monkeypatch):
    """Of every rule, under noise, and with a schedule that sees the loss."""
    rules = [OPTIMIZERS[key]() for key in keys]
    plateau = {"learning_rate": SCHEDULES["reduce_on_plateau"]()}
    watched = next(rule for rule in rules if hasattr(rule, "learning_rate"))
    jobs = [Job(rule, plateau if rule is watched else {}) for rule in rules]
    settings = {"num_steps": 60, "noise": 0.2, "seed": 3}
    descend(jobs, RAVINE, np.array(RAVINE.start), **settings)
    assert len(compiled()) == 1
    # Other numbers than those that it was compiled with.
    surface, start = replace(RAVINE, condition=37.0), np.array([1.25, -2.5])
    jobs = [job._replace(rule=other(job.rule)) for job in jobs]
    alone = [descend([job], surface, start, **settings) for job in jobs]
    forbid(monkeypatch)
    equal(descend(jobs, surface, start, **settings), alone)


def test_arrays_can_be_written_to_however_they_were_computed(monkeypatch):
    jobs = [Job(SGD(), {}), Job(Adam(), {})]
    first = descend(jobs, RAVINE, np.array(RAVINE.start), num_steps=20)
    assert len(compiled()) == 1
    forbid(monkeypatch)
    again = descend(jobs, RAVINE, np.array(RAVINE.start), num_steps=20)
    for found in (first, again):
        assert all(array.flags.writeable for array in found[:6])


def other(rule):
    rate = getattr(rule, "learning_rate", None)
    return rule if rate is None else replace(rule, learning_rate=0.7 * rate)


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
    jobs = [[Job(SGD(), {})] * size for size in range(2, selection.KEPT + 4)]
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
from optviz.engine import selection
for _ in range(selection.OFTEN):
    optviz.race("ravine", {"a": "sgd:learning_rate=0.1", "b": "adam:learning_rate=0.1"})
print(len(selection._selections), any(s.ready for s in selection._selections.values()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1 False\n"
