"""A page with a player in it, and the little that tests ask of it."""

from __future__ import annotations

from typing import Any

PLAYER = ".optviz-player"


class Seen:
    """A page, its errors and requests, and its first player."""

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
