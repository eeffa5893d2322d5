"""The networks page in a real browser: a training is watched, survives a reload, is stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("app")]

SMALL = "dataset=synthetic&network=linear&run=sgd&run=adam&limit=500&epochs=1000"


def test_the_first_deep_link_to_a_fresh_server_has_the_whole_frame(
    start_server: Callable[[], str], view: Callable[..., Any]
) -> None:
    page = view()
    page.page.goto(f"{start_server()}/networks")
    page.button("Train").wait_for(timeout=60_000)
    links = page.page.get_by_test_id("stPageLink").all_inner_texts()
    assert links[:2] == ["Race", "Networks"]
    assert len(links) == 1 + len(list((Path(__file__).parents[2] / "pages").glob("[0-9]*.py")))
    assert page.page.get_by_test_id("stSidebarNav").count() == 0
    assert page.errors == []
    assert all(host.startswith("127.0.0.1") for host in page.hosts)


def test_a_training_streams_survives_a_reload_and_stops(
    server: str, view: Callable[..., Any]
) -> None:
    page = view()
    page.page.goto(f"{server}/networks?{SMALL}")
    page.button("Train").click()
    page.page.wait_for_selector(".optviz-player[data-shown]", timeout=90_000)
    first = page.shown
    page.until_other(first)
    assert "job=" in page.page.url
    page.page.reload()
    page.page.wait_for_selector(".optviz-player[data-shown]", timeout=60_000)
    reached = page.step
    page.until(lambda: page.step > reached)
    page.button("Stop").click()
    page.button("Train").wait_for(timeout=30_000)
    assert "stopped" in page.page.get_by_test_id("stCaptionContainer").all_inner_texts()[-2] or (
        page.page.get_by_text("stopped").count() > 0
    )
    ended = page.shown
    page.page.wait_for_timeout(1500)
    assert page.shown == ended, "nothing moves once it has stopped"
    assert page.errors == []


def test_a_link_to_a_training_that_is_not_there(server: str, view: Callable[..., Any]) -> None:
    page = view()
    page.page.goto(f"{server}/networks?job=../../etc/passwd")
    page.button("Train").wait_for(timeout=60_000)
    assert "there is no training" in page.page.get_by_test_id("stAlert").first.inner_text()
