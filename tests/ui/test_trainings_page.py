"""The page of all trainings: as a script over a store of its own, and in a real browser."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from drive import lines, link, opened
from hostile_stores import GOOD, made
from streamlit.testing.v1 import AppTest

from optviz.cli import main
from optviz.data import Synthetic
from optviz.folders import home as home_folder
from optviz.networks import Linear
from optviz.runs import jobs, shelf
from optviz.runs.folder import log_of
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run
from optviz.ui.training.files import ARCHIVES, as_archive, as_json
from optviz.ui.training.watch import duration
from optviz.ui.trainings.bring import found_in

ROOT = Path(__file__).parents[2]
DATA = "dataset=synthetic:num_train=640,num_test=20&network=linear&run=sgd"
SPEC = TrainSpec(Synthetic(num_train=640, num_test=20), Linear(), (Run.parse("sgd"),), epochs=1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPTVIZ_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def two(home: Path) -> list[str]:
    """Two trainings that have finished, the newest first."""
    jobs.run_here(SPEC, name="slow one")
    jobs.run_here(replace(SPEC, batch_size=64), name="fast one")
    return [status.id for status in jobs.list_jobs()]


def trainings(**query: str | list[str]) -> AppTest:
    return opened("pages/25_trainings.py", **query)


def names(test: AppTest) -> list[str]:
    return [i.value for i in test.text_input if str(i.key).startswith("trainings.name.")]


def press(test: AppTest, label: str) -> AppTest:
    next(b for b in test.button if b.label == label).click().run()
    assert not test.exception, test.exception
    return test


def test_an_empty_store_invites(home: Path) -> None:
    test = trainings()
    assert "Nothing has been trained yet" in test.markdown[-2].value


def test_search_and_rename(two: list[str]) -> None:
    test = trainings(search="fast")
    assert names(test) == ["fast one"]
    test.text_input(key="trainings.search").set_value("").run()
    assert names(test) == ["fast one", "slow one"]
    test.text_input(key=f"trainings.name.{two[0]}").set_value("quick").run()
    assert jobs.status(two[0]).name == "quick"
    test.text_input(key=f"trainings.name.{two[0]}").set_value(" ").run()
    assert "a name must have" in lines(test)[0]
    assert names(test) == ["quick", "slow one"]


def test_the_page_and_the_command_line_call_the_same_accuracy_best(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """That of any epoch, though a rate that is too high makes the last one worse."""
    far = replace(SPEC, runs=(Run.parse("sgd:learning_rate=3"),), epochs=2)
    (run,) = jobs.run_here(far).runs
    after = [epoch.val_accuracy or 0 for epoch in run.epochs]
    best = f"{100 * max(after):.1f}"
    assert max(after) > after[-1], "the last epoch must not be the best one here"
    assert main(["runs", "list"]) == 0
    assert f" {best}%" in capsys.readouterr().out
    assert f"**{best} %** :gray[best]" in [text.value for text in trainings().markdown]


def test_a_short_time_is_not_nothing() -> None:
    told = [duration(seconds) for seconds in (0.042, 0.4, 9.9, 40, 180, 7200, 7500)]
    assert told == ["0.042 s", "0.4 s", "9.9 s", "40 s", "3 min", "2 h", "2 h 5 min"]


def test_the_list_follows_a_link_that_was_searched_with_before(two: list[str]) -> None:
    """As when Back leads to it."""
    test = trainings(search="fast")
    test.query_params["search"] = "slow"
    test.run()
    assert (names(test), link(test, "search")) == (["slow one"], ["slow"])
    assert test.text_input(key="trainings.search~1").value == "slow"


def test_a_comparison_leaves_the_search_as_it_was(two: list[str]) -> None:
    test = trainings(search="one")
    for job_id in two:
        test.checkbox(key=f"trainings.tick.{job_id}").check().run()
    next(button for button in test.button if button.label == "Compare").click().run()
    assert sorted(link(test, "compare")) == sorted(two)
    next(button for button in test.button if button.label == "All trainings").click().run()
    assert (link(test, "compare"), link(test, "search")) == ([], ["one"])
    assert test.text_input(key="trainings.search").value == "one"


def test_deleting_is_undone_until_something_else_is_done(two: list[str]) -> None:
    test = trainings()
    test.button(key=f"trainings.delete.{two[0]}").click().run()
    assert names(test) == ["slow one"]
    press(test, "Undo")
    assert names(test) == ["fast one", "slow one"]
    for job_id in two:
        test.checkbox(key=f"trainings.tick.{job_id}").set_value(True).run()
    press(test, "Delete")
    assert names(test) == []
    press(test, "Undo")
    assert names(test) == ["fast one", "slow one"]
    test.button(key=f"trainings.delete.{two[0]}").click().run()
    test.text_input(key=f"trainings.name.{two[1]}").set_value("slow").run()
    assert "Undo" not in [button.label for button in test.button]


def test_what_was_deleted_can_be_restored_later(two: list[str]) -> None:
    for job_id in two:
        shelf.delete(job_id)
    test = trainings()
    assert names(test) == []
    test.session_state["trainings.deleted"] = True  # open
    test.run()
    test.button(key=f"trainings.restore.{two[1]}").click().run()
    assert not test.exception, test.exception
    assert names(test) == ["slow one"]
    assert [status.id for status in jobs.list_jobs(deleted=True)] == [two[0]]


def test_a_comparison_says_what_differs(two: list[str]) -> None:
    test = trainings(compare=[*two, "nothing-like-this"])
    assert "there is no training" in lines(test)[0]
    table = test.dataframe[0].value
    assert list(table.columns) == ["fast one", "slow one"]
    assert list(table.loc["Batch size"]) == ["64", "128"]
    assert "Epochs" not in table.index, "it is the same in both"
    assert len(test.dataframe[1].value) == 2


def test_import_of_what_is_not_there(home: Path) -> None:
    from optviz.ui.trainings import bring

    assert bring.found_in(f"{home}/nowhere", None)[0].startswith("there is no store")


def test_import_of_another_store(two: list[str], tmp_path: Path, monkeypatch: Any) -> None:
    from optviz.ui.trainings import bring

    monkeypatch.setenv("OPTVIZ_HOME", str(tmp_path / "other"))
    assert bring.found_in(str(tmp_path), None) == ["2 imported, 0 here already."]
    assert names(trainings()) == ["fast one", "slow one"]


def test_files_of_several_trainings(two: list[str]) -> None:
    assert set(json.loads(as_json(two))) == set(two)
    assert "runs" in json.loads(as_json(two[:1]))
    for suffix in ARCHIVES:
        files = zipfile.ZipFile(io.BytesIO(as_archive(two, suffix))).namelist()
        assert {file.split("/")[0] for file in files} == {"fast_one", "slow_one"}


@pytest.mark.browser
@pytest.mark.xdist_group("app")
def test_a_store_is_sent_and_its_training_taken_away_again(
    two: list[str], home: Path, server: str, view: Callable[..., Any]
) -> None:
    (store,) = home.glob("*.sqlite")
    page = view()
    page.page.goto(f"{server}/trainings")
    page.button("Import").first.click()
    page.page.locator("input[type=file]").set_input_files(store)
    page.page.get_by_text(store.name).wait_for()
    page.page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    page.page.get_by_text("2 imported, 0 here already.").wait_for()
    page.page.get_by_placeholder("Search").fill("fast one")
    page.page.keyboard.press("Enter")
    row = page.page.locator(".st-key-trainings-list > div")
    page.quiet()  # while a list is drawn anew it may hold one row for a moment
    page.until(lambda: row.count() == 1)
    row.get_by_test_id("stCheckbox").locator("label").click()
    page.button("Export").click()
    found = {}
    for ending, name in (("(JSON)", "training.json"), ("(CSV, zipped)", "training-csv.zip")):
        with page.page.expect_download() as download:
            page.page.get_by_role("button", name=ending).click()
        assert download.value.suggested_filename == name
        found[name] = Path(download.value.path()).read_bytes()
    assert json.loads(found["training.json"]) == json.loads(as_json(two[:1]))
    files = zipfile.ZipFile(io.BytesIO(found["training-csv.zip"]))
    assert files.testzip() is None
    assert any(name.startswith("fast_one/") for name in files.namelist())
    assert page.errors == []


@pytest.mark.browser
@pytest.mark.xdist_group("app")
def test_stop_delete_undo_and_compare(server: str, view: Callable[..., Any]) -> None:
    page = view()
    # The second takes minutes, however slow the browser is.
    for rate, length in ((0.1, "epochs=1"), (0.2, "epochs=1000&batch_size=4")):
        page.page.goto(f"{server}/networks?{DATA}:learning_rate={rate}&{length}")
        page.button("Train").click()
        page.page.wait_for_selector(".optviz-player[data-shown]", timeout=90_000)
    page.page.get_by_test_id("stPageLink").get_by_text("Trainings").click()
    rows = page.page.locator(".st-key-trainings-list > div")
    rows.first.get_by_role("button", name="Stop").click(timeout=60_000)
    rows.first.get_by_text("stopped").wait_for(timeout=30_000)
    page.quiet()
    count = rows.count()
    rows.first.get_by_role("button", name="Delete").click()
    page.button("Undo").wait_for()
    page.until(lambda: rows.count() == count - 1)
    page.button("Undo").click()
    page.until(lambda: rows.count() == count)
    for row in (rows.nth(0), rows.nth(1)):
        row.get_by_test_id("stCheckbox").locator("label").click()
    page.button("Compare").click()
    page.page.get_by_text("What differs").wait_for()
    page.page.locator(".js-plotly-plot").first.wait_for()
    assert page.page.url.count("compare=") == 2
    page.button("All trainings").click()
    page.quiet()
    rows.first.get_by_role("button", name="Resume").click()
    rows.first.get_by_role("button", name="Stop").wait_for(timeout=30_000)
    page.quiet()
    rows.first.get_by_role("button", name="Stop").click()
    rows.first.get_by_text("stopped").wait_for(timeout=30_000)
    assert page.errors == []


@pytest.mark.parametrize("page", ["20_networks.py", "25_trainings.py"])
def test_a_store_of_a_newer_optviz_is_one_line(home: Path, page: str) -> None:
    with closing(sqlite3.connect(home / "store.sqlite")) as store:
        store.execute("PRAGMA user_version = 999")
    test = opened(f"pages/{page}")
    assert len(lines(test)) == 1
    assert "newer" in lines(test)[0]


def test_a_damaged_store_is_kept_aside_and_said_so(home: Path) -> None:
    (home / "store.sqlite").write_bytes(b"no database" * 1000)
    test = trainings()
    assert "damaged" in lines(test)[0]
    assert list(home.glob("store.damaged-*.sqlite"))
    assert lines(press(test, "Understood")) == []


def test_a_training_whose_process_died_is_shown_with_its_last_lines(two: list[str]) -> None:
    """As after kill -9: it says that it runs, and there is no such process."""
    with closing(sqlite3.connect(home_folder() / "store.sqlite")) as store, store:
        store.execute("UPDATE trainings SET state = 'running', pid = 1 WHERE id = ?", (two[0],))
    log_of(two[0]).write_text("step 17\nthe last line\n")
    test = opened("pages/20_networks.py", job=two[0])
    assert "ended without a word" in test.error[0].value
    assert "the last line" in test.code[0].value
    assert any(button.label == "Resume" for button in test.button)


def test_what_cannot_be_read_is_listed_with_why_and_can_be_deleted(home: Path) -> None:
    bad = made(home / "store.sqlite", events=[])
    test = AppTest.from_file(str(ROOT / "pages" / "25_trainings.py"), default_timeout=60)
    test.session_state["trainings.shown"] = 1000
    test.run()
    assert not test.exception, test.exception
    assert names(test) == ["training 0"]
    told = [caption.value for caption in test.caption]
    assert len([line for line in told if "must" in line]) > 80
    assert any("created must be a time, in seconds since 1970" in line for line in told)
    assert len([b for b in test.button if str(b.key).startswith("trainings.delete.")]) == 1 + len(
        bad
    )
    test.button(key="trainings.delete.row-2").click().run()
    assert not test.exception, test.exception
    press(test, "Undo")
    assert len([b for b in test.button if str(b.key).startswith("trainings.delete.")]) == 1 + len(
        bad
    )


def test_what_was_deleted_is_removed_for_good_once_that_was_confirmed(home: Path) -> None:
    made(home / "store.sqlite", rows=[("created", "abc")], specs=[("epochs", 2)], events=[])
    for status in jobs.list_jobs():
        shelf.delete(status.id)
    test = trainings()
    test.session_state["trainings.deleted"] = True  # open
    test.run()
    press(test, "Remove for good")
    assert "3 trainings with curves and checkpoints (0.0 MB). This cannot be undone." in lines(test)
    press(test, "Keep")
    assert len(jobs.list_jobs(deleted=True)) == 3
    press(test, "Remove for good")
    press(test, "Remove 3 trainings for good")
    assert jobs.list_jobs(deleted=True) == []
    assert lines(test) == []


def test_what_is_wrong_in_another_store_is_named_up_to_a_number(home: Path) -> None:
    made(home / "other.sqlite", events=[])
    told = found_in(str(home / "other.sqlite"), None)
    assert told[0] == "1 imported, 0 here already."
    assert "was not imported: id must be that of a training" in told[1]
    assert len(told) == 12
    assert told[-1].endswith("more were not imported; `optviz runs import` names them all.")


def test_of_what_cannot_be_read_a_file_says_why(home: Path) -> None:
    (bad,) = made(home / "store.sqlite", rows=[], specs=[], events=[(0, '{"kind":"nothing"}')])
    records = json.loads(as_json([GOOD, bad]))
    assert "runs" in records[GOOD]
    assert "cannot be read: event" in records[bad]["error"]
    files = zipfile.ZipFile(io.BytesIO(as_archive([GOOD, bad], ".csv")))
    assert sorted(files.namelist())[-1] == "training_1/error.txt"
    assert b"cannot be read: event" in files.read("training_1/error.txt")
