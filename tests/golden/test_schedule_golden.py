"""Schedules against PyTorch's in float64, and the code that is written for PyTorch."""

import json
from pathlib import Path

import numpy as np
import pytest

from optviz.catalog import validate
from optviz.engine.descend import factors_of
from optviz.engine.precision import cast, on_cpu
from optviz.export.schedule_code import torch_code
from optviz.schedules import SCHEDULES
from optviz.specs.schedule import parse_schedule

GOLDEN = dict(np.load(Path(__file__).with_name("torch_schedules.npz")))
NUM_STEPS, BASE = int(GOLDEN["num_steps"]), float(GOLDEN["base"])
OWN = json.loads(str(GOLDEN["own"]))
WRITTEN = json.loads(str(GOLDEN["written"]))


def factors(text: str) -> np.ndarray:
    """The factor at each step of a run whose losses are those of the golden file."""
    schedule = parse_schedule(text)
    validate(schedule)
    values = factors_of(schedule, NUM_STEPS, 1.0, "float64")
    if not schedule.sees_loss:
        return values
    with on_cpu("float64"):
        watcher = cast(schedule, "float64")
        state, observed = watcher.init(), [1.0]
        for loss in GOLDEN["losses"][1:]:
            state, factor = watcher.observe(state, np.float64(loss))
            observed.append(float(factor))
    return values * observed


@pytest.mark.parametrize("index", range(len(OWN)), ids=OWN)
def test_schedule_equals_pytorch(index):
    golden = GOLDEN["own_rates"][index] / BASE
    np.testing.assert_allclose(factors(OWN[index]), golden, rtol=0, atol=1e-12)
    assert np.ptp(golden) > 0.1, "a rate that does not move proves nothing"


@pytest.mark.parametrize("index", range(len(WRITTEN)), ids=WRITTEN)
def test_code_for_pytorch_gives_the_same_rates(index):
    """The stored rates are those of exactly this code; make the file anew where it has changed."""
    text, code = list(WRITTEN.items())[index]
    assert torch_code(parse_schedule(text), BASE, NUM_STEPS) == code
    golden = GOLDEN["written_rates"][index] / BASE
    np.testing.assert_allclose(factors(text), golden, rtol=0, atol=1e-12)


def test_every_schedule_is_written_for_pytorch():
    names = {part.name for text in WRITTEN for part in parse_schedule(text).parts}
    assert names == set(SCHEDULES)
