"""The schedules page as a script, and once in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from drive import lines, link, opened
from streamlit.testing.v1 import AppTest

from optviz.catalog import entry
from optviz.optimizers import Optimizer
from optviz.player import unpack
from optviz.schedules import SCHEDULES
from optviz.specs import RaceSpec, Run
from optviz.specs.schedule import parse_schedule
from optviz.surfaces import SURFACES
from optviz.ui.parts.schedule import joined, split, with_momentum_warmup
from optviz.ui.schedules.examples import EXAMPLES, example
from optviz.ui.schedules.view import knob_values, titles, view


def page(**query: str | list[str]) -> AppTest:
    return opened("pages/30_schedules.py", **query)


def spec(*runs: str, **fields: Any) -> RaceSpec:
    return RaceSpec(SURFACES["ravine"](), tuple(map(Run.parse, runs)), **fields)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_can_be_added(name: str) -> None:
    test = page(run=["sgd@constant"])
    test.selectbox(key="schedules.add").set_value(name).run()
    assert not test.exception
    assert link(test, "run") == ["sgd@constant", f"sgd@{name}"]
    assert len(test.dataframe[0].value) == 2


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_opens(name: str) -> None:
    test = page(run=["adam@cosine"], noise="1")
    test.button(key=f"schedules.example.{name}").click().run()
    assert not test.exception
    assert len(link(test, "run")) == len(EXAMPLES[name][2])
    assert lines(test) == []
    assert link(test, "noise") == ["1"], "an example leaves noise and surface alone"


def test_schedules_are_removed_down_to_the_last() -> None:
    test = page(run=["sgd@step", "sgd@cosine"])
    test.button(key="schedules.remove.0").click().run()
    assert link(test, "run") == ["sgd@cosine"]
    assert test.button(key="schedules.remove.1").disabled


def test_another_rule_under_the_same_schedules() -> None:
    test = page(run=["adam:learning_rate=0.1@step", "adam@warmup*cosine"])
    test.selectbox(key="schedules.rule").set_value("momentum").run()
    assert link(test, "run") == ["momentum@step", "momentum@warmup*cosine"]
    test.selectbox(key="schedules.knob").set_value("momentum").run()
    assert link(test, "run") == ["momentum@momentum~step", "momentum@momentum~warmup*cosine"]
    test.selectbox(key="schedules.rule").set_value("sgd").run()
    assert not test.exception
    assert link(test, "run") == ["sgd@step", "sgd@warmup*cosine"]


def test_the_settings_of_the_run() -> None:
    test = page(run=["sgd@reduce_on_plateau"])
    assert link(test, "noise") == [], "a link says all that differs from a plain race"
    test.select_slider(key="schedules.steps_per_epoch").set_value(10).run()
    test.select_slider(key="schedules.noise").set_value(0.5).run()
    test.selectbox(key="schedules.surface").set_value("rosenbrock").run()
    assert not test.exception
    assert link(test, "steps_per_epoch") == ["10"]
    assert link(test, "noise") == ["0.5"]
    assert link(test, "surface") == ["rosenbrock"]


def test_what_is_not_a_schedule_is_refused_in_one_line() -> None:
    test = page(run=["sgd@piecewise:points=0.5/1x0.2/0", "sgd@cosine"])
    warnings = lines(test)
    assert len(warnings) == 1
    assert "times that rise from 0 to 1" in warnings[0]
    assert link(test, "run") == ["sgd@cosine"]
    test = page(run=["momentum:momentum=0.9@momentum~linear:start=2"])
    assert "its schedule takes it to 1.8" in test.warning[0].value


@pytest.mark.parametrize(("count", "told"), [(10, "x solid, y dashed"), (11, "x thick, y thin")])
def test_what_tells_y_from_x_tells_no_schedule(count: int, told: str) -> None:
    """Beyond ten, schedules are told apart by dashes."""
    runs = tuple(Run.parse(f"adam@step:factor={0.05 * k}") for k in range(1, count + 1))
    asked = RaceSpec(SURFACES["ravine"](), runs, num_steps=20, rates="default")
    message = unpack(view(asked)[1])
    panel = message["panels"][-1]
    assert told in panel["title"]
    assert any(run["dash"] for run in message["runs"]) == (count > 10)
    styles = {series.get("style", "solid") for series in panel["series"]}
    assert styles == {"solid", "thin" if count > 10 else "dashed"}


def test_runs_have_names_that_differ() -> None:
    runs = ("sgd", "sgd@cosine", "sgd@warmup*cosine", "sgd@cosine:final=0.1", "sgd@cosine")
    names = titles(spec(*runs, "sgd:learning_rate=0.5@cosine#Mine"))
    assert len(set(names)) == 6
    assert names[0] == "Constant"
    assert names[2] == "Warm-up × Cosine"
    assert "final=0.1" in names[3]
    assert names[5] == "Mine"
    low, high = titles(spec("sgd:learning_rate=0.01", "sgd:learning_rate=1"))
    assert (low, high) == ("Constant (0.01)", "Constant (1)")


def test_one_value_of_a_knob_for_each_step() -> None:
    race, payload = view(spec("momentum@momentum~linear:start=0,end=1", num_steps=10))
    values = knob_values(race, "momentum")
    np.testing.assert_allclose(values[0], 0.9 * np.arange(10) / 10)
    header = json.loads(payload[4 : 4 + int.from_bytes(payload[:4], "little")])
    assert [panel["title"] for panel in header["panels"]][1:3] == ["Momentum", "Loss"]


def test_epochs_are_on_the_axis() -> None:
    _, payload = view(spec("sgd@cosine", num_steps=40, steps_per_epoch=10))
    header = json.loads(payload[4 : 4 + int.from_bytes(payload[:4], "little")])
    assert {panel.get("steps_per_epoch") for panel in header["panels"][1:]} == {10}
    assert {panel["xlabel"] for panel in header["panels"][1:]} == {"epoch"}


@pytest.mark.parametrize("text", ["cosine", "warmup", "warmup*cosine", "step*cosine*warmup"])
def test_a_warmup_is_taken_off_and_put_back(text: str) -> None:
    schedule = parse_schedule(text)
    warmup, parts = split(schedule)
    assert joined(warmup, parts) == schedule
    assert (warmup is not None) == text.startswith("warmup*")


def test_momentum_in_one_choice() -> None:
    run = with_momentum_warmup(Run.parse("momentum:momentum=0.5@cosine"))
    run.check()
    text = "momentum~linear:start=0.11111111111111112,end=1,share=0.5"
    assert run.text() == f"momentum:momentum=0.9@cosine@{text}"


def test_examples_keep_what_they_can() -> None:
    """Whatever rule was there, also one that has nothing to schedule."""

    @entry
    class Still(Optimizer):
        label: ClassVar[str] = "Still"

    runs = (Run(Still()), Run.parse("adadelta:rho=0.5"))
    for run in runs:
        base = RaceSpec(SURFACES["ravine"](), (run,), noise=1.0)
        for name in EXAMPLES:
            example(name, base).check()
        assert len(titles(base)) == 1


def test_the_networks_page_shows_what_a_watching_schedule_did() -> None:
    from optviz.analysis.training.curves import learning_rates
    from optviz.engine.training.events import EpochEnd, RunEnd, Started, Steps, TrainResult
    from optviz.specs.experiment import TrainSpec
    from optviz.ui.networks.session import default_spec

    run = Run.parse("sgd:learning_rate=0.1@reduce_on_plateau:patience=0,factor=0.5")
    asked: TrainSpec = replace(default_spec(), runs=(run,), epochs=3)
    result = TrainResult.empty(asked)
    result.add(Started("started", ["SGD"], [6], [2], [10], [20], [10], ["a"], ""))
    for epoch, loss in enumerate((1.0, 2.0, 3.0)):
        result.add(Steps("steps", 0, 2 * epoch, [1.0, 1.0], [1.0, 1.0], 1.0, 0.0))
        result.add(EpochEnd("epoch", 0, epoch, 1.0, 0.5, loss, 0.5, 1.0, 1.0))
    result.add(RunEnd("end", 0, "finished", -1))
    np.testing.assert_allclose(learning_rates(result)[0], [0.1, 0.1, 0.1, 0.1, 0.05, 0.05])


def test_a_schedule_for_all_is_everyones_own_here() -> None:
    test = page(schedule="cosine", run=["sgd", "adam@step"])
    assert link(test, "run") == ["sgd@cosine", "adam@step"]
    assert link(test, "schedule") == []
    assert test.dataframe[0].value["schedule"].tolist() == ["SGD: Cosine", "Adam: Step"]


def test_schedules_of_other_knobs_are_told_and_kept() -> None:
    test = page(run=["adam@cosine@b1~linear:start=0.5,end=1", "adam@b1~step"])
    assert test.dataframe[0].value["schedule"].tolist() == [
        "Cosine, b1: Linear",
        "Constant, b1: Step",
    ]
    test.selectbox(key="schedules.knob").set_value("b2").run()
    assert not test.exception
    assert link(test, "run")[0] == "adam@b2~cosine@b1~linear:start=0.5,end=1"
    test.selectbox(key="schedules.rule").set_value("sgd").run()
    assert link(test, "run") == ["sgd@cosine", "sgd@constant"]


def test_several_starts_have_medians() -> None:
    test = page(run=["sgd@reduce_on_plateau:patience=1"], start="1,1;2,2;0.5,1", num_steps="60")
    race, _ = view(
        spec("sgd@reduce_on_plateau:patience=1", start=((1, 1), (2, 2), (0.5, 1)), num_steps=60)
    )
    told = test.dataframe[0].value
    assert told["final loss"][0] == pytest.approx(np.median(race.losses[0, :, -1]))
    assert float(told["last learning rate"][0]) == pytest.approx(
        np.median(race.learning_rates[0, :, -1]), rel=0.01
    )


def test_a_rule_without_the_knob_has_no_value_of_it() -> None:
    test = page(run=["momentum@momentum~linear:start=0.5,end=1", "sgd"])
    assert test.dataframe[0].value["first momentum"].tolist()[1] == "–"


@pytest.mark.browser
@pytest.mark.xdist_group("app")
def test_points_are_dragged_and_the_run_follows(server: str, view: Callable[..., Any]) -> None:
    settings = "run=sgd@constant&run=sgd@piecewise:points=0/1x0.5/0.5x1/0&noise=2"
    window = view(reduced_motion="reduce").open(f"{server}/schedules?{settings}")
    page = window.page
    page.get_by_test_id("stPopoverButton").filter(has_text="Piecewise").click()
    point = page.get_by_role("slider", name="Point 2 of 3")
    point.wait_for()
    shown, box = window.shown, point.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    seen = {shown}
    for move in range(1, 20):
        page.mouse.move(box["x"] + 3 * move, box["y"] - 2 * move)
        page.wait_for_timeout(60)
        seen.add(window.shown)
    page.mouse.up()
    assert len(seen) > 3, "the run follows before the point is released"
    dragged = "piecewise%3Apoints%3D"
    window.until(lambda: dragged in page.url and "0%2F1x0.5%2F0.5x1%2F0" not in page.url)
    # The arrow keys do the same.
    window.quiet()
    dropped = window.until_other("") and window.shown
    point = page.get_by_role("slider", name="Point 2 of 3")
    point.focus()
    point.press("ArrowLeft")
    window.until_other(dropped)
    point.press("Delete")
    window.until(lambda: page.get_by_role("slider", name="Point 2 of 2").count() == 1)
    assert window.errors == []
    assert window.hosts == {server.removeprefix("http://")}


@pytest.mark.browser
@pytest.mark.xdist_group("app")
def test_a_double_click_removes_a_point(server: str, view: Callable[..., Any]) -> None:
    settings = "run=sgd@piecewise:points=0/1x0.5/0.5x1/0"
    window = view(reduced_motion="reduce").open(f"{server}/schedules?{settings}")
    page = window.page
    page.get_by_test_id("stPopoverButton").filter(has_text="Piecewise").click()
    page.get_by_role("slider", name="Point 2 of 3").dblclick()
    window.until(lambda: page.get_by_role("slider", name="Point 2 of 2").count() == 1)
    window.until(lambda: page.url.endswith("0%2F1x1%2F0"))
    assert window.errors == []


@pytest.mark.browser
@pytest.mark.xdist_group("app")
def test_a_rule_of_the_race_warms_its_momentum_up(server: str, view: Callable[..., Any]) -> None:
    window = view(reduced_motion="reduce").open(f"{server}/?run=sgd&run=momentum")
    shown = window.shown
    window.page.get_by_test_id("stPopoverButton").filter(has_text="Momentum").click()
    window.page.get_by_role("button", name="Momentum 0.1 → 0.9").click()
    window.until_other(shown)
    window.until(lambda: "momentum~linear" in window.page.url)
    window.page.get_by_role("spinbutton", name="warm-up in front, % of the run").wait_for()
    assert window.errors == []
