"""Schedules against PyTorch's in float64, and the code that is written for PyTorch."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest

from optviz.catalog import validate
from optviz.engine.machine.precision import cast, on_cpu
from optviz.engine.surfaces.descend import factors_of
from optviz.export.schedule_code import torch_code
from optviz.schedules import SCHEDULES
from optviz.specs.schedule import parse_schedule

GOLDEN = dict(np.load(Path(__file__).with_name("torch_schedules.npz")))
NUM_STEPS, BASE = int(GOLDEN["num_steps"]), float(GOLDEN["base"])
OWN = json.loads(str(GOLDEN["own"]))
WRITTEN = json.loads(str(GOLDEN["written"]))


def factors(text: str, num_steps: int = NUM_STEPS, shift: float = 0.0) -> np.ndarray:
    """The factor at each step of a run whose losses are those of the golden file, shifted."""
    schedule = parse_schedule(text)
    validate(schedule)
    values = factors_of(schedule, num_steps, 1.0, "float64")
    if not schedule.sees_loss:
        return values
    with on_cpu("float64"):
        watcher = cast(schedule, "float64")
        state, observed = watcher.init(), [1.0]
        for loss in losses(num_steps)[1:]:
            state, factor = observe(watcher, state, np.float64(loss + shift))
            observed.append(float(factor))
    return values * observed


@jax.jit
def observe(watcher, state, loss):
    return watcher.observe(state, loss)


def losses(num_steps: int) -> np.ndarray:
    """As in `torch_schedules.py`, which cannot be imported without PyTorch."""
    i = np.arange(num_steps)
    return 2 / (1 + 0.05 * i) + 0.3 * np.sin(1.9 * i) / (1 + 0.05 * i) * (1 + i % 7) / 7


def test_the_losses_are_those_that_pytorch_was_told():
    np.testing.assert_allclose(losses(NUM_STEPS), GOLDEN["losses"], rtol=1e-14)


@pytest.mark.parametrize("index", range(len(OWN)), ids=OWN)
def test_schedule_equals_pytorch(index):
    golden = GOLDEN["own_rates"][index] / BASE
    np.testing.assert_allclose(factors(OWN[index]), golden, rtol=0, atol=1e-12)
    assert np.ptp(golden) > 0.1, "a rate that does not move proves nothing"


@pytest.mark.parametrize("index", range(len(WRITTEN)))
def test_code_for_pytorch_gives_the_same_rates(index):
    """The stored rates are those of exactly this code; make the file anew where it has changed.

    Losses are below zero there, where PyTorch's own relative threshold would never drop.
    """
    text, num_steps, code, steps = WRITTEN[index].values()
    assert torch_code(parse_schedule(text), BASE, num_steps) == code
    begin = sum(len(other["steps"]) for other in WRITTEN[:index])
    golden = GOLDEN["written_rates"][begin : begin + len(steps)] / BASE
    ours = factors(text, num_steps, shift=-3.0)[steps]
    np.testing.assert_allclose(ours, golden, rtol=1e-9, atol=1e-10, err_msg=text)


def test_every_schedule_is_written_for_pytorch():
    names = {part.name for case in WRITTEN for part in parse_schedule(case["text"]).parts}
    assert names == set(SCHEDULES)
