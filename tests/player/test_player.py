"""The player in a real browser, from a file: what it shows, what it does, how fast it draws."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import fake_races
import numpy as np
import pytest

from optviz.player import assets, pack, pack_race, unpack

pytestmark = pytest.mark.browser
PLAYER = ".optviz-player"


class Seen:
    """A page with one player and the little that tests ask of it."""

    def __init__(self, page: Any) -> None:
        self.page, self.errors, self.requests = page, [], []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        self.root = page.locator(PLAYER)

    def open(self, address: str, shown: str) -> Seen:
        self.page.goto(address)
        self.page.wait_for_selector(f'{PLAYER}[data-shown="{shown}"]', timeout=15_000)
        return self

    def step(self) -> float:
        return float(self.root.get_attribute("data-step"))

    def wait(self, expression: str, timeout: int = 8000) -> None:
        """Until an expression of `p`, the player's root, holds."""
        self.page.wait_for_function(
            f"(() => {{ const p = document.querySelector('{PLAYER}'); return {expression}; }})()",
            timeout=timeout,
        )

    def player(self, expression: str) -> Any:
        return self.page.evaluate(
            f"(() => {{ const p = document.querySelector('{PLAYER}').optviz.player;"
            f" return {expression}; }})()"
        )

    def seek(self, step: int) -> None:
        self.player(f"p.seek({step})")
        self.wait(f"Number(p.dataset.step) === {step}")

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)


@pytest.fixture
def seen(chromium: Any) -> Iterator[Callable[..., Seen]]:
    contexts = []

    def make(**options: Any) -> Seen:
        options = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"} | options
        contexts.append(chromium.new_context(**options))
        return Seen(contexts[-1].new_page())

    yield make
    for context in contexts:
        context.close()


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
    assert "SGD converged at step 64" in told.text_content()


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
    assert ravine.button("Reset view").is_disabled()
    page.mouse.move(x, y)
    page.mouse.wheel(0, -200)
    ravine.wait("p.optviz.player.panels[0].view")
    before = ravine.player("p.panels[0].view.x0")
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=4)
    page.mouse.up()
    assert ravine.player("p.panels[0].view.x0") < before
    assert ravine.player("p.panels[0].ghost") is None, "a drag is no click"
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


MOUNT = """([js, css, payloads]) =>
  import(URL.createObjectURL(new Blob([js], {type: 'text/javascript'})))
  .then(({default: mount}) => {
    const host = document.createElement('div');
    document.body.append(host);
    const shadow = host.attachShadow({mode: 'open'});
    shadow.innerHTML = `<style>${css}</style><div class="optviz-host"></div>`;
    window.sent = [];
    window.bytes = payloads.map(text => Uint8Array.from(atob(text), c => c.charCodeAt(0)));
    window.show = i => {
      window.cleanup = mount({data: window.bytes[i], parentElement: shadow,
        setStateValue() {}, setTriggerValue: (name, value) => window.sent.push([name, value])});
    };
    window.player = () => shadow.querySelector('.optviz-host').optvizPlayer;
    window.show(0);
  })"""


def test_mounted_as_a_component(seen: Callable[..., Seen]) -> None:
    surface = fake_races.Ravine()
    payloads = []
    for rate, steps in ((0.05, 300), (0.06, 300), (0.06, 100)):
        race = fake_races.race(surface, [rate, 0.004], (-3.0, 1.0), steps)
        grid = fake_races.grid_of(surface)
        payload = pack_race(race, surface=surface, grid=grid, draggable=True)
        payloads.append(base64.b64encode(payload).decode())
    view = seen(reduced_motion="no-preference")
    page = view.page
    page.goto("about:blank")
    _, css, js = assets()
    page.evaluate(MOUNT, [js, css, payloads])
    page.wait_for_function("player().root.dataset.shown && player().clock.step > 5")
    sets = page.evaluate("player().counts.sets")
    page.evaluate("window.kept = player(); show(0)")
    assert page.evaluate("kept === player()")
    assert page.evaluate("player().counts.sets") == sets, "the same data are not drawn again"
    before = page.evaluate(
        "player().setXView([0, 200]), player().toggleRun('SGD'), player().clock.step"
    )
    page.evaluate("show(1)")
    assert page.evaluate("player().clock.playing && player().clock.step") >= before
    assert page.evaluate("player().xview") == [0, 200]
    assert page.evaluate("player().runs[0].visible") is False
    second = unpack(base64.b64decode(payloads[1]))["id"]
    page.wait_for_function(f"player().root.dataset.shown === '{second}'")
    page.evaluate("player().seek(250); show(2)")
    assert page.evaluate("player().clock.step") == 100

    page.evaluate("sent.length = 0; player().start.offer(1, 2, true)")
    page.evaluate("player().start.offer(1.5, 2.5, false)")
    assert page.evaluate("sent") == [
        ["start", {"x": 1, "y": 2, "dragging": True}],
        ["start", {"x": 1.5, "y": 2.5, "dragging": False}],
    ]
    page.evaluate("cleanup()")
    assert page.evaluate("player()") is None
    assert view.errors == []


def test_live_curves_grow_without_losing_the_view(
    seen: Callable[..., Seen], pages: Callable
) -> None:
    def growing(steps: int) -> bytes:
        y = [2.0 / (1 + i) for i in range(steps + 1)]
        runs = [
            {
                "label": "SGD",
                "color": "#d81e1e",
                "dark_color": "#ff5247",
                "dash": [],
                "marker": "circle",
                "outcome": None,
                "outcome_step": None,
                "visible": True,
            }
        ]
        panel = {
            "kind": "curves",
            "title": "Loss",
            "ylabel": "loss",
            "xlabel": "step",
            "scale": "log",
            "series": [{"run": 0, "y": np.array(y)}],
        }
        return pack(
            {
                "id": f"live-{steps}",
                "title": "Live",
                "num_steps": steps,
                "unit": "step",
                "live": True,
                "autoplay": False,
                "runs": runs,
                "panels": [panel],
            }
        )

    view = seen().open(pages("live", growing(50)), "live-50")
    assert view.step() == 50

    def feed(steps: int) -> None:
        text = base64.b64encode(growing(steps)).decode()
        view.page.evaluate(
            """text => {
              const player = document.querySelector('.optviz-player').optviz.player;
              player.load(Uint8Array.from(atob(text), c => c.charCodeAt(0)));
            }""",
            text,
        )

    feed(80)
    view.wait("Number(p.dataset.step) === 80")
    view.seek(30)
    view.player("p.setXView([10, 60])")
    feed(120)
    view.wait("p.dataset.shown === 'live-120'")
    assert view.step() == 30
    assert view.player("p.xview") == [10, 60]
