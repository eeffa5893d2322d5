"""The gradient page: what is checked, where, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from drive import lines, link, opened
from streamlit.testing.v1 import AppTest

from optviz.analysis.gradient.check import gradient_check
from optviz.surfaces import SURFACES
from optviz.ui.words import plain


def page_with(**query: str | list[str]) -> AppTest:
    return opened("pages/50_gradient_check.py", **query)


@pytest.mark.parametrize("name", SURFACES)
def test_every_surface_is_checked(name: str) -> None:
    test = page_with(surface="beale" if name == "rosenbrock" else "rosenbrock")
    test.selectbox(key="check.surface").set_value(name).run()
    assert not test.exception
    assert test.success[0].value.startswith("**Right, in float64.**")
    assert test.query_params["surface"] in (name, [name])


def test_a_point_that_is_typed() -> None:
    test = page_with(surface="ackley")
    test.number_input(key="check.x").set_value(0.0).run()
    test.number_input(key="check.y").set_value(0.0).run()
    assert "is not differentiable" in test.warning[0].value
    assert test.query_params["at"] in ("0,0", ["0,0"])


def test_a_formula_that_is_refused_costs_one_line_and_keeps_what_was_typed() -> None:
    test = page_with(expression="abs(x)", at="0,1")
    assert "the slope is -1 from the left and 1 from the right" in test.warning[0].value
    test.text_input(key="check.draft").set_value("open('x')").run()
    assert not test.exception
    assert "not allowed" in test.warning[0].value
    assert test.text_input(key="check.draft").value == "open('x')"


def test_a_broken_gradient_is_found() -> None:
    test = page_with()
    test.toggle(key="check.broken").set_value(True).run()
    said = "**Wrong, in float64.** Rosenbrock valley, with a broken gradient"
    assert test.error[0].value.startswith(said)


def test_a_network_is_checked() -> None:
    test = page_with(network="linear")
    assert test.success[0].value.startswith("**Right, in float64.** Linear classifier")


def test_one_number_format() -> None:
    test = page_with(dtype="float32")
    assert test.query_params["dtype"] in ("float32", ["float32"])
    # What is said is about the format that is drawn, not about a finer one.
    (said,) = (*test.success, *test.warning, *test.error)
    expected = gradient_check("rosenbrock", dtype="float32")
    assert said.value.startswith(f"**{expected.verdict.capitalize()}, in float32.**")
    assert plain(expected.reason) in said.value
    assert "##### Analytic against numeric, in float32" in [text.value for text in test.markdown]
    assert test.dataframe[0].value["analytic"].tolist() == expected.analytic.tolist()


def test_the_verdict_is_about_the_finest_format_that_is_drawn() -> None:
    test = page_with(dtype=["float64", "float32"])
    assert test.success[0].value.startswith("**Right, in float64.**")


def test_a_damaged_link_says_what_was_ignored() -> None:
    test = page_with(
        surface="rosenbrok",
        at="1,nan",
        dtype="float16",
        bogus="1",
        broken="so",
        network="mlp:hidden=9x9",
    )
    said = "\n".join(lines(test))
    for part in (
        "did you mean 'rosenbrock'",
        "finite number",
        "float16",
        "bogus",
        "true or false",
        "MLP.hidden must be",
    ):
        assert part in said


def test_a_point_is_read_wherever_the_link_says_it() -> None:
    test = page_with(at="2,1", surface="beale")
    assert [test.number_input(key=f"check.{name}").value for name in "xy"] == [2.0, 1.0]


@pytest.mark.parametrize(
    ("query", "line", "left"),
    [
        (
            {"surface": ["beale", "ackley"]},
            "surface: only the first of 2 is read",
            {"surface": "beale"},
        ),
        (
            {"network": "linear", "surface": "beale"},
            "surface: the link says what is checked, a network, already",
            {"network": "linear"},
        ),
        ({"surface": "beal", "network": "linear"}, "did you mean 'beale'", {"network": "linear"}),
        (
            {"network": "linear", "at": "1,1"},
            "at: is for surfaces and formulas, and a network is checked",
            {"network": "linear"},
        ),
        (
            {"surface": "beale", "dtype": ["float8", "float32"]},
            "unknown number format 'float8'",
            {"surface": "beale", "dtype": "float32"},
        ),
        ({"surface": "", "at": "1,1"}, "", {"at": "1,1"}),
    ],
)
def test_of_a_link_that_contradicts_itself_the_rest_is_kept(
    query: dict[str, str | list[str]], line: str, left: dict[str, str]
) -> None:
    test = page_with(**query)
    ignored = [text for text in lines(test) if text.startswith("Ignored in the link")]
    assert len(ignored) == bool(line), ignored
    assert line in "".join(ignored)
    assert {name: link(test, name) for name in test.query_params if link(test, name) != [""]} == {
        name: [value] for name, value in left.items()
    }


@pytest.mark.browser
@pytest.mark.xdist_group("app")
def test_in_a_browser_a_click_on_the_map_checks_another_point(
    server: str, view: Callable[..., Any]
) -> None:
    page = view()
    page.page.goto(f"{server}/gradient_check")
    page.page.get_by_text("Right, in float64.", exact=False).first.wait_for(timeout=60_000)
    chart = page.page.locator(".js-plotly-plot").filter(has=page.page.locator(".contourlayer path"))
    area = chart.locator(".nsewdrag").bounding_box()
    place = (area["x"] + 0.7 * area["width"], area["y"] + 0.3 * area["height"])
    page.page.mouse.move(*place)
    page.page.mouse.click(*place)
    page.until(lambda: "at=" in page.page.url)
    assert page.errors == []
    assert page.hosts == {server.removeprefix("http://")}


@pytest.mark.browser
@pytest.mark.xdist_group("app")
@pytest.mark.parametrize("width", [390, 1440])
def test_fits_the_window(server: str, view: Callable[..., Any], width: int) -> None:
    page = view(width=width)
    page.page.goto(f"{server}/gradient_check")
    page.page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=60_000)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
