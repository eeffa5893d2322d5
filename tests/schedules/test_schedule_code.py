"""Schedules as code: what is copied from the page gives the page's values, at every step."""

import random
from typing import ClassVar

import jax
import numpy as np
import pytest
from exact import moments
from random_schedules import random_part, random_schedule

from optviz import schedules as s
from optviz.catalog import entry
from optviz.engine.factors import factors_of
from optviz.export.schedule_code import functions, optax_code, torch_code
from optviz.schedules import SCHEDULES
from optviz.specs import entry_text
from optviz.specs.schedule import parse_schedule

T = 120
LENGTHS = (1, 2, 7, 10, 49, 120, 1999, 99_999, 100_000)

WRITTEN = (
    "warmup*cosine:final=0.1",
    "warmup:share=0.13*cosine",
    "warmup:share=0.12,start=0.1*warm_restarts*step:factor=0.9",
    "cosine*cosine*multi_step",
    "linear:start=0,end=2,share=0.33",
    "multi_step:factor=0.3,milestones=0.1x0.255x0.7",
    "multi_step:milestones=0x0.001x0.002x0.5",
    "multi_step:factor=1000,milestones=0.1x0.2x0.3x0.4x0.5x0.6x0.7",
    "exponential:k=800",
    "step:factor=0",
    "step:factor=0,interval=0.17",
    "step:interval=0.003",
    "one_cycle:shape=linear,peak_at=0.45,start=0.1,final=0.001",
    "one_cycle:start=0,final=0,peak_at=0",
    "one_cycle:peak_at=1",
    "one_cycle:peak_at=1,shape=linear",
    "triangular:cycle=0.27,rise=0.3,shrink=0.7",
    "warm_restarts:first_cycle=0.05,growth=1.5,final=0.1",
    "warm_restarts:first_cycle=0.01,growth=1",
    "warm_restarts:first_cycle=0.001,growth=1.001",
    "warmup_stable_decay:shape=cosine,warmup=0,final=0.2",
    "warmup_stable_decay:shape=sqrt,decay=0.37",
)


def written(code):
    names: dict = {}
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        exec(code, names)  # noqa: S102  # it is what is tested
    return names


def agrees(schedule, num_steps, function, base=1.0, most=400):
    """At every step of a short run; of a long one where something happens, and between."""
    steps = {*range(min(num_steps, most // 2)), *moments(schedule, num_steps)}
    steps |= {*range(0, num_steps, max(1, num_steps // 50))}
    steps = sorted(steps)[:: max(1, len(steps) // most)]
    ours = base * factors_of(schedule, num_steps, 1.0, "float64")[steps]
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        theirs = [float(function(step)) for step in steps]
    np.testing.assert_allclose(
        theirs, ours, rtol=1e-9, atol=1e-12, err_msg=f"{entry_text(schedule)}, {num_steps} steps"
    )


@pytest.mark.parametrize("text", [*(n for n in SCHEDULES if n != "reduce_on_plateau"), *WRITTEN])
def test_code_for_optax_gives_the_same_values(text):
    names = written(optax_code(parse_schedule(text), 0.1, T))
    agrees(parse_schedule(text), T, names["schedule"], 0.1, most=T)
    assert "optimizer" in names


def test_milestones_of_one_step_all_count():
    schedule = parse_schedule("multi_step:milestones=0.42x0.5")
    assert float(written(optax_code(schedule, 1.0, 10))["schedule"](5)) == pytest.approx(0.01)
    assert "[5, 5]" in torch_code(schedule, 1.0, 10)


@pytest.mark.parametrize("seed", range(24))
def test_any_schedule_is_what_optax_makes_of_the_code(seed):
    chance = random.Random(seed)
    name = list(SCHEDULES)[seed % len(SCHEDULES)]
    schedule = random_part(name, chance) if seed < 20 else random_schedule(chance)
    num_steps = chance.choice(LENGTHS)
    if not schedule.sees_loss:
        names = written(optax_code(schedule, 0.3, num_steps))
        agrees(schedule, num_steps, names["schedule"], 0.3, most=20)


def numpy_of(schedule, num_steps):
    return written(f"import numpy as np\n{functions(schedule, 1.0, num_steps)}")["schedule"]


@pytest.mark.parametrize("num_steps", LENGTHS)
def test_any_schedule_is_what_numpy_makes_of_the_formulas(num_steps):
    """Those that PyTorch is handed, and optax with another library's name."""
    chance = random.Random(num_steps)
    for name in [*SCHEDULES] * 2:
        schedule = random_part(name, chance)
        agrees(schedule, num_steps, numpy_of(schedule, num_steps), most=40)


def test_any_product_is_what_numpy_makes_of_the_formulas():
    chance = random.Random(3)
    for _ in range(8):
        schedule = random_schedule(chance, ("step", "multi_step", "warm_restarts", "one_cycle"))
        for num_steps in LENGTHS:
            agrees(schedule, num_steps, numpy_of(schedule, num_steps), most=40)


PLATEAUS = (
    "reduce_on_plateau:patience=2,factor=0.7,cooldown=3,floor=0.1",
    "reduce_on_plateau:patience=2,factor=0.7,threshold=0.1,mode=absolute",
    "warmup*reduce_on_plateau:patience=1,factor=0.5*cosine:final=0.5",
    "reduce_on_plateau:patience=3,factor=0.6*reduce_on_plateau:patience=5,mode=absolute",
)


@pytest.mark.parametrize("shift", [0.0, -4.0])
@pytest.mark.parametrize("text", PLATEAUS)
def test_code_for_optax_watches_the_loss(text, shift):
    schedule = parse_schedule(text)
    turns = np.arange(60.0)
    losses = np.abs(np.sin(turns * 0.7)) + 2 / (1 + turns) + shift
    names = written(optax_code(schedule, 0.1, 60))
    values = factors_of(schedule, 60, 1.0, "float64")
    ours, theirs = [], []
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        state, watched, factor = names["optimizer"].init(np.float64(0)), schedule.init(), 1.0
        for step, loss in enumerate(losses):
            state = names["set_value"](state, step)
            updates, state = names["optimizer"].update(np.float64(1), state)
            theirs.append(-float(updates))
            ours.append(0.1 * float(factor) * values[step])
            for plateau in names["plateaus"]:
                plateau.tell(loss)
            watched, factor = schedule.observe(watched, np.float64(loss))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)
    assert float(factor) < 0.6


@pytest.mark.parametrize(
    ("knob", "text"),
    [("b1", 'group["betas"] = (schedule(step), group["betas"][1])'), ("momentum", '["momentum"]')],
)
def test_knobs_have_the_names_of_the_library(knob, text):
    assert text in torch_code(s.Cosine(), 0.9, T, knob)
    watched = torch_code(s.ReduceOnPlateau(), 0.9, T, knob)
    assert "ReduceLROnPlateau(" in watched
    assert "def tell(loss):" in watched
    rule = "adam" if knob == "b1" else "sgd"
    assert f"inject_hyperparams(optax.{rule})(..., {knob}=schedule)" in optax_code(
        s.Cosine(), 0.9, T, knob
    )
    names = written(optax_code(s.ReduceOnPlateau(), 0.9, T, knob))
    assert float(names["optimizer"].init(np.zeros(2)).hyperparams[knob]) == pytest.approx(0.9)


def test_a_schedule_from_elsewhere_is_a_table():
    @entry
    class Saw(s.Schedule):
        name: ClassVar[str] = "saw"
        label: ClassVar[str] = "Saw"

        def __call__(self, step, num_steps, steps_per_epoch):
            return 1 + step % 3

    @entry
    class Risen(s.Cosine):  # derived from one that has a formula, which it is not
        name: ClassVar[str] = "risen"
        label: ClassVar[str] = "Risen"

        def __call__(self, step, num_steps, steps_per_epoch):
            return 1 + super().__call__(step, num_steps, steps_per_epoch)

    for schedule in (Saw(), s.Warmup(share=0.13) * Saw(), Risen(), s.Warmup() * Risen()):
        names = written(optax_code(schedule, 2.0, 20))
        theirs = [float(names["schedule"](step)) for step in range(20)]
        np.testing.assert_allclose(theirs, 2 * factors_of(schedule, 20, 1.0, "float64"))


def test_what_a_schedule_from_elsewhere_makes_of_the_loss_has_no_code():
    @entry
    class Patient(s.ReduceOnPlateau):
        name: ClassVar[str] = "patient"
        label: ClassVar[str] = "Patient"

    for schedule in (Patient(), s.Cosine() * Patient(), s.ReduceOnPlateau() * Patient()):
        for code in (optax_code, torch_code):
            assert code(schedule, 0.1, T).startswith("# What this schedule makes of the loss is")
