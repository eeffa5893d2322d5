"""The player mounted as the app mounts it: new data, live data, a start that is dragged."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import fake_races
import numpy as np
import pytest
from browser_view import Seen

from optviz.player import assets, pack, pack_race, unpack

pytestmark = pytest.mark.browser

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
        setTriggerValue: (name, value) => window.sent.push([name, value])});
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


def mounted(view: Seen, payload: bytes) -> Any:
    """A page with the component in it, as Streamlit would mount it."""
    _, css, js = assets()
    view.page.goto("about:blank")
    view.page.evaluate(MOUNT, [js, css, [base64.b64encode(payload).decode()]])
    view.page.wait_for_function("player().root.dataset.shown")
    return view.page


@pytest.fixture
def draggable() -> bytes:
    surface = fake_races.Ravine()
    race = fake_races.race(surface, [0.05, 0.004], (-3.0, 1.0), 100)
    return pack_race(race, surface=surface, grid=fake_races.grid_of(surface), draggable=True)


def test_dragging_the_start_sends_places_and_the_last_one(
    seen: Callable[..., Seen], draggable: bytes
) -> None:
    page = mounted(seen(), draggable)
    handle = page.locator(".ov-handle").bounding_box()
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    page.mouse.move(x, y)
    began = page.evaluate("performance.now()")
    page.mouse.down()
    page.mouse.move(x + 120, y + 40, steps=6)
    assert page.evaluate("player().panels[0].start.ghost.length") == 2
    page.mouse.up()
    starts = page.evaluate("sent.map(([name, start]) => start)")
    assert [start["dragging"] for start in starts][-1] is False
    assert all(start["dragging"] for start in starts[:-1])
    spent = page.evaluate("performance.now()") - began
    assert len(starts) <= spent / 120 + 2, "no more than Python can answer"
    assert starts[-1]["x"] > -3
    assert starts[-1]["y"] < 1
    assert page.evaluate("player().panels[0].view") is None, "dragging the start is no pan"


def test_a_click_moves_the_start_and_a_drag_does_not(
    seen: Callable[..., Seen], draggable: bytes
) -> None:
    page = mounted(seen(), draggable)
    box = page.locator(".ov-map .ov-area").bounding_box()
    x, y = box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.3
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 50, y + 10, steps=3)
    page.mouse.up()
    assert page.evaluate("sent") == []
    assert page.evaluate("player().panels[0].view") is not None
    page.locator("button[aria-label='Reset view']").click()
    page.mouse.click(x, y)
    page.wait_for_function("sent.length === 1")
    assert page.evaluate("sent[0][1].dragging") is False


def test_two_fingers_zoom_and_a_tap_starts(seen: Callable[..., Seen], draggable: bytes) -> None:
    view = seen(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = mounted(view, draggable)
    box = page.locator(".ov-map .ov-area").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    cdp = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        where = [{"x": px, "y": py, "id": i} for i, (px, py) in enumerate(points)]
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})

    touch("touchStart", (x - 30, y), (x + 30, y))
    for spread in (40, 60, 80):
        touch("touchMove", (x - spread, y), (x + spread, y))
    touch("touchEnd")
    page.wait_for_function("player().panels[0].view")
    view_now = page.evaluate("player().panels[0].view")
    assert view_now["x1"] - view_now["x0"] < 6
    assert page.evaluate("sent") == [], "a pinch is no tap"
    page.evaluate("player().resetView()")
    page.touchscreen.tap(x, y)
    page.wait_for_function("sent.length === 1")


def test_without_python_a_start_stays(
    seen: Callable[..., Seen], pages: Callable, draggable: bytes
) -> None:
    view = seen().open(pages("draggable", draggable), unpack(draggable)["id"])
    assert view.page.locator(".ov-handle").is_hidden()
    box = view.page.locator(".ov-map .ov-area").bounding_box()
    view.page.mouse.click(box["x"] + 300, box["y"] + 100)
    assert view.player("p.panels[0].start.ghost") is None


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
