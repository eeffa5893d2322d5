"""A training in a real browser: panels to choose, four axes, seeds, layers, and news."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import fake_trainings
import pytest
from browser_view import Seen

from optviz.engine.training.events import TrainResult
from optviz.player import unpack
from optviz.player.training import pack_training

pytestmark = pytest.mark.browser


def packed(result: TrainResult, live: bool = False) -> bytes:
    return pack_training(
        result,
        learning_rates=fake_trainings.rates(result),
        live=live,
        smoothing=9,
    )


@pytest.fixture(scope="module")
def payload() -> bytes:
    return packed(fake_trainings.training(fake_trainings.spec(), epochs=6, diverges=(5,)))


@pytest.fixture
def view(seen: Callable[..., Seen], pages: Callable, payload: bytes) -> Seen:
    return seen().open(pages("training", payload), unpack(payload)["id"])


def load(view: Seen, payload: bytes) -> None:
    """What the app does at every look."""
    view.page.evaluate(
        """text => document.querySelector('.optviz-player').optviz.player.load(
             Uint8Array.from(atob(text), c => c.charCodeAt(0)))""",
        base64.b64encode(payload).decode(),
    )
    shown = unpack(payload)["id"]
    view.wait(f"p.dataset.shown === '{shown}'")


def titles(view: Seen) -> list[str]:
    return view.page.locator(".ov-panel h3").all_inner_texts()


def axis(view: Seen, name: str) -> Any:
    return view.page.get_by_role("radio", name=name, exact=True)


def test_panels_are_chosen_and_remembered(view: Seen) -> None:
    assert titles(view) == ["Training loss", "Validation loss", "Accuracy", "Learning rate"]
    page = view.page
    menu = view.button("Panels 4/7")
    menu.focus()
    page.keyboard.press("Enter")
    assert menu.get_attribute("aria-expanded") == "true"
    page.get_by_role("checkbox", name="Dead ReLUs").check()
    page.get_by_role("checkbox", name="Accuracy").focus()
    page.keyboard.press(" ")
    assert titles(view) == ["Training loss", "Validation loss", "Learning rate", "Dead ReLUs"]
    page.keyboard.press("Escape")
    assert page.get_by_role("group", name="Panels shown").is_hidden()
    axis(view, "Epochs").check()
    page.reload()
    page.wait_for_selector(".optviz-player[data-shown]")
    assert titles(view) == ["Training loss", "Validation loss", "Learning rate", "Dead ReLUs"]
    assert view.root.get_attribute("data-axis") == "epoch"
    assert view.errors == []


def test_one_playhead_on_four_axes(view: Seen) -> None:
    assert view.root.get_attribute("data-axis") == "step"
    view.seek(192)  # the middle of the longest run: batches of 64
    position = "p.clock.step / p.axis.span"
    for name, place in (("Epochs", 3), ("Samples", 3 * 4096), ("Steps", 192)):
        axis(view, name).check()
        view.wait(f"Math.abs(p.optviz.player.clock.step - {place}) < 1e-6")
        assert view.player(position) == pytest.approx(0.5)
        assert view.step() == pytest.approx(192), "data-step goes on counting steps"
    axis(view, "Seconds").focus()
    view.page.keyboard.press(" ")
    view.wait("p.dataset.axis === 'second'")
    assert view.step() == pytest.approx(192, abs=0.01)
    # equal time: each curve ends where its run ended by the clock
    ends = view.player("p.panels[0].series.map(s => s.x[s.x.length - 1]).map(x => x / p.axis.span)")
    assert max(ends) == pytest.approx(1, abs=0.03)
    assert min(ends) < 0.9
    slider = view.page.get_by_role("slider", name="Second", exact=True)
    slider.focus()
    view.page.keyboard.press("End")
    view.wait("Number(p.dataset.step) === 384")
    view.page.keyboard.press("ArrowLeft")
    view.wait("p.optviz.player.clock.step < p.optviz.player.axis.span")
    assert view.player(position) == pytest.approx(383 / 384)
    assert "s of" in slider.get_attribute("aria-valuetext")
    axis(view, "Steps").check()
    view.seek(100)
    assert view.errors == []


def test_seeds_are_one_chip_and_come_apart(view: Seen) -> None:
    chips = view.page.locator(".ov-chip").all_inner_texts()
    assert len(chips) == 6
    assert chips[0] == "SGD (3 seeds)"
    assert "1/3" in chips[1]
    assert view.player("p.panels[0].series.length") == 6
    view.page.get_by_role("checkbox", name="Single seeds").check()
    assert view.player("p.panels[0].series.filter(s => s.thin).length") == 18
    assert view.player("p.panels[0].series.filter(s => s.band).length") == 6


def test_a_run_alone_shows_its_layers(view: Seen) -> None:
    page = view.page
    view.button("Panels 4/7").click()
    page.get_by_role("checkbox", name="Update ratio").check()
    page.locator("h3", has_text="Validation loss").click()
    assert page.get_by_role("group", name="Panels shown").is_hidden(), "a click elsewhere closes"
    assert view.player("p.panels[4].series.length") == 6
    chooser = page.get_by_role("combobox", name="Layers of")
    chooser.select_option("Adam")
    names = "p.panels[4].series.map(s => s.name)"
    assert view.player(names) == fake_trainings.WEIGHTS
    chooser.select_option("")
    assert view.player("p.panels[4].series.length") == 6
    page.reload()
    page.wait_for_selector(".optviz-player[data-shown]")
    page.locator(".ov-chip", has_text="SGD (3 seeds)").click(modifiers=["Alt"])
    view.wait(f"p.optviz.player.panels[4]?.series.length === {len(fake_trainings.WEIGHTS)}")
    assert view.player(names) == fake_trainings.WEIGHTS
    assert chooser.input_value() == "SGD"


def test_the_nearest_curve_is_told(view: Seen) -> None:
    view.seek(384)
    x, y = view.player(
        """(() => {
          const panel = p.panels[1], curve = panel.series[3], i = 4;
          const { xs, ys } = panel.plot;
          const box = panel.host.getBoundingClientRect();
          return [box.left + xs.px(curve.x[i]), box.top + ys.px(curve.main[i]) + 3];
        })()"""
    )
    view.page.mouse.move(x, y)
    near = view.page.locator(".ov-near")
    near.wait_for()
    frame = "p.panels[2].series.filter(s => p.panels[2].isNear(s, p.frame())).map(s => s.run)"
    assert view.player(frame) == [3], "the same run stands out in the other panels"
    label, value = near.locator("span").inner_text(), near.locator("b").inner_text()
    assert label == "Adam · batch size 64"
    assert float(value) == pytest.approx(view.player("p.panels[1].series[3].main[4]"), rel=0.02)
    view.page.mouse.move(2, 2)
    assert view.player("p.frame().hover.near") is None


def test_news_keep_what_was_chosen_and_the_playhead_at_the_end(
    seen: Callable[..., Seen], pages: Callable
) -> None:
    def told(share: float) -> TrainResult:
        return fake_trainings.training(fake_trainings.spec(), epochs=6, share=share)

    first = packed(told(0.1), live=True)
    view = seen().open(pages("training-live", first), unpack(first)["id"])
    assert view.step() == round(0.1 * 384)
    view.page.locator(".ov-chip", has_text="SGD (3 seeds)").click()
    axis(view, "Seconds").check()
    area = view.page.locator(".ov-area").first
    area.evaluate("element => (element.kept = true)")
    load(view, packed(told(0.5), live=True))
    assert view.step() == 192
    assert view.player("p.clock.step === p.axis.span")
    assert view.player("p.runs.map(run => run.visible)") == [False, *[True] * 5]
    assert area.evaluate("element => element.kept"), "panels are not made anew"
    assert len(titles(view)) == 4
    # a watcher that begins anew tells less than it told before
    load(view, packed(told(0.02), live=True))
    assert view.step() == round(0.02 * 384)
    load(view, packed(told(1.0)))
    assert view.step() == 384, "the last news are followed too"
    assert view.root.get_attribute("data-axis") == "second"
    assert view.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone(seen: Callable[..., Seen], pages: Callable, payload: bytes, scheme: str) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    view = seen(**phone, color_scheme=scheme)
    view.open(pages("training", payload), unpack(payload)["id"])
    page = view.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    boxes = [box.bounding_box() for box in page.locator(".ov-panel").all()]
    assert max(box["x"] for box in boxes) == min(box["x"] for box in boxes)
    for name in ("Steps", "Epochs", "Samples", "Seconds"):
        box = page.locator(".ov-axes label", has_text=name).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["height"] >= 28
    page.locator(".ov-axes label", has_text="Samples").tap()
    view.wait("p.dataset.axis === 'sample'")
    view.button("Panels 4/7").tap()
    menu = page.get_by_role("group", name="Panels shown").bounding_box()
    assert menu["x"] + menu["width"] <= 390
    assert view.player("p.theme.dark") is (scheme == "dark")
