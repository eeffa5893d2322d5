"""The race page in a real browser: what a visitor sees and does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("app")]


def test_opens_and_plays_once(server: str, view: Callable[..., Any]) -> None:
    page = view().open(server)
    page.until(lambda: page.playing and page.step > 5)
    page.until(lambda: not page.playing)
    assert page.step == 300
    assert page.page.locator(".optviz-player").get_by_text("Momentum").count() > 0
    assert page.errors == []
    assert page.hosts == {server.removeprefix("http://")}


def test_does_not_play_by_itself_under_reduced_motion(
    server: str, view: Callable[..., Any]
) -> None:
    page = view(reduced_motion="reduce").open(server)
    page.page.wait_for_timeout(500)
    assert not page.playing


def test_pauses_scrubs_and_goes_on(server: str, view: Callable[..., Any]) -> None:
    page = view(reduced_motion="reduce").open(server)
    page.button("Play").click()
    page.until(lambda: page.step > 10)
    page.button("Pause").click()
    page.until(lambda: not page.playing)
    page.page.get_by_role("slider", name="Step", exact=True).fill("120")
    page.until(lambda: page.step == 120)
    page.page.keyboard.press("Home")
    page.until(lambda: page.step == 0)


def test_a_slider_moved_while_playing_keeps_the_playhead(
    server: str, view: Callable[..., Any]
) -> None:
    page = view().open(f"{server}/?num_steps=2000&run=sgd&run=momentum")
    page.until(lambda: page.step > 20)
    before, shown = page.step, page.shown
    page.page.get_by_test_id("stPopoverButton").filter(has_text="SGD").click()
    slider = page.page.get_by_role("slider", name="learning rate")
    slider.focus()
    slider.press("ArrowLeft")
    shown = page.until_other(shown)
    slider.press("ArrowLeft")
    page.until_other(shown)
    assert slider.is_visible(), "the knobs stay open while they are turned"
    assert page.playing
    assert page.step > before
    assert "learning_rate" in page.page.url


def test_a_click_on_the_map_sets_the_start(server: str, view: Callable[..., Any]) -> None:
    page = view(reduced_motion="reduce").open(f"{server}/?run=sgd&run=adam")
    shown = page.shown
    canvas = page.player.locator(".ov-map .ov-area").bounding_box()
    page.page.mouse.click(
        canvas["x"] + 0.6 * canvas["width"], canvas["y"] + 0.75 * canvas["height"]
    )
    page.until_other(shown)
    page.until(lambda: "start=" in page.page.url)


def test_the_race_follows_while_the_start_is_dragged(server: str, view: Callable[..., Any]) -> None:
    page = view(reduced_motion="reduce").open(f"{server}/?run=sgd&run=adam&start=-1,0")
    canvas = page.player.locator(".ov-map .ov-area").bounding_box()
    middle = (canvas["x"] + 0.6 * canvas["width"], canvas["y"] + 0.6 * canvas["height"])
    # A first click puts the start under the mouse; then it is dragged from there.
    shown = page.shown
    page.page.mouse.click(*middle)
    shown = page.until_other(shown)
    page.page.mouse.move(*middle)
    page.page.mouse.down()
    seen = {shown}
    for move in range(1, 25):
        page.page.mouse.move(middle[0] + 5 * move, middle[1] + 2 * move)
        page.page.wait_for_timeout(60)
        seen.add(page.shown)
    assert len(seen) > 3, "the race follows before the mouse is released"
    page.page.mouse.up()
    page.page.wait_for_timeout(300)
    assert "start=" in page.page.url


def test_a_link_shows_the_same_race_on_a_fresh_server(
    server: str, start_server: Callable[[], str], view: Callable[..., Any]
) -> None:
    settings = (
        "?surface=himmelblau:scale=0.5&run=adam:learning_rate=0.3@cosine:final=0.1"
        "&run=sgd%23my%20SGD&run=sgd:learning_rate=0.001&start=1,2;-1,0&num_steps=150&noise=0.5"
        "&seed=7&schedule=step:factor=0.3"
    )
    first = view(reduced_motion="reduce").open(f"{server}/{settings}")
    first.until(lambda: "noise" in first.page.url)
    second = view(reduced_motion="reduce").open(first.page.url.replace(server, start_server()))
    assert first.shown == second.shown
    assert second.page.get_by_test_id("stAlert").count() == 0


def test_a_damaged_link_opens_and_says_what_was_ignored(
    server: str, view: Callable[..., Any]
) -> None:
    page = view().open(f"{server}/?surface=rosenbrok&run=adam:b1=2&run=sgd&num_steps=1e9&bogus=1")
    text = "\n".join(page.page.get_by_test_id("stAlert").all_inner_texts())
    assert "did you mean 'rosenbrock'?" in text
    assert "Adam.b1 must lie in [0, 1), got 2.0" in text
    assert "num_steps" in text
    assert "bogus" in text
    page.until(lambda: page.shown != "")


def test_controls_that_were_out_of_sight_show_the_race(
    server: str, view: Callable[..., Any]
) -> None:
    page = view(reduced_motion="reduce").open(f"{server}/?run=sgd&num_steps=150&tolerance=0.01")
    shown = page.shown
    more = page.page.get_by_test_id("stPopoverButton").filter(has_text="Schedule and run")
    page.page.get_by_test_id("stPopoverButton").filter(has_text="SGD").click()
    page.page.get_by_role("slider", name="learning rate").press("ArrowRight")
    shown = page.until_other(shown)
    page.quiet()  # the controls come after the player
    page.page.keyboard.press("Escape")
    more.click()
    steps = page.page.get_by_role("slider", name="Steps")
    assert steps.input_value() == "150"
    assert page.page.locator(".st-key-race-tolerance").get_by_text("0.01").is_visible()
    page.page.get_by_role("button", name="Start over").click()
    page.until_other(shown)
    page.quiet()
    page.page.keyboard.press("Escape")
    more.click()
    page.until(lambda: steps.input_value() == "300")


def test_rules_come_and_go_in_one_gesture(server: str, view: Callable[..., Any]) -> None:
    page = view(reduced_motion="reduce").open(f"{server}/?run=sgd&run=momentum")
    shown = page.shown
    page.button("Remove Momentum").or_(
        page.page.locator(".st-key-race-remove-1 button")
    ).first.click()
    shown = page.until_other(shown)
    page.page.get_by_role("combobox", name="Add a rule").click()
    page.page.get_by_role("option", name="Adam", exact=True).click()
    page.until_other(shown)
    page.until(lambda: "run=adam" in page.page.url)


@pytest.mark.parametrize("width", [390, 1440, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_the_window(server: str, view: Callable[..., Any], width: int, scheme: str) -> None:
    page = view(width=width, color_scheme=scheme, reduced_motion="reduce").open(server)
    box = page.player.first.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
