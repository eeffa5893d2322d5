"""The app on a port of its own, and pages in a real browser that look at it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PLAYER = ".optviz-player"


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Starts the app as users do, in an empty folder, and gives its address."""
    servers = []

    def start() -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        folder: Path = tmp_path_factory.mktemp("empty")
        command = [sys.executable, "-m", "optviz", "app", "--port", str(port)]
        with (folder / "log").open("wb") as log:
            servers.append(
                subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=_relaxed())
            )
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return address
        raise RuntimeError((folder / "log").read_text())

    yield start
    for server in servers:
        server.terminate()
    for server in servers:
        server.wait(20)


def _relaxed() -> dict[str, str]:
    """The environment of users, who have not asked JAX to be strict."""
    return {name: value for name, value in os.environ.items() if "PROMOTION" not in name}


@pytest.fixture(scope="session")
def server(start_server: Callable[[], str]) -> str:
    """One app for the tests that do not need a fresh one."""
    return start_server()


class View:
    """A page of the app, and the little that tests ask of its player."""

    def __init__(self, page: Any) -> None:
        self.page, self.errors, self.hosts = page, [], set()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        self.player = page.locator(PLAYER)

    def open(self, address: str) -> View:
        self.page.goto(address)
        self.page.wait_for_selector(f"{PLAYER}[data-shown]", timeout=60_000)
        return self

    def attribute(self, name: str) -> str:
        return self.player.first.get_attribute(f"data-{name}") or ""

    @property
    def shown(self) -> str:
        return self.attribute("shown")

    @property
    def step(self) -> float:
        return float(self.attribute("step"))

    @property
    def playing(self) -> bool:
        return self.attribute("playing") == "true"

    def until(self, holds: Callable[[], bool], seconds: float = 15) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"not within {seconds} s; {self.page.url}"
            self.page.wait_for_timeout(40)

    def until_other(self, shown: str) -> str:
        """Wait until another race than `shown` is painted, and give its id."""
        self.until(lambda: self.shown not in ("", shown))
        return self.shown

    def quiet(self, seconds: float = 0.3) -> None:
        """Wait until no script has run for a moment: while one does, buttons may still move."""
        running = self.page.locator("[data-test-script-state=running]")
        since = time.monotonic()
        deadline = since + 30
        while time.monotonic() - since < seconds:
            assert time.monotonic() < deadline, f"always busy; {self.page.url}"
            if running.count():
                since = time.monotonic()
            self.page.wait_for_timeout(40)

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)


@pytest.fixture
def view(chromium: Any) -> Iterator[Callable[..., View]]:
    """Opens a page in a context of its own: `view(width=390)`."""
    contexts = []

    def make(width: int = 1440, height: int = 900, **options: Any) -> View:
        contexts.append(
            chromium.new_context(viewport={"width": width, "height": height}, **options)
        )
        return View(contexts[-1].new_page())

    yield make
    for context in contexts:
        context.close()
