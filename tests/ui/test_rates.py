"""Whose the learning rates on a page are, and the word while fair ones are searched."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

import optviz
from optviz.specs import RaceSpec, Run
from optviz.ui.parts import rates

SPEC = RaceSpec(
    optviz.SURFACES["ravine"](),
    tuple(map(Run.parse, ("sgd", "adam:learning_rate=0.1", "newton", "lbfgs"))),
    num_steps=20,
)


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        (
            "tuned",
            "Fair, searched for exactly this race: SGD. As the paper or library sets it: Newton. "
            "Yours: Adam.",
        ),
        ("default", "As the paper or library sets it: SGD, Newton. Yours: Adam."),
        (
            0.25,
            "As the paper or library sets it: Newton. One for all, 0.25: SGD. Yours: Adam.",
        ),
    ],
)
def test_every_rate_has_somebody(chosen, told):
    assert rates.whose(replace(SPEC, rates=chosen)) == told


def test_all_alike_are_named_together():
    runs = tuple(map(Run.parse, ("sgd", "momentum")))
    assert rates.whose(replace(SPEC, runs=runs)) == (
        "Fair, searched for exactly this race: all rules."
    )


class Slow:
    """A race whose rates take a moment."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def resolved(self) -> None:
        time.sleep(self._seconds)


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, 0), (0.2, 1)])
def test_a_search_says_so_only_where_it_takes_a_while(monkeypatch, seconds, shown):
    said = []

    class Spinner:
        def __init__(self, text):
            said.append(text)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(rates, "PATIENCE", 0.1)
    monkeypatch.setattr(rates.st, "spinner", Spinner)
    rates.search(Slow(seconds))  # pyright: ignore[reportArgumentType]
    assert len(said) == shown
    assert all(text.startswith("Searching fair learning rates") for text in said)
