"""The player in a real browser, from a file: what it shows, what it does, how fast it draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fake_races
import pytest
from browser_view import Seen

from optviz.player import pack_race

pytestmark = pytest.mark.browser


@pytest.fixture
def ravine(seen: Callable[..., Seen], pages: Callable, ravine_payload: bytes) -> Seen:
    return seen().open(pages("ravine", ravine_payload), "ravine")


def test_it_plays_once_and_stops_at_the_end(
    seen: Callable[..., Seen], pages: Callable, ravine_payload: bytes
) -> None:
    view = seen(reduced_motion="no-preference").open(pages("ravine", ravine_payload), "ravine")
    view.wait("p.dataset.playing === 'true' && Number(p.dataset.step) > 5")
    view.wait("p.dataset.playing === 'false' && Number(p.dataset.step) === 150")
    assert view.errors == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in view.requests)


def test_reduced_motion_waits_for_the_button(ravine: Seen) -> None:
    assert (ravine.step(), ravine.root.get_attribute("data-playing")) == (0, "false")
    ravine.button("Play").click()
    ravine.wait("Number(p.dataset.step) > 3")
    ravine.button("Pause").click()
    ravine.wait("p.dataset.playing === 'false'")


def test_buttons_scrubber_and_keys(ravine: Seen) -> None:
    page = ravine.page
    for name in ("Step forward", "Step forward", "Step back"):
        ravine.button(name).click()
    ravine.wait("Number(p.dataset.step) === 1")
    page.keyboard.press("Shift+ArrowRight")  # nothing has the focus: the page's keys are ours
    ravine.wait("Number(p.dataset.step) === 11")
    page.keyboard.press("End")
    ravine.wait("Number(p.dataset.step) === 150")
    page.keyboard.press("Home")
    ravine.wait("Number(p.dataset.step) === 0")
    scrubber = page.get_by_role("slider", name="Step", exact=True)
    scrubber.focus()
    page.keyboard.press("ArrowRight")
    ravine.wait("Number(p.dataset.step) === 1")
    scrubber.fill("75")
    ravine.wait("Number(p.dataset.step) === 75")
    page.keyboard.press(" ")
    ravine.wait("p.dataset.playing === 'true'")
    page.keyboard.press(" ")
    ravine.wait("p.dataset.playing === 'false'")
    page.get_by_role("combobox", name="Speed").select_option("8")
    assert ravine.player("p.clock.speed") == 8
    ravine.button("Loop").click()
    assert ravine.button("Loop").get_attribute("aria-pressed") == "true"


def test_the_region_is_named_and_tells_where_it_stands(ravine: Seen) -> None:
    assert ravine.page.get_by_role("region", name="Player: Ravine").count() == 1
    ravine.seek(120)
    told = ravine.page.locator(".ov-live")
    ravine.page.wait_for_function(
        "document.querySelector('.ov-live').textContent.includes('step 120 of 150')"
    )
    assert "SGD arrived at step 64" in told.text_content()


def test_full_screen(ravine: Seen) -> None:
    ravine.button("Full screen").click()
    ravine.wait("p.matches(':fullscreen') && p.classList.contains('ov-full')")
    ravine.page.keyboard.press("f")
    ravine.wait("!p.matches(':fullscreen') && !p.classList.contains('ov-full')")


def colours(view: Seen, layer: int) -> int:
    """How many different colours a layer of the map shows."""
    return view.page.evaluate(
        """layer => {
          const canvas = document.querySelectorAll('.ov-map canvas')[layer];
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          const seen = new Set(new Uint32Array(data.buffer));
          return seen.size;
        }""",
        layer,
    )


def test_contours_stay_and_trails_grow(ravine: Seen) -> None:
    def inked() -> int:
        return ravine.page.evaluate(
            """() => {
              const canvas = document.querySelectorAll('.ov-map canvas')[2];
              const { width, height } = canvas;
              const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
              let count = 0;
              for (let i = 3; i < data.length; i += 4) count += data[i] > 0;
              return count;
            }"""
        )

    assert inked() == 0
    ravine.seek(20)
    some = inked()
    ravine.seek(100)
    assert inked() > some > 0
    assert colours(ravine, 0) > 12
    ravine.seek(0)
    assert inked() == 0


def test_legend_toggles_and_isolates(ravine: Seen) -> None:
    def chip(label: str) -> Any:
        return ravine.page.locator(".ov-chip", has_text=label)

    chip("Momentum").click()
    assert chip("Momentum").get_attribute("aria-pressed") == "false"
    assert ravine.player("p.runs.map(run => run.visible)") == [True, False, True, True]
    chip("Adam").click(modifiers=["Alt"])
    assert ravine.player("p.runs.map(run => run.visible)") == [False, False, False, True]
    chip("Adam").click(modifiers=["Alt"])
    assert all(ravine.player("p.runs.map(run => run.visible)"))
    chip("SGD").hover()
    assert ravine.player("p.highlight") == 0


def test_zoom_pan_and_reset(ravine: Seen) -> None:
    page = ravine.page
    box = page.locator(".ov-map .ov-area").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.wheel(0, -200)
    ravine.wait("p.optviz.player.panels[0].view")
    before = ravine.player("p.panels[0].view.x0")
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=4)
    page.mouse.up()
    assert ravine.player("p.panels[0].view.x0") < before
    assert ravine.player("p.panels[0].start.ghost") is None, "a drag is no click"
    ravine.button("Reset view").click()
    ravine.wait("!p.optviz.player.panels[0].view")
    curve = page.locator(".ov-curves .ov-area").first.bounding_box()
    page.mouse.move(curve["x"] + 200, curve["y"] + 60)
    page.mouse.wheel(0, -200)
    ravine.wait("p.optviz.player.xview")
    page.mouse.dblclick(curve["x"] + 200, curve["y"] + 60)
    ravine.wait("!p.optviz.player.xview")


def test_hover_reads_every_run(ravine: Seen) -> None:
    page = ravine.page
    readout = page.locator(".ov-readout")
    curve = page.locator(".ov-curves .ov-area").first.bounding_box()
    page.mouse.move(curve["x"] + 200, curve["y"] + 60)
    readout.wait_for(state="visible")
    for label in ("SGD", "Momentum", "Nesterov", "Adam"):
        assert label in readout.inner_text()
    area = page.locator(".ov-map .ov-area").bounding_box()
    page.mouse.move(area["x"] + 300, area["y"] + 100)
    page.wait_for_function("document.querySelector('.ov-readout').innerText.includes('loss')")
    page.mouse.move(2, 2)
    readout.wait_for(state="hidden")


def test_outcomes_are_labelled_when_reached(
    seen: Callable[..., Seen], pages: Callable, wild_payload: bytes
) -> None:
    view = seen().open(pages("wild", wild_payload), "wild")
    assert view.player("p.panels[0].labels.length") == 0
    view.seek(100)
    texts = view.player("p.panels[0].labels.map(label => label.text)")
    assert any("diverged" in text for text in texts)
    assert view.page.locator(".ov-diverged.ov-reached").count() == 2
    view.page.locator(".ov-map .ov-scale button", has_text="lin").click()
    assert view.player("p.panels[0].levels.log") is False
    assert view.errors == []


def test_a_phone_gets_one_column_and_no_sideways_scroll(
    seen: Callable[..., Seen], pages: Callable, ravine_payload: bytes
) -> None:
    view = seen(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    view.open(pages("ravine", ravine_payload), "ravine")
    assert view.page.evaluate("document.documentElement.scrollWidth") <= 390
    lefts = view.page.evaluate(
        "[...document.querySelectorAll('.ov-panel')].map(e => e.getBoundingClientRect().left)"
    )
    assert max(lefts) - min(lefts) < 1
    assert (
        view.page.evaluate(
            "getComputedStyle(document.querySelector('.ov-map .ov-area')).touchAction"
        )
        == "pan-y"
    )


def test_it_follows_the_pages_colours(ravine: Seen) -> None:
    light = ravine.player("p.runs[0].ink")
    ravine.page.emulate_media(color_scheme="dark")
    ravine.wait(f"p.optviz.player.runs[0].ink !== '{light}'")
    assert ravine.player("p.theme.dark") is True


def test_sixty_updates_a_second(seen: Callable[..., Seen], pages: Callable) -> None:
    surface = fake_races.Rosenbrock()
    rates = [6e-4, 3e-4, 2e-4, 0.05] * 3
    race = fake_races.race(surface, rates, (-1.4, 2.2), 500, decay=0.004, noise=0.5)
    grid = fake_races.grid_of(surface)
    payload = pack_race(race, surface=surface, grid=grid, minimum=0.0, race_id="dozen")
    view = seen().open(pages("dozen", payload), "dozen")
    view.button("Play").click()
    view.wait("Number(p.dataset.step) > 20")
    before = view.player("p.counts.draws")
    view.page.wait_for_timeout(1500)
    # benchmarks hold the real bar; a busy machine must not fail this test
    assert (view.player("p.counts.draws") - before) / 1.5 > 25
