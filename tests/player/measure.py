"""How fast the player draws: `python tests/player/measure.py` prints one JSON object.

Twelve rules of 500 steps at 1440 × 900 in headless Chromium without a GPU. Beside the player's
own figures stands the time of an empty page whose animation frames do nothing, in the same run:
what the browser itself costs on this machine at this moment.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]

import fake_races  # noqa: E402
from browser import FLAGS, installed  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from optviz.export.html import html_page  # noqa: E402
from optviz.player import pack_race  # noqa: E402

SECONDS = 5


def dozen() -> bytes:
    surface = fake_races.Rosenbrock()
    rates = [6e-4, 3e-4, 2e-4, 0.05] * 3
    race = fake_races.race(surface, rates, (-1.4, 2.2), 500, decay=0.004, noise=0.5)
    return pack_race(race, surface=surface, grid=fake_races.grid_of(surface), minimum=0.0)


def busy(cdp: Any) -> float:
    """Seconds that the page's main thread has worked so far."""
    metrics = cdp.send("Performance.getMetrics")["metrics"]
    return next(item["value"] for item in metrics if item["name"] == "TaskDuration")


def measure(page: Any, count: str) -> tuple[float, float]:
    """Updates a second, and for each the milliseconds that the main thread had the processor.

    Processor time, unlike time on the clock, says the same on a busy machine.
    """
    cdp = page.context.new_cdp_session(page)
    cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.wait_for_timeout(300)
    before, began, work = page.evaluate(count), time.perf_counter(), busy(cdp)
    page.wait_for_timeout(SECONDS * 1000)
    updates, seconds = page.evaluate(count) - before, time.perf_counter() - began
    return updates / seconds, (busy(cdp) - work) * 1000 / updates


def main() -> None:
    path = installed()  # asks Playwright, so before Playwright runs
    payload = dozen()
    text = html_page(payload, "Twelve")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "player.html"
        file.write_text(text, encoding="utf-8")
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        page.goto(file.as_uri())
        page.wait_for_selector(".optviz-player[data-shown]")
        page.evaluate("window.p = document.querySelector('.optviz-player').optviz.player, 0")
        page.evaluate("p.act({act: 'toggle'}), 0")
        rate, work = measure(page, "p.counts.draws")
        drawing = page.evaluate("p.counts.drawMs / p.counts.draws")
        page.evaluate("p.clock.pause()")
        redraws = page.evaluate(
            """[...Array(9).keys()].map(i => {
              const began = performance.now();
              p.set({ ...p.header, id: `again-${i}` });
              return performance.now() - began;
            })"""
        )
        page.goto("about:blank")
        page.evaluate(
            "(window.n = 0, (function tick() { window.n++; requestAnimationFrame(tick); })(), 0)"
        )
        idle_rate, idle_work = measure(page, "window.n")
        browser.close()
    found = {
        "updates_per_second": round(rate, 1),
        "main_thread_ms_per_update": round(work, 2),
        "drawing_ms_per_update": round(drawing, 2),
        "redraw_ms_median": round(statistics.median(redraws), 1),
        "empty_page_updates_per_second": round(idle_rate, 1),
        "empty_page_ms_per_update": round(idle_work, 2),
        "payload_bytes": len(payload),
        "page_bytes": len(text.encode()),
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
