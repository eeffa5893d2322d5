"""The page on its own: one file, no other host, nothing that can break out of it."""

import re
from collections.abc import Callable
from typing import Any

import fake_races
import pytest

from optviz.export.html import html_page
from optviz.player import pack, pack_race


def test_text_is_escaped() -> None:
    page = html_page(pack({"id": "</script><b>"}), "a</title><script>alert(1)</script>")
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert page.count("</script>") == 2
    assert page.count("</title>") == 1


def test_nothing_is_loaded_from_elsewhere(ravine_payload: bytes) -> None:
    page = html_page(ravine_payload, "Ravine", note_html="<p>SGD at 0.09</p>")
    assert not re.search(r"""(?:src|href)\s*=|https?:|@import|url\(""", page)
    assert "<p>SGD at 0.09</p>" in page
    assert "default-src 'none'" in page
    assert "unsafe-eval" not in page


def test_eight_rules_of_500_steps_fit_in_400_kb() -> None:
    surface = fake_races.Rosenbrock()
    race = fake_races.race(surface, [1e-3] * 8, (-1.2, 1.0), 500, decay=0.01, noise=1.0)
    payload = pack_race(race, surface=surface, grid=fake_races.grid_of(surface), minimum=0.0)
    assert len(html_page(payload, "Eight").encode()) <= 400_000


@pytest.mark.browser
def test_it_plays_under_its_own_policy(
    chromium: Any, pages: Callable[[str, bytes], str], ravine_payload: bytes
) -> None:
    page, said = chromium.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(pages("policy", ravine_payload))
    page.wait_for_selector(".optviz-player[data-shown='ravine'][data-playing='true']")
    page.wait_for_selector(".optviz-player[data-playing='false']")
    assert float(page.locator(".optviz-player").get_attribute("data-step")) == 150
    assert said == []
    page.close()
