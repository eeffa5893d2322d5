"""The public interface: what `optviz.race` accepts, returns and refuses."""

import json
import math
import re
from dataclasses import replace
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pandas as pd
import pytest

import optviz
from optviz.analysis.race.convergence import OUTCOMES
from optviz.catalog import entry, knob
from optviz.optimizers import OPTIMIZERS, Adam, Momentum
from optviz.optimizers.base import runnable
from optviz.optimizers.from_optax import answer
from optviz.schedules import Cosine, Exponential, Step
from optviz.specs import RaceSpec, Run
from optviz.specs.race import problem_on
from optviz.surfaces import Ravine, Surface

pytestmark = pytest.mark.usefixtures("compiled_quickly")


def bowl(x, y):
    return x**2 + 3 * y**2


# What it returns ----------------------------------------------------------------------------------


def test_shapes_with_one_start():
    race = optviz.race("ravine", ["sgd", "adam", "momentum"], num_steps=12)
    assert race.labels == ("SGD", "Adam", "Momentum")
    shapes = {
        "params": (3, 13, 2),
        "losses": (3, 13),
        "grad_norms": (3, 13),
        "evaluations": (3, 13),
        "learning_rates": (3, 12),
        "outcomes": (3,),
        "diverged_at": (3,),
        "steps_to_tolerance": (3,),
    }
    for name, shape in shapes.items():
        assert getattr(race, name).shape == shape, name
    for name in list(shapes)[:5]:
        assert getattr(race, name).dtype == np.float64
    assert np.issubdtype(race.diverged_at.dtype, np.integer)
    assert race.num_steps == 12
    assert set(race.outcomes) <= set(OUTCOMES)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_shapes_with_an_array_of_starts(count):
    starts = np.linspace(-1, 1, 2 * count).reshape(count, 2)
    race = optviz.race("ravine", ["sgd", "adam"], start=starts, num_steps=7)
    assert race.params.shape == (2, count, 8, 2)
    assert race.losses.shape == race.grad_norms.shape == race.evaluations.shape == (2, count, 8)
    assert race.learning_rates.shape == (2, count, 7)
    assert race.outcomes.shape == race.diverged_at.shape == (2, count)
    assert race.steps_to_tolerance.shape == (2, count)
    np.testing.assert_array_equal(race.start, starts)


def test_every_published_name_is_there():
    for name in ("OPTIMIZERS", "SURFACES", "SCHEDULES", "NETWORKS", "DATASETS"):
        catalog = getattr(optviz, name)
        assert len(catalog) > 0
        assert isinstance(next(iter(catalog.values())), type)
    for name in optviz.__all__:
        assert getattr(optviz, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        optviz.nonsense  # noqa: B018


@entry
class AnyOf(Surface):
    """Every surface of two numbers by its place, so that a rule needs one program for all."""

    name: ClassVar[str] = "any_of"
    label: ClassVar[str] = "Any of them"
    xlim: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    ylim: ClassVar[tuple[float, float]] = (-1.0, 1.0)

    place: float = knob(
        0, domain=(0, 99), typical=(0, 9), help="Which.", closed="both", integer=True
    )

    members: ClassVar = [s() for s in optviz.SURFACES.values() if s.params_shape == (2,)]

    def __call__(self, params):
        return jax.lax.switch(jnp.int32(self.place), self.members, params)

    def minima(self):
        return ()

    def saddles(self):
        return ()

    def lower_bound(self):
        return None


def able(surface):
    problem = problem_on(surface)
    return [key for key, rule in OPTIMIZERS.items() if runnable(rule(), problem) is None]


@pytest.mark.parametrize("place", range(len(AnyOf.members)), ids=[s.name for s in AnyOf.members])
def test_every_rule_races_on_every_surface(place):
    surface = AnyOf(place=place)
    rules = able(surface)
    race = optviz.race(surface, rules, start=AnyOf.members[place].start, num_steps=20)
    assert race.losses.shape == (len(rules), 21)
    assert np.isfinite(race.losses).all()
    # And it is that surface: by its key the same losses, before rounding grows.
    first = race.spec.resolved()[0].optimizer
    named = optviz.race(AnyOf.members[place].name, [first], num_steps=20)
    np.testing.assert_allclose(named.losses[0, :3], race.losses[0, :3], rtol=1e-9)


@pytest.mark.parametrize("name", [n for n, s in optviz.SURFACES.items() if s.params_shape != (2,)])
def test_every_rule_races_on_every_surface_of_matrices(name):
    rules = able(optviz.SURFACES[name]())
    race = optviz.race(name, rules, num_steps=20)
    assert np.isfinite(race.losses).all()


def test_float32_is_returned_as_float64():
    race = optviz.race("ravine", ["adam"], num_steps=10, dtype="float32")
    assert race.params.dtype == np.float64
    np.testing.assert_array_equal(race.params, race.params.astype(np.float32))


def test_equal_questions_have_equal_answers():
    one, other = (optviz.race("ravine", ["adam"], num_steps=9, noise=0.1) for _ in range(2))
    assert one.id == other.id
    assert one.spec == other.spec
    assert one.id != optviz.race("ravine", ["adam"], num_steps=9, noise=0.1, seed=1).id


# What it accepts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "surface",
    ["ravine", "ravine:condition=7", Ravine(angle=3.0), optviz.expression("x**2 + 3*y**2"), bowl],
    ids=["key", "text", "entry", "expression", "function"],
)
def test_forms_of_a_surface(surface):
    race = optviz.race(surface, ["sgd"], num_steps=5)
    assert np.isfinite(race.losses).all()


def test_a_function_races_like_its_expression():
    typed = optviz.race(optviz.expression("x**2 + 3*y**2"), ["adam"], start=(1, 1), num_steps=30)
    written = optviz.race(bowl, ["adam"], start=(1, 1), num_steps=30)
    np.testing.assert_allclose(written.params, typed.params, rtol=1e-12)


def test_forms_of_optimizers():
    race = optviz.race(
        "ravine",
        ["adam", "adam:learning_rate=0.2", Adam(learning_rate=0.05), optax.sgd(0.01)],
        num_steps=5,
    )
    assert race.learning_rates[1:3, 0].tolist() == [0.2, 0.05]
    assert math.isnan(race.learning_rates[3, 0])
    for alone in ("adam", Adam(), optax.sgd(0.1)):
        assert optviz.race("ravine", alone, num_steps=2).losses.shape == (1, 3)


def test_a_key_means_the_fair_rate_and_an_instance_its_own():
    race = optviz.race("rosenbrock", ["adam", Adam()], num_steps=30)
    assert race.spec.rate_origins == ("fair", "yours")
    fair, own = race.learning_rates[:, 0].tolist()
    assert own == Adam().learning_rate != fair
    assert race.losses[0, -1] < race.losses[1, -1]


def test_labels_are_the_mappings_keys():
    race = optviz.race("ravine", {"slow": Adam(learning_rate=1e-4), "b": "sgd", "c": "sgd"})
    assert race.labels == ("slow", "b", "c")


def test_labels_name_the_knobs_where_a_rule_runs_twice():
    race = optviz.race("ravine", [Adam(learning_rate=0.1), Adam(learning_rate=0.2), "sgd"])
    assert race.labels == ("Adam (learning_rate=0.1)", "Adam (learning_rate=0.2)", "SGD")
    race = optviz.race("ravine", [Adam(b1=0.5), Adam(b1=0.6), Adam(b1=0.6)])
    assert len(set(race.labels)) == 3


@pytest.mark.parametrize(
    "start", [(1, 2), [1, 2], np.array([1, 2]), np.array([1, 2], np.float32), jnp.array([1.0, 2.0])]
)
def test_forms_of_one_start(start):
    race = optviz.race("ravine", ["sgd"], start=start, num_steps=2)
    np.testing.assert_array_equal(race.params[0, 0], [1.0, 2.0])
    assert race.params.ndim == 3


def test_no_start_is_the_surfaces_own():
    race = optviz.race("beale", ["sgd"], num_steps=2)
    np.testing.assert_array_equal(race.start, optviz.SURFACES["beale"].start)


def test_numpy_numbers_are_numbers():
    race = optviz.race(
        "ravine",
        ["sgd"],
        num_steps=np.int64(5),
        seed=np.uint8(3),
        noise=np.float32(0.5),
        tolerance=np.float64(0.1),
    )
    assert (
        race.spec
        == optviz.race("ravine", ["sgd"], num_steps=5, seed=3, noise=0.5, tolerance=0.1).spec
    )
    assert optviz.race("ravine", ["sgd"], num_steps=5, noise=1).spec.noise == 1.0


def test_schedules_for_all_and_by_label():
    names = ["sgd:learning_rate=0.02", "momentum:learning_rate=0.01"]
    fixed = optviz.race("ravine", names, num_steps=10).learning_rates
    factors = optviz.race("ravine", names, num_steps=10, schedule="cosine").learning_rates / fixed
    expected = (1 + np.cos(np.pi * np.arange(10) / 10)) / 2
    np.testing.assert_allclose(factors, np.broadcast_to(expected, (2, 10)), rtol=1e-12)
    text = optviz.race("ravine", names, num_steps=10, schedule="step:factor=0.1")
    entry = optviz.race("ravine", names, num_steps=10, schedule=Step(factor=0.1))
    np.testing.assert_array_equal(text.learning_rates, entry.learning_rates)
    one = optviz.race("ravine", names, num_steps=10, schedule={"Momentum": Cosine()})
    np.testing.assert_allclose(one.learning_rates / fixed, [np.ones(10), expected], rtol=1e-12)
    assert one.labels == ("SGD", "Momentum")


def test_a_schedule_of_another_knob_by_label():
    rule = "momentum:learning_rate=0.01"
    plain = optviz.race("ravine", [rule], num_steps=20)
    fading = {"Momentum": {"momentum": Exponential(k=0.5)}}
    faded = optviz.race("ravine", [rule], num_steps=20, schedule=fading)
    np.testing.assert_array_equal(plain.learning_rates, faded.learning_rates)
    np.testing.assert_array_equal(plain.params[0, :2], faded.params[0, :2])
    assert np.abs(plain.params - faded.params).max() > 1e-3


# What it refuses ----------------------------------------------------------------------------------

REFUSED = [
    (("ravin", ["sgd"], {}), "unknown surface 'ravin' (did you mean 'ravine'?)"),
    (("ravine", ["sdg"], {}), "unknown optimizer 'sdg' (did you mean 'sgd'?)"),
    (("ravine", [], {}), "a race needs 1 to 64 optimizers, got none"),
    (("ravine", {}, {}), "a race needs 1 to 64 optimizers, got none"),
    (("ravine", [Adam(b1=1.2)], {}), "Adam.b1 must lie in [0, 1), got 1.2"),
    (("ravine", {"x": Adam(b1=1.2)}, {}), "Adam.b1 must lie in [0, 1), got 1.2"),
    ((Ravine(condition=-1.0), ["sgd"], {}), "Ravine.condition must lie in (0, inf), got -1.0"),
    ((3, ["sgd"], {}), "surface must be a key, a Surface or a function f(x, y), got int"),
    (("ravine", [3], {}), "an optimizer must be a key, an Optimizer or an optax "),
    (("ravine", [Adam], {}), "an optimizer must be a key, an Optimizer or an optax "),
    (("ravine", ["sgd"], {"num_steps": 0}), "num_steps must be a whole number from 1 to 100,000"),
    (("ravine", ["sgd"], {"num_steps": 1.5}), "num_steps must be a whole number from 1 to 100,000"),
    (("ravine", ["sgd"], {"num_steps": True}), "num_steps must be a whole number"),
    (("ravine", ["sgd"], {"seed": -1}), "seed must be a whole number from 0"),
    (("ravine", ["sgd"], {"noise": -0.1}), "noise must lie in [0, inf], got -0.1"),
    (("ravine", ["sgd"], {"noise": "a"}), "noise must be a number, got 'a'"),
    (("ravine", ["sgd"], {"tolerance": 2}), "tolerance must lie in [0, 1], got 2.0"),
    (("ravine", ["sgd"], {"dtype": "float16"}), "dtype must be one of float64, float32"),
    (("ravine", ["sgd"], {"start": (1, 2, 3)}), "start must have shape (2,) or (num_starts, 2)"),
    (("ravine", ["sgd"], {"start": np.zeros((0, 2))}), "start must have shape (2,) or"),
    (("ravine", ["sgd"], {"start": "here"}), "start must be (x, y) or (num_starts, 2) numbers"),
    (("ravine", ["sgd"], {"start": (1, np.nan)}), "start must be two finite numbers x, y"),
    (("ravine", ["sgd"], {"schedule": "cosin"}), "unknown schedule 'cosin' (did you mean 'cosine'"),
    (("ravine", ["sgd"], {"schedule": 3}), "schedule must be a key or a Schedule, got int"),
    (("ravine", ["sgd"], {"schedule": Cosine(final=-1.0)}), "Cosine.final must lie in [0, inf)"),
    (
        ("ravine", ["sgd"], {"schedule": {"SDG": "cosine"}}),
        "schedule for 'SDG' (did you mean 'SGD'?)",
    ),
    (
        ("ravine", ["sgd"], {"schedule": {"SGD": {"momentum": "cosine"}}}),
        "SGD has no knob 'momentum' to schedule",
    ),
    (
        (optviz.expression("log(x)"), ["sgd"], {"start": (-1.0, 1.0)}),
        "expression 'log(x)' is not finite at the start",
    ),
    ((optviz.expression("1/x"), ["sgd"], {"start": (0, 0)}), "expression '1/x' is not finite at"),
]


@pytest.mark.parametrize(("question", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_bad_input_is_one_line(question, message):
    surface, optimizers, settings = question
    with pytest.raises(ValueError, match="^" + re.escape(message)) as caught:
        optviz.race(surface, optimizers, **settings)
    assert "\n" not in str(caught.value)


# What can be made of it ---------------------------------------------------------------------------


def test_summary():
    rules = [OPTIMIZERS["sgd"](learning_rate=r) for r in (0.039, 1.0)] + [optax.sgd(0.01)]
    race = optviz.race("ravine", rules, num_steps=1000)
    table = race.summary()
    assert isinstance(table, pd.DataFrame)
    assert table["optimizer"].tolist() == list(race.labels)
    np.testing.assert_array_equal(table["final loss"], race.losses[:, -1])
    assert table["gradient evaluations"].iloc[0] == 1000
    assert table["outcome"].iloc[0] == "converged"
    assert table["outcome"].iloc[1] == f"diverged at step {race.diverged_at[1]}"
    assert table["steps to tolerance"].iloc[0] == race.steps_to_tolerance[0]
    assert pd.isna(table["steps to tolerance"].iloc[1])
    many = optviz.race("ravine", ["sgd", "adam"], start=[(1, 1), (2, 2), (0, 1)], num_steps=5)
    table = many.summary()
    assert len(table) == 6
    assert table["start"].tolist() == [0, 1, 2, 0, 1, 2]
    np.testing.assert_array_equal(table["final loss"], many.losses[..., -1].ravel())


@pytest.mark.parametrize("start", [None, [(1.0, 1.0), (2.0, 0.5)]])
def test_json(start):
    rules = ["adam", OPTIMIZERS["sgd"](learning_rate=9.0), optax.sgd(0.01)]
    race = optviz.race("ravine", rules, start=start, num_steps=30, schedule="cosine")
    data = json.loads(json.dumps(race.to_json(), allow_nan=False))
    assert set(data) == {
        "spec",
        "labels",
        "params",
        "losses",
        "learning_rates",
        "outcomes",
        "steps_to_tolerance",
    }
    np.testing.assert_array_equal(data["params"], race.params)
    np.testing.assert_array_equal(data["losses"], race.losses)
    assert tuple(data["labels"]) == race.labels
    assert data["outcomes"] == race.outcomes.tolist()
    rates = np.array(data["learning_rates"], np.float64)  # None becomes NaN
    np.testing.assert_array_equal(rates, race.learning_rates)
    assert data["spec"]["num_steps"] == 30


def test_a_race_says_what_it_was():
    race = optviz.race("ravine", ["sgd"], num_steps=4)
    assert repr(race) == "<Race on Ravine, 4 steps: SGD running>"
    assert race.spec == RaceSpec(Ravine(), (Run.parse("sgd"),), num_steps=4)


def test_a_run_with_gradient_noise_and_many_starts_is_the_same_alone():
    rules = ["sgd:learning_rate=0.01", "adam:learning_rate=0.1"]
    many = optviz.race("beale", rules, start=[(1.0, 1.0), (2.0, 0.0)], noise=0.2, num_steps=40)
    for i, start in enumerate([(1.0, 1.0), (2.0, 0.0)]):
        one = optviz.race("beale", rules, start=start, noise=0.2, num_steps=40)
        np.testing.assert_allclose(many.params[:, i], one.params, rtol=1e-11)


# As optax -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_as_optax_in_an_optax_loop(cls):
    """The loop that optax's users write walks the same path as the race."""
    rule, surface, num_steps = cls(), Ravine(), 25
    race = optviz.race(surface, [rule], num_steps=num_steps)
    raced = race.params[0]
    if race.diverged_at[0] >= 0:  # from there on a race stands still
        num_steps = int(race.diverged_at[0]) - 1
        raced = raced[: num_steps + 1]
    with jax.enable_x64(True):
        rule64, surface64 = (jax.tree.map(np.float64, item) for item in (rule, surface))
        transformation = rule64.as_optax()
        params = jnp.asarray(np.array(surface.start))
        state = transformation.init(params)

        @jax.jit
        def step(params, state):
            value, grads = jax.value_and_grad(surface64)(params)
            updates, state = transformation.update(
                grads, state, params, value=value, grad=grads, value_fn=surface64
            )
            return optax.apply_updates(params, updates), state

        path = [np.asarray(params)]
        for _ in range(num_steps):
            params, state = step(params, state)
            path.append(np.asarray(answer(rule64, params, state)))
    # A step that reads the loss magnifies the rounding of two programs.
    np.testing.assert_allclose(path, raced, rtol=1e-6 if cls.reads_loss else 1e-11, atol=1e-12)


def test_as_optax_works_on_nested_params_inside_a_chain():
    transformation = optax.chain(optax.clip_by_global_norm(1.0), Momentum(0.1).as_optax())
    params = {"w": jnp.ones((2, 3)), "b": [jnp.ones(4)]}
    state = transformation.init(params)
    grads = jax.tree.map(lambda p: 10 * p, params)
    updates, _ = jax.jit(transformation.update)(grads, state, params)
    norm = optax.tree.norm(updates)
    assert float(norm) == pytest.approx(0.1, rel=1e-5)
    assert jax.tree.structure(updates) == jax.tree.structure(params)


def test_as_optax_needs_params():
    transformation = Adam().as_optax()
    state = transformation.init(jnp.ones(2))
    with pytest.raises(ValueError, match=r"^Adam: update needs params, got None$"):
        transformation.update(jnp.ones(2), state)


@pytest.mark.parametrize("odd", [None, 5, 1j, np.zeros(()), object()])
def test_what_is_no_list_of_optimizers(odd):
    with pytest.raises(ValueError, match=r"^optimizers must be a list, or a mapping from labels"):
        optviz.race("ravine", odd, num_steps=3)


@pytest.mark.parametrize("number", [jnp.float32(0.5), np.float64(0.5), np.float32(0.5)])
def test_numbers_of_arrays_are_numbers(number):
    """They have no hash, and a spec is a key."""
    race = optviz.race(
        Ravine(condition=2 * number + 4),
        [optviz.optimizers.SGD(learning_rate=number / 5)],
        schedule=Step(factor=number),
        noise=number,
        tolerance=number,
        num_steps=np.int64(3),
        seed=np.uint8(3),
    )
    assert hash(race.spec) == hash(replace(race.spec))
    assert race.spec.tolerance == 0.5
    assert isinstance(race.spec.noise, float)
    assert race.learning_rates[0, 0] == pytest.approx(0.1)
