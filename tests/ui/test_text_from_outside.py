"""Text from links, labels and stores stands on the pages letter for letter, and fetches nothing."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from drive import lines, opened

from optviz.data import Synthetic
from optviz.folders import home
from optviz.networks import Linear
from optviz.runs import jobs, shelf
from optviz.specs.experiment import TrainSpec
from optviz.specs.labels import MAX_LABEL
from optviz.specs.run import Run
from optviz.ui.words import plain

HOST = "https://example.org"
EVIL = f"![a]({HOST}/t.png)**b**_i_`c`$q$~~s~~:red[r]:smile: [l]({HOST}) <img src=//example.org> ->"
assert len(EVIL) < MAX_LABEL

# What mark-up of a text would leave: another host's address, an element around one letter of it,
# or its formula.
MADE_OF_IT = """
() => [...document.querySelectorAll("*")].filter((e) =>
  ["src", "href", "xlink:href"].some((name) => (e.getAttribute(name) || "").includes("example.org"))
  || (/^(a|b|i|em|strong|code|del|s)$/i.test(e.tagName) && /^[biclsr]$/.test(e.textContent))
  || (e.tagName === "annotation" && e.textContent.trim() === "q")  // pages have own equations
).map((e) => e.outerHTML)
"""
PIECES = (
    *"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ab1é ",
    *("http", "www.", "://", ":smile:", ":material/home:", ":red[", "->", "**", "](", ".org"),
    "&lt;",
)


def texts(count: int, pieces: int) -> list[str]:
    """Texts that are mostly marks, the same in every run."""
    chance = random.Random(9)
    made = ("".join(chance.choices(PIECES, k=pieces)) for _ in range(count))
    return [" ".join(text.split())[:50] for text in made]  # longer ones are cut


def clean(page: Any, server: str, *shown: str) -> None:
    """No mark-up, no other host, and each text is to be read on the page."""
    for text in shown:
        page.until(lambda text=text: text in page.page.inner_text("body"), 60)
    assert page.page.evaluate(MADE_OF_IT) == []
    assert page.hosts == {server.split("/")[2]}
    assert not page.page.get_by_test_id("stException").count()


@pytest.mark.browser
@pytest.mark.xdist_group("app")
@pytest.mark.parametrize("path", ["", "schedules", "networks", "gradient_check", "optimizers"])
def test_a_link_is_shown_and_not_rendered(server: str, view: Callable[..., Any], path: str) -> None:
    page, evil = view(), quote(EVIL, safe="")
    shown = [EVIL[:50]]  # messages cut what they repeat
    query = f"{evil}=1"
    if path in ("", "schedules", "networks"):
        query += f"&run=adam%23{evil}&run=sgd%23{evil}2&schedule={evil}"
        shown += [EVIL, f"{EVIL}2"]
    if path == "gradient_check":
        query += f"&expression={evil}"
    if path == "optimizers":
        query = f"find={evil}&rule={evil}"
    page.page.goto(f"{server}/{path}?{query}")
    clean(page, server, *shown)


@pytest.mark.browser
@pytest.mark.xdist_group("app")
def test_any_text_of_a_link_comes_back_letter_for_letter(
    server: str, view: Callable[..., Any]
) -> None:
    page, names = view(), texts(11, 25)
    page.page.goto(f"{server}/?{urlencode(dict.fromkeys(names, 1))}")
    wanted = [f"Ignored in the link: {name!r} is not a setting of a race" for name in names]
    page.until(lambda: wanted[-1] in page.page.inner_text("body"), 60)
    told = page.page.locator("[data-testid=stAlertContentWarning] p").all_text_contents()
    assert sorted(" ".join(line.split()) for line in told) == sorted(wanted)
    assert page.hosts == {server.split("/")[2]}


@pytest.fixture
def training() -> Iterator[str]:
    """A training in the app's store whose every text came from somewhere else."""
    runs = (Run.parse(f"sgd#{EVIL}"), Run.parse("sgd:learning_rate=0.02"))
    spec = TrainSpec(Synthetic(num_train=640, num_test=20), Linear(), runs, epochs=1)
    jobs.run_here(spec, name="from outside")
    (found,) = [status.id for status in jobs.list_jobs() if status.name == "from outside"]
    (file,) = home().glob("*.sqlite")
    with closing(sqlite3.connect(file)) as store, store:
        store.execute(
            "UPDATE trainings SET name = ?, message = ?, state = 'failed' WHERE id = ?",
            (EVIL, EVIL, found),
        )
        store.execute("INSERT INTO notices VALUES (?)", (EVIL,))
        for position, body in store.execute(
            "SELECT position, body FROM events WHERE training = ?", (found,)
        ).fetchall():
            event = json.loads(body)
            if "class_names" in event:
                event["class_names"] = [f"{n}{EVIL}" for n in range(len(event["class_names"]))]
                event["note"] = EVIL
                store.execute(
                    "UPDATE events SET body = ? WHERE position = ?", (json.dumps(event), position)
                )
    yield found
    shelf.delete(found)
    shelf.purge(days=0)


@pytest.mark.browser
@pytest.mark.xdist_group("app")
def test_a_training_is_shown_and_not_rendered(
    training: str, server: str, view: Callable[..., Any]
) -> None:
    page, evil = view(), quote(EVIL, safe="")
    page.page.goto(f"{server}/trainings")
    clean(page, server, EVIL)  # its message, and the store's
    page.page.goto(f"{server}/trainings?search={evil}&compare={training}&compare={evil}")
    page.page.locator(".js-plotly-plot .legendtext").first.wait_for()
    clean(page, server, EVIL)
    page.page.goto(f"{server}/networks?job={training}")
    clean(page, server, EVIL)
    page.page.get_by_text("Look inside").click()
    for tab in ("First layer", "Mistakes", "Confusion"):
        page.page.get_by_role("tab", name=tab).click()
        page.page.locator(".js-plotly-plot").first.wait_for()
        page.page.wait_for_timeout(300)
        clean(page, server)
    page.page.goto(f"{server}/networks?job={evil}")
    clean(page, server, f"there is no training '{EVIL[:40]}")
    shelf.delete(training)
    page.page.goto(f"{server}/trainings")
    page.page.get_by_role("button", name="Deleted").first.click()
    page.page.get_by_role("button", name="Restore").first.wait_for()  # other tests deleted more
    clean(page, server, f"Restore {EVIL}")
    shelf.restore(training)


def test_what_cannot_be_seen_is_named() -> None:
    assert plain("a\u202eb\x00c\u200bd\n e") == r"a\\u202eb\\u0000c\\u200bd e"


@pytest.mark.parametrize(
    "label", ["a\nb", "a\u202eb", "a\u200bb", "a\x7f", "", "x" * 121, " a", "\ud800"]
)
def test_labels_that_cannot_be_shown_are_refused(label: str) -> None:
    run = Run(Run.parse("sgd").optimizer, label=label)
    with pytest.raises(ValueError, match="a label must") as refused:
        run.check()
    assert len(str(refused.value)) < 200
    assert "\n" not in str(refused.value)


def test_messages_keep_their_marks() -> None:
    page = opened("app.py", **{"**a** _b_": "1"})
    assert lines(page) == [
        f"Ignored in the link: {plain(repr('**a** _b_'))} is not a setting of a race"
    ]
