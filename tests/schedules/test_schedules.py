"""What must hold for every schedule in the catalogue, and the closed form of each."""

import jax
import numpy as np
import pytest

from optviz.catalog import defaults, knobs
from optviz.engine.machine.precision import cast, on_cpu
from optviz.engine.surfaces.descend import compile_count, factors_of
from optviz.schedules import SCHEDULES

CLASSES = list(SCHEDULES.values())
all_schedules = pytest.mark.parametrize("cls", CLASSES, ids=[cls.name for cls in CLASSES])

# key -> (knobs, factor at step t of a run that ends at `end`)
CLOSED_FORMS = {
    "constant": ({}, lambda t, end: np.ones_like(t)),
    "step": ({"factor": 0.3, "interval": 0.2}, lambda t, end: 0.3 ** np.floor(5 * t / end + 1e-9)),
    "exponential": ({"k": 0.02}, lambda t, end: np.exp(-0.02 * t)),
    "inverse_time": ({"k": 0.05}, lambda t, end: 1 / (1 + 0.05 * t)),
    "annealing": ({"epsilon": 4.0}, lambda t, end: 1 / (4 + t)),
    "cosine": ({"final": 0.1}, lambda t, end: 0.1 + 0.9 * (1 + np.cos(np.pi * t / end)) / 2),
    "linear": (
        {"start": 0.2, "end": 3.0, "share": 0.5},
        lambda t, end: np.minimum(0.2 + 5.6 * t / end, 3),
    ),
    "multi_step": (
        {"factor": 0.3, "milestones": (0.2, 0.5)},
        lambda t, end: 0.3 ** ((t >= 0.2 * end).astype(float) + (t >= 0.5 * end)),
    ),
    "noam": (
        {"warmup": 0.1},
        lambda t, end: np.minimum((t + 1) / (0.1 * end), np.sqrt(0.1 * end / (t + 1))),
    ),
    "one_cycle": (
        {"peak_at": 0.4, "start": 0.1, "final": 0.02, "shape": "linear"},
        lambda t, end: np.interp(t, [0, 0.4 * end - 1, end - 1], [0.1, 1, 0.02]),
    ),
    "piecewise": (
        {"points": ((0.1, 0.5), (0.3, 2.0), (0.9, 0.0))},
        lambda t, end: np.interp(t / end, [0.1, 0.3, 0.9], [0.5, 2, 0]),
    ),
    "polynomial": ({"power": 2.5, "final": 0.1}, lambda t, end: 0.1 + 0.9 * (1 - t / end) ** 2.5),
    "reduce_on_plateau": ({}, lambda t, end: np.ones_like(t)),  # before it has seen a loss
    "triangular": (
        {"low": 0.2, "cycle": 0.5, "rise": 0.2, "shrink": 0.5},
        lambda t, end: 0.2 + 0.8 * np.interp(t / end, [0, 0.1, 0.5, 0.6, 1], [0, 1, 0, 0.5, 0]),
    ),
    "warm_restarts": (
        {"first_cycle": 0.2, "growth": 4.0, "final": 0.1},
        lambda t, end: (
            0.1
            + 0.9
            * (1 + np.cos(np.pi * np.where(5 * t < end, 5 * t / end, (t / end - 0.2) / 0.8)))
            / 2
        ),
    ),
    "warmup": ({"share": 0.3, "start": 0.1}, lambda t, end: np.minimum(0.1 + 3 * t / end, 1)),
    "warmup_stable_decay": (
        {"warmup": 0.2, "decay": 0.3, "final": 0.1},
        lambda t, end: np.interp(t / end, [0, 0.2, 0.7, 1], [0, 1, 1, 0.1]),
    ),
}


def settings(cls, count=10):
    spread = {}
    traced = {n: i for n, i in knobs(cls).items() if not i.static}
    for turn, (name, info) in enumerate(traced.items()):
        low, high = info.typical
        values = np.geomspace(low, high, count) if info.log else np.linspace(low, high, count)
        values = np.roll(np.round(values) if info.integer else values, turn)
        spread[name] = [type(defaults(cls)[name])(value) for value in values]
    return [cls(**{name: column[i] for name, column in spread.items()}) for i in range(count)]


@all_schedules
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_finite_over_the_whole_run(cls, dtype):
    for schedule in [cls(), *settings(cls)]:
        for num_steps in (1, 2, 7, 300):
            factors = factors_of(schedule, num_steps, 1.0, dtype)
            assert factors.shape == (num_steps,)
            assert factors.dtype == np.float64
            assert np.isfinite(factors).all()
            assert (factors >= 0).all()


@all_schedules
def test_finite_past_the_end_of_the_run(cls):
    """A resumed or prolonged run may ask for more steps than the shape was made for."""
    with on_cpu("float64"):
        ask = jax.jit(jax.vmap(cast(cls(), "float64"), in_axes=(0, None, None)))
        factors = ask(np.arange(400.0), np.float64(100), np.float64(10))
    assert np.isfinite(np.asarray(factors)).all()


@all_schedules
def test_one_trace_for_ten_settings(cls):
    traces = 0

    @jax.jit
    def ask(schedule, step, num_steps, steps_per_epoch):
        nonlocal traces
        traces += 1
        return schedule(step, num_steps, steps_per_epoch)

    for i, schedule in enumerate(settings(cls)):
        factor = ask(cast(schedule, "float32"), *map(np.float32, (i, 100 + i, 1 + i)))
        assert factor.shape == ()
        assert factor.dtype == np.float32
    assert traces == 1


@all_schedules
def test_settings_and_lengths_compile_nothing(cls):
    factors_of(cls(), 100, 1.0, "float64")
    before = compile_count()
    for i, schedule in enumerate(settings(cls)):
        factors_of(schedule, 50 + i, 1.0, "float64")
    assert compile_count() == before


def test_every_schedule_has_a_closed_form_here():
    assert set(CLOSED_FORMS) >= set(SCHEDULES)


@pytest.mark.parametrize("num_steps", [10, 100, 1000])
@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_closed_form(name, num_steps):
    fields, form = CLOSED_FORMS[name]
    factors = factors_of(SCHEDULES[name](**fields), num_steps, 1.0, "float64")
    steps = np.arange(num_steps, dtype=np.float64)
    np.testing.assert_allclose(factors, form(steps, num_steps), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "fields", "first", "end"),
    [
        ("constant", {}, 1, 1),
        ("step", {"factor": 0.5, "interval": 0.25}, 1, 0.5**4),
        ("exponential", {"k": 0.01}, 1, np.exp(-1)),
        ("inverse_time", {"k": 0.01}, 1, 1 / 2),
        ("annealing", {"epsilon": 0.5}, 2, 1 / 100.5),  # α(0) = α/ε
        ("cosine", {"final": 0.0}, 1, 0),
        ("cosine", {"final": 0.3}, 1, 0.3),
        ("linear", {"start": 0.2, "end": 0.7}, 0.2, 0.7),
        ("multi_step", {"factor": 0.1, "milestones": (0.5, 1.0)}, 1, 0.01),
        ("noam", {"warmup": 0.5}, 1 / 50, np.sqrt(50 / 101)),
        ("one_cycle", {"start": 0.1, "final": 0.01}, 0.1, 0.01),
        ("piecewise", {"points": ((0.0, 0.3), (1.0, 2.0))}, 0.3, 2),
        ("piecewise", {"points": ((0.5, 0.3),)}, 0.3, 0.3),
        ("polynomial", {"power": 3.0, "final": 0.1}, 1, 0.1),
        ("triangular", {"low": 0.2, "cycle": 0.4}, 0.2, 1),
        (
            "warm_restarts",
            {"first_cycle": 0.25, "growth": 1.0, "final": 0.1},
            1,
            1,
        ),  # it starts again
        ("warmup", {"share": 0.2, "start": 0.3}, 0.3, 1),
        ("warmup", {"share": 0.0}, 1, 1),
        ("warmup_stable_decay", {"final": 0.2}, 0, 0.2),
        ("warmup_stable_decay", {"warmup": 0.0, "shape": "sqrt"}, 1, 0),
    ],
)
def test_ends(name, fields, first, end):
    """The first value, and the one that is reached after 100 steps of a run of 100."""
    with on_cpu("float64"):
        schedule = cast(SCHEDULES[name](**fields), "float64")
        at = [float(schedule(*map(np.float64, (t, 100, 1)))) for t in (0, 100)]
    assert at == pytest.approx([first, end], abs=1e-15)


@pytest.mark.parametrize("num_steps", [20, 100, 300, 1000, 1999])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_step_drops_exactly_where_it_says(num_steps, dtype):
    """Wherever interval · run is a whole number, the drop is at that step and not one later."""
    for length in range(1, num_steps, 7):
        schedule = SCHEDULES["step"](factor=0.5, interval=length / num_steps)
        factors = factors_of(schedule, num_steps, 1.0, dtype)
        expected = 0.5 ** (np.arange(num_steps) // length)
        # Beyond 2⁻¹²⁶ float32 is zero.
        np.testing.assert_allclose(factors, expected, rtol=1e-6, atol=1e-37)
