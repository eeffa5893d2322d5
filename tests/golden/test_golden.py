"""Every rule of the lectures against PyTorch in float64: paths that `make_golden.py` stored."""

import json
from pathlib import Path

import numpy as np
import pytest

from optviz.catalog import validate
from optviz.engine.surfaces.descend import Job, descend, factors_of
from optviz.optimizers import OPTIMIZERS
from optviz.schedules import SCHEDULES
from optviz.surfaces import SURFACES

GOLDEN = dict(np.load(Path(__file__).with_name("torch.npz")))
CASES = json.loads(str(GOLDEN["cases"]))
NUM_STEPS = int(GOLDEN["num_steps"])
TOLERANCE = 1e-9  # of max(1, |x|)


def title(case: dict) -> str:
    return "-".join(filter(None, [case["surface"], case["label"], case["schedule"]]))


@pytest.mark.parametrize("index", range(len(CASES)), ids=[title(case) for case in CASES])
def test_path_equals_pytorch(index):
    case, horizon = CASES[index], GOLDEN["horizon"][index]
    rule = OPTIMIZERS[case["rule"]](**case["fields"])
    validate(rule)
    schedules = {}
    if case["schedule"]:
        knobs = case["schedule_knobs"]
        schedules["learning_rate"] = SCHEDULES[case["schedule"]](**knobs)
    surface = SURFACES[case["surface"]]()
    job = Job(rule, schedules)
    ours = descend([job], surface, np.array(case["start"]), num_steps=NUM_STEPS).params[0]
    # From the horizon on PyTorch disagrees with itself when started one rounding error away.
    compared = GOLDEN["sampled"] < horizon
    golden, ours = GOLDEN["params"][index][compared], ours[GOLDEN["sampled"][compared]]
    assert len(golden) >= 25, "too few steps to tell anything"
    error = np.abs(ours - golden) / np.maximum(1, np.abs(golden))
    worst = np.unravel_index(error.argmax(), error.shape)
    assert error.max() <= TOLERANCE, f"at step {GOLDEN['sampled'][compared][worst[0]]}"


@pytest.mark.parametrize("name", json.loads(str(GOLDEN["schedules"])))
def test_schedule_equals_pytorch(name):
    case = next(case for case in CASES if case["schedule"] == name)
    schedule = SCHEDULES[name](**case["schedule_knobs"])
    golden = GOLDEN["factors"][json.loads(str(GOLDEN["schedules"])).index(name)]
    ours = factors_of(schedule, NUM_STEPS, 1.0, "float64")
    np.testing.assert_allclose(ours, golden, rtol=0, atol=1e-12)


def test_golden_paths_cover_the_start_and_the_whole_run():
    assert GOLDEN["sampled"][0] == 0
    assert GOLDEN["sampled"][-1] == NUM_STEPS
    starts = np.array([case["start"] for case in CASES])
    np.testing.assert_array_equal(GOLDEN["params"][:, 0], starts)
    # Little is hidden behind a horizon, and of no rule most.
    compared = np.minimum(GOLDEN["horizon"], NUM_STEPS) / NUM_STEPS
    assert compared.mean() > 0.85
    labels = np.array([case["label"] for case in CASES])
    assert min(compared[labels == label].mean() for label in labels) > 0.4
    # A path that does not move, or that all rules share, would prove nothing.
    moved = np.abs(GOLDEN["params"][:, -1] - starts).max(axis=1)
    assert moved.min() > 1e-2
