"""The schedule that sees the loss: on surfaces, in sweeps, in trainings; and knobs but the rate."""

import jax
import numpy as np
import pytest

import optviz
from optviz import schedules as s
from optviz.api.sweep import sweep
from optviz.engine.surfaces.descend import compile_count
from optviz.engine.training.watch import Watcher, replay
from optviz.optimizers import OPTIMIZERS
from optviz.surfaces import SURFACES

PLATEAU = s.ReduceOnPlateau(patience=2, factor=0.5)


def by_hand(losses, patience=2, factor=0.5, threshold=1e-4):
    """The factor at each step, given the loss at each step: the first is not looked at."""
    best, waited, value, values = np.inf, 0, 1.0, [1.0]
    for loss in losses[1:]:
        if loss < best * (1 - threshold):
            best, waited = loss, 0
        else:
            waited += 1
        if waited > patience:
            value, waited = value * factor, 0
        values.append(value)
    return np.array(values)


def race(**options):
    rules = ["sgd:learning_rate=0.03", "adam:learning_rate=0.25"]
    return optviz.race("ravine", rules, num_steps=80, noise=4.0, seed=3, **options)


def test_the_record_shows_what_happened():
    result = race(schedule={"SGD": PLATEAU})
    base = result.spec.resolved()[0].optimizer.learning_rate
    expected = base * by_hand(result.losses[0, :-1])
    np.testing.assert_allclose(result.learning_rates[0], expected, rtol=1e-12)
    assert len(set(result.learning_rates[0])) > 2, "it must have dropped"
    assert len(set(result.learning_rates[1])) == 1, "the other rule has no schedule"


def test_the_steps_are_taken_with_it():
    """Without noise, SGD's path is its rates times the gradients."""
    result = optviz.race("ravine", ["sgd:learning_rate=0.04@reduce_on_plateau:patience=0"])
    path, rates = result.params[0], result.learning_rates[0]
    surface = result.surface
    with jax.enable_x64(True):
        grads = np.asarray(jax.vmap(jax.grad(surface))(path[:-1]))
    np.testing.assert_allclose(np.diff(path, axis=0), -rates[:, None] * grads, rtol=0, atol=1e-12)
    assert len(set(rates)) > 1


def test_epochs_are_steps_apart():
    result = race(schedule=PLATEAU, steps_per_epoch=5)
    rates = result.learning_rates[0].reshape(16, 5)
    assert (rates == rates[:, :1]).all()
    expected = by_hand(result.losses[0, ::5][:-1])
    np.testing.assert_allclose(rates[:, 0] / rates[0, 0], expected, rtol=1e-12)


def test_products_keep_what_both_do():
    result = race(schedule=PLATEAU * s.Cosine())
    cosine = (1 + np.cos(np.pi * np.arange(80) / 80)) / 2
    base = result.spec.resolved()[0].optimizer.learning_rate
    np.testing.assert_allclose(
        result.learning_rates[0], base * cosine * by_hand(result.losses[0, :-1]), rtol=1e-12
    )


def test_every_start_has_its_own_rate():
    result = race(schedule=PLATEAU, start=[(1.0, 2.0), (-3.0, 0.5), (0.1, 0.1)])
    assert result.learning_rates.shape == (2, 3, 80)
    for start in range(3):
        alone = race(schedule=PLATEAU, start=result.params[0, start, 0])
        np.testing.assert_allclose(result.learning_rates[:, start], alone.learning_rates)


def test_values_compile_nothing():
    rule = ["sgd:learning_rate=0.02"]  # alone and at its own rate: no threads, no search
    optviz.race("ravine", rule, schedule=PLATEAU)
    before = compile_count()
    for patience in (0, 1, 7):
        plateau = s.ReduceOnPlateau(patience=patience, factor=0.3, floor=0.1)
        optviz.race("ravine", rule, schedule=plateau)
    assert compile_count() == before


def test_other_knobs_can_watch():
    rule = "momentum:learning_rate=0.01"
    one = optviz.race("ravine", [f"{rule}@momentum~reduce_on_plateau:patience=0,factor=0.5"])
    other = optviz.race("ravine", [rule])
    assert np.abs(one.params - other.params).max() > 1e-6
    np.testing.assert_array_equal(one.learning_rates, other.learning_rates)


def test_a_sweep_watches_too():
    rates = np.array([0.01, 0.03])
    swept = sweep(
        SURFACES["ravine"](),
        OPTIMIZERS["sgd"](),
        {"learning_rate": rates},
        num_steps=80,
        noise=4.0,
        seed=3,
        dtype="float64",
        schedules={"learning_rate": PLATEAU},
    )
    for rate, loss in zip(rates, swept.final_losses, strict=True):
        alone = optviz.race(
            "ravine",
            [f"sgd:learning_rate={rate}"],
            num_steps=80,
            noise=4.0,
            seed=3,
            schedule=PLATEAU,
        )
        assert loss == pytest.approx(alone.losses[0, -1], rel=1e-9)


def test_momentum_warms_up():
    result = optviz.race(
        "ravine",
        {"warm": optviz.optimizers.Momentum(0.005, momentum=0.9), "plain": "momentum"},
        schedule={"warm": {"momentum": s.Linear(start=0.1 / 0.9, end=1.0, share=0.5)}},
        num_steps=40,
    )
    # v₂ = β₂ v₁ + g₂, and the first step knows no velocity: step 2 shows the second β.
    steps = np.diff(result.params[0], axis=0)
    with jax.enable_x64(True):
        grads = np.asarray(jax.vmap(jax.grad(result.surface))(result.params[0, :-1]))
    velocity = -steps / 0.005
    for t in (1, 5, 25):
        beta = 0.1 + 0.8 * min(t / 20, 1)
        np.testing.assert_allclose(velocity[t], beta * velocity[t - 1] + grads[t], rtol=1e-9)


@pytest.mark.parametrize(
    ("rule", "knob", "schedule", "message"),
    [
        ("momentum", "momentum", s.Linear(start=1, end=2), "Momentum.momentum must lie in [0, 1]"),
        ("adam", "b1", s.Linear(start=0.5, end=1.2), "Adam.b1 must lie in [0, 1)"),
    ],
)
def test_a_schedule_may_not_leave_the_knobs_domain(rule, knob, schedule, message):
    with pytest.raises(ValueError, match=r"its schedule takes it to 1\.\d") as error:
        optviz.race("ravine", {"it": rule}, schedule={"it": {knob: schedule}})
    assert message in str(error.value)


def test_a_training_tells_it_once_an_epoch():
    losses = [1.0, 0.9, 0.95, 0.95, 0.95, 0.95, None, 0.99]
    watcher, factors = Watcher(PLATEAU), []
    for loss in losses:
        watcher.tell(loss)
        factors.append(float(watcher.factor))
    assert factors == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25]
    steps = replay(PLATEAU, losses, 24, 3)
    assert steps.tolist() == [1.0] * 15 + [0.5] * 9


@pytest.mark.parametrize("shift", [-5.0, -1e-3, 0.0, 1e-3, 5.0])
def test_a_loss_that_rests_is_no_better_whatever_its_sign(shift):
    """A loss counts as better where it is lower by a share of the best one's size."""
    losses = shift + np.concatenate([np.linspace(1, 0, 10), np.full(8, 0.0), np.full(8, 0.3)])
    for mode in ("relative", "absolute"):
        watcher, values = Watcher(s.ReduceOnPlateau(patience=3, factor=0.5, mode=mode)), []
        for loss in losses:
            watcher.tell(float(loss))
            values.append(float(watcher.factor))
        assert values[9] == 1, "it was falling"
        assert values[12:14] == [1, 0.5], "after more than three epochs without a lower loss"
        assert values[-1] == 0.5**4


@pytest.mark.parametrize("sign", [1, -1])
def test_better_by_a_share_of_the_best(sign):
    watcher = Watcher(s.ReduceOnPlateau(patience=0, factor=0.5, threshold=0.1))
    told = []
    for loss in (sign * 1.0, sign * 1.0 - 0.09, sign * 1.0 - 0.11):
        watcher.tell(loss)
        told.append(float(watcher.factor))
    assert told == [1, 0.5, 0.5]


def test_a_surface_below_zero_lets_the_rate_drop():
    rule = "sgd:learning_rate=0.1@reduce_on_plateau:patience=2,factor=0.5"
    drops = []
    for surface in ("x**2 + y**2 - 0.001", "x**2 + y**2", "x**2 + y**2 + 0.001"):
        rates = optviz.race(optviz.expression(surface), [rule]).learning_rates[0]
        drops.append(len(set(rates)) - 1)
    assert drops[0] == drops[2] > 50, "the same descent, a little lower or higher"
    assert drops[1] < drops[0], "towards 0 there is always a share left to fall"
    low = optviz.race("styblinski_tang", [rule]).learning_rates[0]
    assert len(set(low)) > 50
