"""Schedules that are made of others, and how both travel as text."""

import re

import jax
import numpy as np
import optax
import pytest

from optviz import schedules as s
from optviz.catalog import validate
from optviz.engine.surfaces.descend import compile_count, factors_of
from optviz.optimizers import OPTIMIZERS
from optviz.schedules import SCHEDULES
from optviz.specs import RaceSpec, Run, entry_text
from optviz.specs.schedule import parse_schedule
from optviz.surfaces import SURFACES

T = 120


def factors(schedule, num_steps=T):
    return factors_of(schedule, num_steps, 1.0, "float64")


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_warmup_stands_in_front_of_any(name):
    """What follows a warm-up runs over what is left, from its own beginning."""
    after = SCHEDULES[name]()
    both = factors(s.Warmup(share=0.25) * after)
    np.testing.assert_allclose(both[:30], np.arange(30) / 30 * factors(after, 90)[0], atol=1e-12)
    np.testing.assert_allclose(both[30:], factors(after, 90), rtol=0, atol=1e-12)


def test_everything_else_is_multiplied_step_by_step():
    parts = s.Cosine(final=0.1), s.Step(), s.Triangular()
    product = parts[0] * parts[1] * parts[2]
    expected = np.prod([factors(part) for part in parts], axis=0)
    np.testing.assert_allclose(factors(product), expected, rtol=1e-12)
    other = parts[0] * (parts[1] * parts[2])
    assert other == product
    assert hash(other) == hash(product)


def test_warmup_and_cosine_are_those_of_optax():
    theirs = optax.warmup_cosine_decay_schedule(0.02, 0.1, 12, T, 0.005)
    ours = factors(s.Warmup(share=0.1, start=0.2) * s.Cosine(final=0.05))
    with jax.enable_x64(True):
        golden = [float(theirs(np.float64(step))) for step in range(T)]
    np.testing.assert_allclose(0.1 * ours, golden, rtol=0, atol=1e-12)


def test_two_warmups_stand_one_after_the_other():
    both = factors(s.Warmup(share=0.25) * s.Warmup(share=0.5) * s.Cosine())
    assert both[0] == both[30] == 0
    assert both[75] == pytest.approx(1)
    np.testing.assert_allclose(both[75:], factors(s.Cosine(), 45), atol=1e-12)


def test_values_compile_nothing_and_a_composition_once():
    factors(s.Warmup() * s.Piecewise())
    before = compile_count()
    moved = ((0.0, 0.3), (0.2, 0.9), (0.6, 1.5), (1.0, 0.1))
    for share in np.linspace(0.01, 0.5, 7):
        factors(s.Warmup(share=float(share)) * s.Piecewise(points=moved))
        factors(s.Warmup(share=float(share)) * s.Piecewise(), num_steps=77)
    assert compile_count() == before
    factors(s.Piecewise() * s.Warmup())
    assert compile_count() == before + 1


def test_only_schedules_are_multiplied():
    with pytest.raises(TypeError):
        s.Cosine() * 2  # pyright: ignore[reportOperatorIssue]


TEXTS = (
    "cosine",
    "warmup*cosine",
    "warmup:share=0.05*cosine:final=0.1",
    "warmup*warm_restarts:first_cycle=0.3,growth=1.5*step:factor=0.9",
    "piecewise:points=0/0.1x0.5/2.5x1/0.001",
    "warmup*piecewise:points=0.25/1e-05",
    "multi_step:milestones=0.3x0.6x0.9",
    "multi_step:milestones=0.3",
    "reduce_on_plateau:patience=3*one_cycle:shape=linear",
)


@pytest.mark.parametrize("text", TEXTS)
def test_texts_round_trip(text):
    schedule = parse_schedule(text)
    assert entry_text(schedule) == text
    assert parse_schedule(entry_text(schedule)) == schedule
    run = Run.parse(f"momentum:momentum=0.5@{text}@momentum~{text}#mine")
    assert run.text() == f"momentum:momentum=0.5@{text}@momentum~{text}#mine"
    assert Run.parse(run.text()) == run


@pytest.mark.parametrize("text", TEXTS)
def test_links_round_trip(text):
    base = RaceSpec(surface=SURFACES["ravine"](), runs=(Run(OPTIMIZERS["sgd"]()),))
    spec, problems = RaceSpec.from_query({"schedule": [text], "run": [f"adam@{text}"]}, base)
    assert problems == []
    assert RaceSpec.from_query(spec.to_query(), base) == (spec, [])
    assert spec.to_json()["schedule"] == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("warmup*cosin", "did you mean 'cosine'?"),
        ("cosine*", "unknown schedule ''"),
        ("*".join(["cosine"] * 9), "at most 8 parts, got 9"),
        ("warmup:share=1*cosine", r"Warmup.share must lie in [0, 1), got 1"),
        ("warmup*cosine:final=-1", r"Cosine.final must lie in [0, inf), got -1"),
        ("piecewise:points=0/1x0/2", "times that rise from 0 to 1"),
        ("piecewise:points=0.5/1x0.2/2", "times that rise from 0 to 1"),
        ("piecewise:points=0/1x2/2", "times that rise from 0 to 1"),
        ("piecewise:points=0/-1", "factors of at least 0"),
        ("piecewise:points=0/nan", "must be a finite number, got 'nan'"),
        ("piecewise:points=0x1", "pairs of numbers"),
        ("piecewise:points=0/1/2", "pairs of numbers"),
        ("piecewise:points=", "1 to 64 points"),
        ("piecewise:points=" + "x".join(f"{i / 100}/1" for i in range(65)), "1 to 64 points"),
        ("multi_step:milestones=0.5x0.2", "rising shares of the run, from 0 to 1"),
        ("multi_step:milestones=0.5x1.2", "rising shares of the run, from 0 to 1"),
        ("one_cycle:shape=square", "must be one of cosine, linear"),
        ("reduce_on_plateau:patience=2.5", "must be a whole number"),
    ],
)
def test_bad_schedules_are_named(text, message):
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        parse_schedule(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("points", [[(0, 1), (1, 0)], ((0, "a"),), ((0, True),), ((0, 1), 2), 3])
def test_points_from_python_are_checked_too(points):
    with pytest.raises(ValueError, match=r"Piecewise\.points must"):
        validate(s.Piecewise(points=points))
