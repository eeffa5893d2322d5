"""The browser's Back: one step a page, and address, title and content of one piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("app")]


def go(window: Any, title: str) -> None:
    window.page.get_by_test_id("stPageLink").get_by_text(title, exact=True).click()
    arrived(window, title)


def arrived(window: Any, title: str) -> None:
    window.until(lambda: window.page.title() == f"{title} · optviz")
    window.page.wait_for_selector(".optviz-player[data-shown]")
    window.page.wait_for_timeout(1200)  # what a page that was left says late, it has said by now


def entries(window: Any) -> int:
    return window.page.evaluate("history.length")


def test_pages_have_one_entry_each(server: str, view: Callable[..., Any]) -> None:
    window = view(reduced_motion="reduce").open(server)
    page, before = window.page, entries(window)
    assert page.url.rstrip("/") == server
    go(window, "Schedules")
    assert page.url == f"{server}/schedules"
    go(window, "Race")
    assert page.url.rstrip("/") == server
    assert entries(window) == before + 2
    page.go_back()
    arrived(window, "Schedules")
    assert page.url == f"{server}/schedules"
    assert page.get_by_text("What is scheduled", exact=True).is_visible()
    page.go_back()
    arrived(window, "Race")
    assert page.url.rstrip("/") == server
    assert page.get_by_text("Learning rates", exact=True).first.is_visible()


def test_back_undoes_what_stands_beside_a_page_s_settings(
    server: str, view: Callable[..., Any]
) -> None:
    window = view(reduced_motion="reduce")
    page = window.page
    page.goto(f"{server}/networks?checkpoint=7")
    page.get_by_test_id("stPopover").get_by_text("Training", exact=True).click()
    page.get_by_role("tab", name="Process").click()
    page.get_by_text("Same numbers on any number of cores").click()
    window.until(lambda: "deterministic=true" in page.url)
    page.go_back()
    page.wait_for_timeout(1200)  # by then it would have been written again
    assert page.url == f"{server}/networks?checkpoint=7"
    page.go_forward()
    page.wait_for_timeout(1200)
    assert "deterministic=true" in page.url


def test_every_page_keeps_its_own_link(server: str, view: Callable[..., Any]) -> None:
    asked = f"{server}/?surface=beale&run=sgd&run=adam"
    window = view(reduced_motion="reduce").open(asked)
    page, race = window.page, window.shown
    go(window, "Schedules")
    before, schedules = entries(window), window.shown
    page.get_by_role("combobox", name="Add a schedule").click()
    page.get_by_role("option", name="Noam", exact=True).click()
    changed = window.until_other(schedules)
    window.until(lambda: "noam" in page.url)
    link = page.url
    assert entries(window) == before + 1, "a change is an entry, which Back undoes"
    go(window, "Race")
    assert window.shown == race
    assert page.url == asked
    go(window, "Schedules")
    assert (page.url, window.shown) == (link, changed)
    page.go_back()
    arrived(window, "Race")
    assert (page.url, window.shown) == (asked, race)
    page.go_back()
    arrived(window, "Schedules")
    assert (page.url, window.shown) == (link, changed)
    page.go_back()
    window.until(lambda: page.url == f"{server}/schedules")
    window.until(lambda: window.shown == schedules)
    page.go_forward()
    window.until(lambda: (page.url, window.shown) == (link, changed))
    page.reload()
    window.until(lambda: window.shown == changed)
    assert page.url == link
    assert window.errors == []
