"""`optviz bench player`: how smoothly a race plays in a real browser, and how soon a slider shows.

The same race is measured twice: as a page of its own from disk, and on the app's race page, there
also beside a training that keeps the machine busy. Needs Playwright and a Chrome or Chromium.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from optviz.benchmarks.report import bar, spread

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER_VARIABLE = "OPTVIZ_CHROMIUM"
# Nothing that a measurement starts may talk to anyone but the local server.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RULES = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "adamw")
MORE = tuple(f"adam:learning_rate={rate}" for rate in (0.02, 0.05, 0.1, 0.2))  # 12 runs together
NUM_STEPS = 500
PLAY_SECONDS = 5.0
PLAYER = ".optviz-player"
PANEL = "Schedule and run"
TRAINING = ("train", "--data", "synthetic", "--network", "lenet", "-O", "sgd", "--epochs", "100")

# From the key's own time stamp to the frame after the one that painted another race.
AWAIT_CHANGE = f"""(root) => {{
  const home = root.getRootNode();  // the player may live in a shadow tree
  const before = root.dataset.shown;
  window.optvizMove = new Promise((resolve) => {{
    let pressed = null;
    addEventListener('keydown', (event) => {{ pressed = event.timeStamp; }},
      {{ capture: true, once: true }});
    const look = () => {{
      const now = home.querySelector('{PLAYER}');
      if (pressed !== null && now && now.dataset.shown && now.dataset.shown !== before) {{
        requestAnimationFrame(() => resolve(performance.now() - pressed));
      }} else {{
        requestAnimationFrame(look);
      }}
    }};
    look();
  }});
}}"""


def measure(
    *, device: str = "cpu", moves: int = 24, slider: str = "Steps", browser: str | None = None
) -> dict[str, Any]:
    """Play, drag a slider and play beside a training.

    Args:
        device: the player draws on the CPU.
        moves: how many times the slider is moved.
        slider: accessible name of the slider, behind the button `PANEL` of the race page.
        browser: a Chrome or Chromium; None: `OPTVIZ_CHROMIUM`, or one on the path.

    Raises:
        ValueError: a GPU was asked for, or there is no browser or no Playwright.
    """
    if device != "cpu":
        raise ValueError("the player draws without a GPU")
    import optviz
    from optviz.specs.race import RaceSpec
    from optviz.specs.run import Run

    runs = tuple(map(Run.parse, (*RULES, *MORE)))
    spec = RaceSpec(optviz.SURFACES["rosenbrock"](), runs, num_steps=NUM_STEPS)
    race = optviz.race("rosenbrock", [*RULES, *MORE], num_steps=NUM_STEPS)
    measured: dict[str, Any] = {"payload of the race, bytes": _payload(race)}
    with ExitStack() as stack:
        page = stack.enter_context(_page(browser))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        measured["page of its own, bytes"] = race.save(folder / "race.html").stat().st_size
        alone = _play(page, (folder / "race.html").as_uri())
        address = stack.enter_context(_app(folder))
        query = urlencode(spec.to_query(), doseq=True)
        in_app = _play(page, f"{address}/?{query}")
        delays = _move_slider(page, slider, moves)
        with _training(folder):
            busy = _play(page, f"{address}/?{query}")
    for where, found in (("HTML export", alone), ("app", in_app), ("app beside a training", busy)):
        for what, value in found.items():
            measured[f"{where}: {what}"] = value
    measured["slider to new pixels"] = spread(delays)
    rate, cost = "updates a second", "main thread ms a frame"
    return {
        "command": "optviz bench player",
        "task": f"{len(runs)} runs x {NUM_STEPS} steps, {PLAY_SECONDS:g} s of playing",
        "measured": measured,
        "bars": [
            bar("updates a second, app", in_app[rate], 55.0, "/s", at_least=True),
            bar("main thread, app", in_app[cost], 8.0, "ms/frame", at_least=False),
            bar("updates a second beside a training", busy[rate], 30.0, "/s", at_least=True),
            bar("slider, median", spread(delays)["median"], 150.0, "ms", at_least=False),
            bar("slider, 95th percentile", spread(delays)["p95"], 250.0, "ms", at_least=False),
            bar("payload", measured["payload of the race, bytes"] / 1e3, 160, "kB", at_least=False),
        ],
        "notes": ["no GPU: the browser paints on the CPU that also computes"],
    }


def _payload(race: Any) -> int:
    from optviz.engine.surfaces.ground import lowest_loss, window
    from optviz.player import pack_race

    grid = window(race.surface)
    minimum = lowest_loss(race.surface)
    return len(pack_race(race, surface=race.surface, grid=grid, minimum=minimum))


@contextmanager
def _page(browser: str | None) -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise ValueError("bench player needs Playwright: install optviz[test]") from None
    path = browser or os.environ.get(BROWSER_VARIABLE)
    path = path or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise ValueError(
            f"no Chrome or Chromium on the path: install one, or name it in {BROWSER_VARIABLE}"
        )
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield chrome.new_page(viewport={"width": 1440, "height": 900})
        finally:
            chrome.close()


def _play(page: Any, address: str) -> dict[str, float]:
    """Open a race, which plays by itself, and count what is drawn in the middle of it."""
    page.goto(address)
    page.wait_for_selector(f"{PLAYER}[data-shown][data-playing=true]", timeout=120_000)
    page.wait_for_timeout(500)
    player = page.locator(PLAYER).first

    def stats() -> dict[str, float]:
        return player.evaluate("(root) => root.optviz.stats()")

    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before, busy, start = stats(), _task_seconds(session), time.perf_counter()
    page.wait_for_timeout(1e3 * PLAY_SECONDS)
    after, seconds = stats(), time.perf_counter() - start
    draws = after["draws"] - before["draws"]
    busy = _task_seconds(session) - busy
    session.detach()
    return {
        "updates a second": draws / seconds,
        "main thread ms a frame": 1e3 * busy / max(draws, 1),
        "of which drawing, ms": (after["drawMs"] - before["drawMs"]) / max(draws, 1),
    }


def _task_seconds(session: Any) -> float:
    """Seconds that the page's main thread has worked."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(m["value"] for m in metrics if m["name"] == "TaskDuration")


def _move_slider(page: Any, name: str, moves: int) -> list[float]:
    """Milliseconds from each key press on a slider to the frame that shows another race."""
    button = page.get_by_test_id("stPopoverButton").filter(has_text=PANEL).first
    handle = page.get_by_test_id("stPopoverBody").get_by_role("slider", name=name)
    for _ in range(5):  # a popover that a rerun has just replaced does not open
        button.click()
        page.wait_for_timeout(1500)
        if handle.count():
            break
    delays = []
    for _ in range(moves):
        handle.first.focus()
        page.locator(PLAYER).first.evaluate(AWAIT_CHANGE)
        page.keyboard.press("ArrowRight")  # always on: going back would show a race that is kept
        delays.append(float(page.evaluate("() => window.optvizMove")))
        page.wait_for_timeout(200)
    return delays


@contextmanager
def _app(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "optviz", "app", "--port", str(port)]
    with (folder / "log").open("wb") as log, _process(command, folder, log):
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise ValueError(f"the app did not start: {(folder / 'log').read_text()}")
        yield address


@contextmanager
def _training(folder: Path) -> Iterator[None]:
    """A training that lasts longer than the measurement, past its compilation."""
    command = [sys.executable, "-m", "optviz", *TRAINING]
    with _process(command, folder, subprocess.DEVNULL):
        time.sleep(15)
        yield


@contextmanager
def _process(command: list[str], folder: Path, output: Any) -> Iterator[None]:
    process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
