"""The optimizers page: every entry opens, a search narrows, the tree and the table are whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from drive import lines, link, opened
from streamlit.testing.v1 import AppTest

from optviz.catalog.description import describe
from optviz.optimizers import OPTIMIZERS
from optviz.optimizers.proofs import Proof


def gallery(**query: str | list[str]) -> AppTest:
    return opened("pages/40_optimizers.py", **query)


def cards(test: AppTest) -> list[str]:
    start = "gallery.open."
    return [b.key.removeprefix(start) for b in test.button if (b.key or "").startswith(start)]


@pytest.mark.parametrize("key", OPTIMIZERS)
def test_every_entry_opens(key: str) -> None:
    test = gallery(rule=key)
    cls = OPTIMIZERS[key]
    assert test.subheader[0].value == cls.label
    assert len(test.get("latex")) + len(test.get("markdown")) > 4
    shown = "\n".join(element.value for element in test.markdown)
    text = describe(cls)
    assert text.citation in shown
    assert text.in_words in shown
    for variant in text.variants:
        assert f"| {variant.what} | {variant.who} |" in shown
    assert any("def update" in block.value for block in test.code)
    assert test.get("bidi_component"), "the small race"
    assert lines(test) == []


def test_a_card_opens_its_rule_and_says_so_in_the_link() -> None:
    test = gallery()
    assert set(cards(test)) == set(OPTIMIZERS)
    test.button(key="gallery.open.adam").click().run()
    assert test.subheader[0].value == "Adam"
    assert test.query_params["rule"] in ("adam", ["adam"])


@pytest.mark.parametrize(
    ("words", "found"), [("adamw", "adamw"), ("weight decay", "adamw"), ("Zeiler 2012", "adadelta")]
)
def test_a_search_finds_names_words_and_papers(words: str, found: str) -> None:
    test = gallery()
    test.text_input(key="gallery.find").set_value(words).run()
    assert found in cards(test)
    assert len(cards(test)) < len(OPTIMIZERS)


@pytest.mark.parametrize("view", ["rules", "tree", "table"])
def test_a_search_that_finds_nothing_is_one_line_and_can_be_undone(view: str) -> None:
    test = gallery(find="no such rule anywhere", view=view)
    assert cards(test) == []
    assert test.info[0].value == "No rule says “no such rule anywhere”."
    next(b for b in test.button if b.label == "Show all rules").click().run()
    assert not test.exception
    assert not test.info


def test_families_filter() -> None:
    test = gallery(kind=["momentum"])
    assert {OPTIMIZERS[key].kind for key in cards(test)} == {"momentum"}


def test_the_race_moves_to_another_surface() -> None:
    test = gallery(rule="adam")
    test.selectbox(key="gallery.surface").set_value("beale").run()
    assert not test.exception
    assert test.query_params["surface"] in ("beale", ["beale"])


def test_the_table_lists_every_rule() -> None:
    test = gallery(view="table")
    assert len(test.dataframe[0].value) == len(OPTIMIZERS)


def test_proofs_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"adam": (Proof("optax", "a quadratic", 50, 1e-9, "", 2e-12),)}
    monkeypatch.setattr("optviz.optimizers.proofs.proofs", lambda key: found.get(key, ()))
    shown = "\n".join(m.value for m in gallery(rule="adam").markdown)
    assert "a quadratic" in shown
    assert "2e-12" in shown


def test_a_damaged_link_says_what_was_ignored() -> None:
    test = gallery(rule="adamm", view="picture", bogus="1")
    said = "\n".join(lines(test))
    assert "did you mean 'adam" in said
    assert "bogus" in said
    assert test.subheader[0].value == "SGD"


def test_families_that_have_no_such_rule_are_named() -> None:
    test = gallery(find="no such rule", kind=["momentum", "second order"])
    assert test.info[0].value == "No rule says “no such rule” among momentum, second order."


@pytest.mark.parametrize(
    ("query", "line", "left"),
    [
        ({"kind": ["momentum", "foo"]}, "unknown kind 'foo'", {"kind": ["momentum"]}),
        ({"kind": ["sign", "sign"]}, "", {"kind": ["sign", "sign"]}),
        ({"rule": ["adam", "lion"]}, "rule: only the first of 2 is read", {"rule": ["adam"]}),
        ({"find": ["a", "b"]}, "find: only the first of 2 is read", {"find": ["a"]}),
        ({"find": "a" * 300}, "find: only the first 200 characters", {"find": ["a" * 200]}),
        ({"rule": "", "surface": "beale"}, "", {"rule": [""], "surface": ["beale"]}),
    ],
)
def test_of_a_link_the_rest_is_kept(
    query: dict[str, str | list[str]], line: str, left: dict[str, list[str]]
) -> None:
    test = gallery(**query)
    said = lines(test)
    assert len(said) == bool(line), said
    assert line in "".join(said)
    assert {name: link(test, name) for name in test.query_params} == left


@pytest.mark.browser
@pytest.mark.xdist_group("app")
def test_in_a_browser(server: str, view: Callable[..., Any]) -> None:
    page = view(reduced_motion="reduce").open(f"{server}/optimizers?rule=adam")
    page.page.locator(".katex").first.wait_for()
    shown = page.shown
    page.page.get_by_role("button", name="Momentum 1964").click()
    page.until_other(shown)
    page.until(lambda: "rule=momentum" in page.page.url)
    page.page.get_by_role("radio", name="Family tree").click()
    page.page.locator(".optviz-tree .wide a", has_text="RMSProp").click()
    page.until(lambda: "rule=rmsprop" in page.page.url)
    page.page.get_by_role("heading", name="RMSProp", exact=True).wait_for()
    assert page.errors == []
    assert page.hosts == {server.removeprefix("http://")}


@pytest.mark.browser
@pytest.mark.xdist_group("app")
@pytest.mark.parametrize("width", [390, 1440, 1920])
def test_fits_the_window(server: str, view: Callable[..., Any], width: int) -> None:
    page = view(width=width, reduced_motion="reduce").open(f"{server}/optimizers?rule=adam")
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.browser
@pytest.mark.xdist_group("app")
def test_the_small_race_opens_in_the_race_page(server: str, view: Callable[..., Any]) -> None:
    page = view(reduced_motion="reduce").open(f"{server}/optimizers?rule=adamw&surface=beale")
    shown = page.shown
    page.page.get_by_role("link", name="Open in the race page").click()
    page.until(lambda: "run=adamw" in page.page.url and "surface=beale" in page.page.url)
    page.page.get_by_role("combobox", name="Add a rule").wait_for(timeout=30_000)
    page.until(lambda: page.player.count() == 1 and page.shown == shown)  # the very same race
