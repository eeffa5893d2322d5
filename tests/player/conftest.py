"""A browser, if there is one, and pages made from synthetic races."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fake_races
import numpy as np
import pytest
from browser_view import Seen

from optviz.export.html import html_page
from optviz.player import pack_race


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, bytes], str]:
    """Writes a payload as a page and gives its address."""
    folder: Path = tmp_path_factory.mktemp("pages")

    def write(name: str, payload: bytes) -> str:
        path = folder / f"{name}.html"
        if not path.exists():
            path.write_text(html_page(payload, name), encoding="utf-8")
        return path.as_uri()

    return write


@pytest.fixture(scope="session")
def ravine_payload() -> bytes:
    """SGD, momentum, Nesterov and a scaled step: all converge."""
    surface = fake_races.Ravine()
    race = fake_races.race(surface, [0.092, 0.01, 0.012, 0.2], (-3.5, 1.5), 150)
    return pack_race(
        race, surface=surface, grid=fake_races.grid_of(surface), minimum=0.0, race_id="ravine"
    )


@pytest.fixture(scope="session")
def wild_payload() -> bytes:
    """The second and fifth run diverge."""
    surface = fake_races.Ravine()
    race = fake_races.race(surface, [0.09, 0.25, 0.04, 0.12, 0.15], (-3.5, 1.5), 100)
    return pack_race(
        race, surface=surface, grid=fake_races.grid_of(surface), minimum=0.0, race_id="wild"
    )


@pytest.fixture(scope="session")
def cloud_payload() -> bytes:
    """Twenty starts: of the curves medians and bands, of the outcomes counts."""
    surface = fake_races.Rosenbrock()
    starts = np.random.default_rng(0).uniform(-1, 1, (20, 2))
    race = fake_races.race(surface, [6e-4, 3e-4], starts, 100)
    return pack_race(race, surface=surface, minimum=0.0, race_id="cloud", steps_per_epoch=10)


@pytest.fixture
def seen(chromium: Any) -> Iterator[Callable[..., Seen]]:
    contexts = []

    def make(**options: Any) -> Seen:
        # Playwright waits for an expression by evaluating it, which the page's own policy forbids.
        plain = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"}
        options = plain | {"bypass_csp": True} | options
        contexts.append(chromium.new_context(**options))
        return Seen(contexts[-1].new_page())

    yield make
    for context in contexts:
        context.close()
