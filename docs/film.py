"""The moving picture at the head of the README: `make picture` writes race.webp here.

A race's own page is opened in a browser and gone through step by step with the keyboard; each step
is one frame, so that the film is as smooth on a slow machine as on a quick one.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

import optviz
from optviz.specs import Run

OUT = Path(__file__).parent / "race.webp"
# Rates at which each rule goes the way that lectures draw for it, on one scale of the map.
RULES = (
    "sgd:learning_rate=0.03",
    "momentum:learning_rate=0.008",
    "nesterov:learning_rate=0.008",
    "adagrad:learning_rate=1",
    "rmsprop:learning_rate=0.1",
    "adam:learning_rate=0.5",
)
STEPS = 150
EVERY = 2  # steps between two frames
SECONDS = 0.066  # that a frame stays
REST = 2.5  # seconds that the last one stays
SIZE = ViewportSize(width=1120, height=570)


def frames(page: Page) -> list[Image.Image]:
    """The player at every `EVERY`th step."""
    player = page.locator("[data-step]")
    player.wait_for()
    page.keyboard.press("Home")
    found = []
    for step in range(0, STEPS + 1, EVERY):
        page.wait_for_function(
            "step => Math.abs(document.querySelector('[data-step]').dataset.step - step) < 0.01",
            arg=step,
        )
        found.append(Image.open(io.BytesIO(player.screenshot())).convert("RGB"))
        for _ in range(EVERY):
            page.keyboard.press("ArrowRight")
    return found


def main(browser_path: str) -> None:
    rules = [Run.parse(text).optimizer for text in RULES]
    race = optviz.race("ravine", rules, num_steps=STEPS)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = race.save(Path(folder) / "race.html")
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, color_scheme="light", reduced_motion="reduce")
        page.goto(path.as_uri())
        first, *rest = frames(page)
        browser.close()
    durations = [round(1000 * SECONDS)] * len(rest) + [round(1000 * REST)]
    first.save(
        OUT, save_all=True, append_images=rest, duration=durations, loop=0, quality=70, method=6
    )
    print(f"{OUT.name}: {len(durations)} frames, {OUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1])
