"""Every setting of every spec, asked for all that its one declaration promises."""

from __future__ import annotations

import argparse
import inspect
from dataclasses import MISSING, fields, replace
from typing import Any

import pytest

import optviz
from optviz.cli.flags import add_flags, said
from optviz.data import Synthetic
from optviz.networks import LeNet
from optviz.optimizers import OPTIMIZERS
from optviz.specs import RaceSpec, Run
from optviz.specs.experiment import TrainSpec
from optviz.specs.setting import (
    choices,
    defaults,
    flags,
    parameters,
    settings,
    spec_from_json,
    spec_to_json,
)
from optviz.specs.sweep import SweepSpec
from optviz.surfaces import SURFACES
from optviz.ui.training.fields import FIELDS

RUNS = (Run(OPTIMIZERS["sgd"]()),)
BASES: dict[type, Any] = {
    RaceSpec: RaceSpec(SURFACES["ravine"](), RUNS),
    TrainSpec: TrainSpec(Synthetic(), LeNet(), RUNS),
}
SPECS = tuple(BASES)
# What each command asks for in a way of its own.
BY_HAND = {
    RaceSpec: {"surface", "runs"},
    TrainSpec: {"dataset", "network", "runs", "directory"},
    SweepSpec: {"surface"},
}
ALL = [(cls, name) for cls in SPECS for name in settings(cls)]
NAMES = [f"{cls.__name__}.{name}" for cls, name in ALL]
SHOWN = [
    (cls, name) for cls, placed in BY_HAND.items() for name in settings(cls) if name not in placed
]
# A text for a value that is not the default, where no other value is offered.
SAID = {
    "start": "0.5,1",
    "schedule": "cosine",
    "noise": "0.25",
    "seed": "7",
    "seeds": "3",
    "vary": "batch_size=8|16",
    "rates": "0.125",
    "num_steps": "77",
}


def parser_of(cls: type) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    add_flags(parser, cls)
    return parser


def another(cls: type, name: str) -> str:
    """Text of a value that is not the default."""
    rule, default = settings(cls)[name], defaults(cls)[name]
    if name in SAID:
        return SAID[name]
    value = next(v for v in choices(cls)[name].offer if v not in (default, None))
    return rule.text(value)


@pytest.mark.parametrize(("cls", "name"), ALL, ids=NAMES)
def test_is_a_flag_or_is_said_by_hand(cls: type, name: str) -> None:
    assert (name in flags(cls)) != (name in BY_HAND[cls])


@pytest.mark.parametrize(("cls", "name"), SHOWN, ids=str)
def test_has_a_name_and_says_what_it_does(cls: type, name: str) -> None:
    choice = choices(cls)[name]
    assert choice.label
    assert choice.label[0].isupper()
    assert not choice.label.endswith(".")
    assert choice.help.endswith(".")


@pytest.mark.parametrize(("cls", "name"), ALL, ids=NAMES)
def test_everything_that_is_offered_may_be_chosen_and_is_said_and_read(
    cls: type, name: str
) -> None:
    rule = settings(cls)[name]
    for value in choices(cls)[name].offer:
        rule.check(name, value)
        if value is not None:  # the default, which no text says
            assert rule.parse(rule.text(value), name) == value
        assert choices(cls)[name].say(value)


@pytest.mark.parametrize(("cls", "name"), [(c, n) for c, n in SHOWN if c in SPECS], ids=str)
def test_a_flag_a_link_and_json_say_the_same(cls: type, name: str) -> None:
    text, rule = another(cls, name), settings(cls)[name]
    asked = [flags(cls)[name]] + ([] if rule.options == (False, True) else [text])
    by_flag = said(parser_of(cls).parse_args(asked), cls)
    assert list(by_flag) == [name]
    base = BASES[cls]
    expected = replace(base, **{name: by_flag[name]})
    assert getattr(expected, name) != getattr(base, name)
    parameter = next(p for p, field in parameters(cls).items() if field == name)
    by_link, problems = cls.from_query({parameter: [text]}, base)
    assert (by_link, problems) == (expected, [])
    assert cls.from_query(expected.to_query(), base) == (expected, [])
    if cls is TrainSpec:  # a race is written as its result
        assert spec_from_json(cls, spec_to_json(expected)) == expected


def test_every_setting_of_a_training_is_on_the_page() -> None:
    """With those of its kind; the page has controls of their own for these."""
    own = {"schedule", "seed", "seeds", "vary", "grid"}
    assert set(FIELDS) | own | BY_HAND[TrainSpec] == set(settings(TrainSpec))


def test_flags_that_say_nothing_change_nothing() -> None:
    for cls in SPECS:
        assert said(parser_of(cls).parse_args([]), cls) == {}


@pytest.mark.parametrize("cls", [*SPECS, SweepSpec])
def test_every_field_is_a_setting(cls: Any) -> None:
    assert list(settings(cls)) == [field.name for field in fields(cls)]
    assert set(defaults(cls)) == {f.name for f in fields(cls) if f.default is not MISSING}


@pytest.mark.parametrize("flag", ["--schedule", "--limit", "--validation"])
def test_an_empty_flag_of_what_may_be_none_says_nothing(flag: str) -> None:
    assert said(parser_of(TrainSpec).parse_args([flag, ""]), TrainSpec) == {}


@pytest.mark.parametrize("flag", ["--epochs", "--seed", "--batch-size"])
def test_any_other_empty_flag_is_refused(flag: str) -> None:
    with pytest.raises(ValueError, match=flag):
        said(parser_of(TrainSpec).parse_args([flag, ""]), TrainSpec)


def test_bad_text_names_its_flag() -> None:
    with pytest.raises(ValueError, match=r"^--batch-size must be .* got 'many'"):
        said(parser_of(TrainSpec).parse_args(["--batch-size", "many"]), TrainSpec)


# What each function asks for in a way of its own: `rates` by giving rules instead of keys.
BY_PLACE = {
    RaceSpec: (optviz.race, {"surface", "runs", "rates"}),
    TrainSpec: (optviz.train, {"dataset", "network", "runs", "directory"}),
    SweepSpec: (optviz.sweep, {"surface", "run", "grid"}),
}
ARGUMENTS = [
    (cls, name)
    for cls, (_, placed) in BY_PLACE.items()
    for name in settings(cls)
    if name not in placed
]


@pytest.mark.parametrize(
    ("cls", "name"), ARGUMENTS, ids=[f"{c.__name__}.{n}" for c, n in ARGUMENTS]
)
def test_python_says_every_setting_by_its_name(cls: type, name: str) -> None:
    function, _ = BY_PLACE[cls]
    argument = inspect.signature(function).parameters[name]
    assert argument.kind is inspect.Parameter.KEYWORD_ONLY
    assert f"\n        {name}: " in function.__doc__
    default = defaults(cls)[name]
    if name == "epochs":  # how long to train is for the caller to say
        assert argument.default is inspect.Parameter.empty
    else:
        assert argument.default == default
