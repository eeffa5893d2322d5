"""Widgets that speak when they were not touched, or when what they belong to has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from drive import opened, said
from streamlit.testing.v1 import AppTest

from optviz.optimizers import OPTIMIZERS
from optviz.specs import Run
from optviz.surfaces import SURFACES
from optviz.ui.session import with_field, with_knob


def race(**query: str | list[str]) -> AppTest:
    return opened("app.py", **query)


def test_two_changes_of_one_moment_are_both_kept() -> None:
    test = race(schedule="step", run=["sgd"])
    test.slider(key="race.schedule.step.factor").set_value(0.3)
    test.slider(key="race.schedule.step.interval").set_value(0.1)
    test.number_input(key="race.schedule.warmup").set_value(10.0)
    test.run()
    assert said(test, "schedule") == "warmup*step:factor=0.3,interval=0.1"


def test_two_points_of_one_moment_are_both_kept() -> None:
    test = race(schedule="piecewise:points=0/1x0.5/0.5x1/0", run=["sgd"])
    test.number_input(key="race.schedule.piecewise.points.1.time").set_value(40.0)
    test.number_input(key="race.schedule.piecewise.points.2.factor").set_value(0.2)
    test.run()
    assert said(test, "schedule") == "piecewise:points=0/1x0.4/0.5x1/0.2"


def test_a_knob_of_what_was_replaced_meanwhile_changes_nothing() -> None:
    test = race(surface="ravine", schedule="step", run=["sgd"])
    test.selectbox(key="race.surface").set_value("rosenbrock")
    test.select_slider(key="race.surface.ravine.condition").set_value(100.0)
    test.selectbox(key="race.schedule").set_value("cosine")
    test.slider(key="race.schedule.step.factor").set_value(0.3)
    test.run()
    assert not test.exception
    assert said(test, "surface") == "rosenbrock"
    assert said(test, "schedule") == "cosine"


def test_fields_are_set_on_their_own_kind_only() -> None:
    ravine, beale = SURFACES["ravine"](), SURFACES["beale"]()
    assert with_field(beale, ravine, "condition", 7.0) is beale
    assert getattr(with_field(ravine, ravine, "condition", 7.0), "condition") == 7  # noqa: B009
    run = Run(OPTIMIZERS["adam"]())
    assert with_knob(run, OPTIMIZERS["sgd"](), "momentum", 0.5) is run
    assert with_knob(run, run.optimizer, "b1", 0.5).text() == "adam:b1=0.5"


def _gone() -> None:
    from dataclasses import replace

    import streamlit as st

    from optviz.ui.race.panel import SESSION

    SESSION.open()
    SESSION.remove_run(0)
    SESSION.remove_run(0)
    SESSION.change_run(0, lambda run: replace(run, label="late"))
    st.text(" ".join(map(str, SESSION.run_ids)))


def test_a_run_that_is_gone_is_not_removed_or_changed_again() -> None:
    test = AppTest.from_function(_gone)
    test.query_params["run"] = ["sgd", "adam", "momentum"]
    test.run()
    assert not test.exception
    assert test.text[0].value == "1 2"


@pytest.mark.browser
@pytest.mark.xdist_group("app")
def test_looking_at_schedules_one_after_the_other_changes_none(
    server: str, view: Callable[..., Any]
) -> None:
    runs = ("adam@step", "adam@cosine", "adam@warmup*cosine")
    query = "&".join(f"run={run}" for run in runs)
    window = view(reduced_motion="reduce").open(f"{server}/schedules?{query}")
    page = window.page
    for pause in (0, 50, 300):
        for title in ("Warm-up × Cosine", "Cosine", "Step"):
            page.get_by_test_id("stPopoverButton").get_by_text(title, exact=True).click()
            page.get_by_role("combobox", name="Multiply with").wait_for()
            page.wait_for_timeout(pause)
            page.keyboard.press("Escape")
        page.wait_for_timeout(700)  # what is said late is said by now
        assert [unquote(part) for part in page.url.split("?")[1].split("&")] == query.split("&")
    assert window.errors == []
