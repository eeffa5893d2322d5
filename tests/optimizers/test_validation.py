"""Bounds and types of every hyperparameter of every entry, and the words of the refusals."""

import math
import re
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

import optviz
from optviz.catalog import Knob, knobs, switches, validate
from optviz.optimizers import OPTIMIZERS
from optviz.schedules import SCHEDULES
from optviz.surfaces import SURFACES

ENTRIES = [*OPTIMIZERS.values(), *SURFACES.values(), *SCHEDULES.values()]
KNOBS = [pytest.param(c, n, i, id=f"{c.name}-{n}") for c in ENTRIES for n, i in knobs(c).items()]
SWITCHES = [pytest.param(c, n, id=f"{c.name}-{n}") for c in ENTRIES for n in switches(c)]
all_knobs = pytest.mark.parametrize(("cls", "name", "info"), KNOBS)


def just_inside(info: Knob) -> list[float]:
    """The ends of the domain, or the numbers next to them where they do not belong to it."""
    low, high = info.domain
    if info.integer:
        return [v for v in (math.ceil(low), high) if math.isfinite(v)]
    low_in = low if info.closed in ("left", "both") else math.nextafter(low, math.inf)
    high_in = high if info.closed in ("right", "both") else math.nextafter(high, -math.inf)
    return [low_in if math.isfinite(low) else -1e300, high_in if math.isfinite(high) else 1e300]


def just_outside(info: Knob) -> list[float]:
    low, high = info.domain
    low_out = math.nextafter(low, -math.inf) if info.closed in ("left", "both") else low
    high_out = math.nextafter(high, math.inf) if info.closed in ("right", "both") else high
    return [
        low_out if math.isfinite(low) else -math.inf,
        high_out if math.isfinite(high) else math.inf,
    ]


@all_knobs
def test_each_bound_is_enforced(cls, name, info):
    for value in just_inside(info):
        validate(cls(**{name: value}))
    for value in just_outside(info):
        if info.integer and math.isfinite(value):
            value = math.floor(value) if value < info.domain[0] else math.ceil(value)
        expected = rf"^{cls.__name__}\.{name} must lie in {re.escape(info.describe())}, got "
        with pytest.raises(ValueError, match=expected + re.escape(repr(value)) + "$"):
            validate(cls(**{name: value}))


@all_knobs
def test_nan_text_and_booleans_are_refused(cls, name, info):
    who = rf"^{cls.__name__}\.{name} must "
    with pytest.raises(ValueError, match=who + "lie in .*, got nan$"):
        validate(cls(**{name: math.nan}))
    for value in ("0.5", True, False, None, 1j, [0.5], np.bool_(True), np.ones(1), np.array("a")):
        with pytest.raises(ValueError, match=who + "be a number, got "):
            validate(cls(**{name: value}))


@all_knobs
def test_numbers_of_every_library_are_accepted(cls, name, info):
    value = info.typical[1]
    for kind in (np.float32, np.float64, lambda v: jnp.float32(v), np.asarray, float):
        validate(cls(**{name: kind(value)}))


@all_knobs
def test_declaration_is_sound(cls, name, info):
    """Default and slider range lie in the domain; a slider of ratios does not start at 0."""
    low, high = info.typical
    assert low < high
    assert info.contains(low)
    assert info.contains(high)
    assert info.contains(cls.__dataclass_fields__[name].default)
    assert low > 0 or not info.log
    assert info.help.strip().endswith(".")
    assert "\n" not in info.help


@pytest.mark.parametrize(("cls", "name"), SWITCHES)
def test_only_the_options_of_a_switch_are_accepted(cls, name):
    options = switches(cls)[name].options
    if switches(cls)[name].traced:  # a list of numbers, which says itself what it refuses
        with pytest.raises(ValueError, match=rf"^{cls.__name__}\.{name} must .*, got 'no'$"):
            validate(cls(**{name: "no"}))
        return
    assert options
    for value in options:
        validate(cls(**{name: value}))
    allowed = ", ".join(map(str, options))
    with pytest.raises(
        ValueError, match=f"^{cls.__name__}.{name} must be one of {allowed}, got 'no'$"
    ):
        validate(cls(**{name: "no"}))


def test_the_message_names_who_what_is_allowed_and_what_came():
    adam = optviz.optimizers.Adam
    with pytest.raises(ValueError, match=r"^Adam\.b1 must lie in \[0, 1\), got 1\.2$"):
        validate(adam(b1=1.2))
    with pytest.raises(ValueError, match=r"^Adam\.b1 must lie in \[0, 1\), got 1\.0$"):
        validate(adam(b1=1.0))
    with pytest.raises(ValueError, match=r"^Adam\.learning_rate must lie in \[0, inf\), got inf$"):
        validate(adam(learning_rate=math.inf))
    with pytest.raises(ValueError, match=r"^Momentum\.momentum must lie in \[0, 1\], got 1\.01$"):
        validate(optviz.optimizers.Momentum(momentum=1.01))
    with pytest.raises(ValueError, match=r"^Saddle\.a must lie in \(0, inf\), got 0$"):
        validate(optviz.surfaces.Saddle(a=0))
    with pytest.raises(ValueError, match=r"^Adam\.b1 must be a number, got '0\.9'$"):
        validate(adam(b1="0.9"))


@pytest.mark.parametrize("value", [1.2, math.nan, "0.9", True])
def test_a_race_refuses_before_it_compiles(value):
    adam = optviz.optimizers.Adam
    with pytest.raises(ValueError, match=r"^Adam\.b1 must "):
        optviz.race("ravine", [replace(adam(), b1=value)])
