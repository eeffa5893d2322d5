"""Where a race begins, on the pages that have a map."""

from __future__ import annotations

import pytest
from drive import lines, opened, said
from streamlit.testing.v1 import AppTest

PAGES = {"race": "app.py", "schedules": "pages/30_schedules.py"}


def page(prefix: str, **query: str | list[str]) -> AppTest:
    return opened(PAGES[prefix], **query)


@pytest.mark.parametrize("prefix", PAGES)
def test_a_start_where_the_formula_is_not_finite_moves_and_says_so(prefix: str) -> None:
    test = page(prefix, expression="sqrt(x)", start="-1,2", run=["sgd"])
    (line,) = lines(test)
    assert "f is not finite at (-1, 2): the start is (0.625, 1.88) now" in line.replace("\\", "")
    assert said(test, "start") == "0.625,1.875"
    assert len(test.dataframe) == 1, "the stage is there"
    assert test.number_input(key=f"{prefix}.start.x").value == 0.625
    test.number_input(key=f"{prefix}.start.x").set_value(3.0).run()
    assert lines(test) == []
    assert said(test, "start") == "3,1.875"


@pytest.mark.parametrize("prefix", PAGES)
def test_the_start_is_two_numbers(prefix: str) -> None:
    test = page(prefix, surface="beale", run=["sgd"], start="1,1")
    test.number_input(key=f"{prefix}.start.x").set_value(0.123456789)
    test.number_input(key=f"{prefix}.start.y").set_value(-0.5).run()
    assert said(test, "start") == "0.123456789,-0.5"


@pytest.mark.parametrize("prefix", PAGES)
def test_a_cloud_moves_as_one(prefix: str) -> None:
    test = page(prefix, surface="beale", run=["sgd"], start="1,1;1.5,0.5")
    test.number_input(key=f"{prefix}.start.x").set_value(0.5).run()
    assert said(test, "start") == "0.5,1;1,0.5"


def test_a_formula_that_is_typed_finds_its_start() -> None:
    test = page("race", expression="x**2 + y**2", run=["sgd"])
    test.text_input(key="race.expression").set_value("log(x*y)").run()
    assert not test.exception
    assert lines(test) == []
    assert len(test.dataframe) == 1
    assert any(
        "not finite everywhere: the start is (" in c.value.replace("\\", "") for c in test.caption
    )
    test.text_input(key="race.expression").set_value("log(-1-x**2)").run()
    assert len(lines(test)) == 1, "nowhere in the window is one line"
    test.text_input(key="race.expression").set_value("x**2").run()
    assert lines(test) == []
    assert len(test.dataframe) == 1
