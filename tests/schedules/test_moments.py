"""When something happens: to the step, in both number formats, at any length of the run."""

import random

import numpy as np
import pytest
from exact import FORMS, factor, moments
from random_schedules import random_part, random_schedule

from optviz.catalog import knobs
from optviz.engine.factors import factors_of
from optviz.schedules import SCHEDULES
from optviz.specs import entry_text
from optviz.specs.schedule import parse_schedule

LENGTHS = (1, 2, 7, 10, 49, 120, 300, 1999, 12_345, 99_999, 100_000)


def agrees(schedule, num_steps, dtype):
    values = factors_of(schedule, num_steps, 1.0, dtype)
    steps = sorted(moments(schedule, num_steps))
    exact = np.array([factor(schedule, step, num_steps) for step in steps])
    close = 1e-9 if dtype == "float64" else 1e-6
    np.testing.assert_allclose(
        values[steps], exact, rtol=close, atol=close, err_msg=f"{entry_text(schedule)}, {num_steps}"
    )


def test_every_schedule_has_an_exact_form_here():
    assert set(FORMS) >= set(SCHEDULES)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_at_the_step_that_whole_numbers_say(name, dtype):
    chance = random.Random(name)
    for _ in range(10):
        schedule = random_part(name, chance)
        for num_steps in LENGTHS:
            agrees(schedule, num_steps, dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_in_products_too(dtype):
    chance = random.Random(4)
    names = ("step", "multi_step", "warm_restarts", "triangular", "one_cycle", "piecewise")
    for _ in range(6):
        schedule = random_schedule(chance, names)
        for num_steps in LENGTHS:
            agrees(schedule, num_steps, dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("text", "num_steps", "step"),
    [
        ("warm_restarts:first_cycle=3e-05,growth=2", 100_000, 98_301),  # 3 · (2¹⁵ − 1)
        ("step:interval=0.07", 100, 7),
        ("step:interval=0.017", 100_000, 98_600),
        ("multi_step:milestones=0.29", 100, 29),
        ("multi_step:milestones=0.57x0.58", 100_000, 58_000),
        ("warmup:share=0.13*step:interval=0.1", 100_000, 13_000 + 8_700),
    ],
)
def test_not_one_step_early_or_late(text, num_steps, step, dtype):
    before, after = factors_of(parse_schedule(text), num_steps, 1.0, dtype)[step - 1 : step + 1]
    schedule = parse_schedule(text)
    exact = [factor(schedule, t, num_steps) for t in (step - 1, step)]
    assert abs(exact[1] - exact[0]) > 0.3 * max(exact)
    np.testing.assert_allclose([before, after], exact, rtol=1e-6, atol=0)


@pytest.mark.parametrize("name", SCHEDULES)
def test_finite_at_the_edges_of_what_is_allowed(name):
    """Shares far too small for any step are allowed; they are never a hole in the run."""
    cls = SCHEDULES[name]
    for knob, info in knobs(cls).items():
        if info.integer:
            continue
        for value in (1e-320, 1e-40, 1e-12, 0.999999999999):
            if info.contains(value):
                for dtype in ("float64", "float32"):
                    values = factors_of(cls(**{knob: value}), 300, 1.0, dtype)
                    finite = np.isfinite(values) | (values > 3e38)  # 1/ε is beyond the format
                    assert finite.all(), (knob, value, dtype)
