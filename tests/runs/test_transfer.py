"""Trainings from another computer's store: with curves and checkpoints, once, and nothing else."""

import json
import os
import shutil
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hostile_stores import made, name_of
from job_kit import SHORT, set_process

from optviz.runs import jobs, shelf
from optviz.runs.folder import STORE, checkpoints_of, new_id
from optviz.runs.store import Store, current
from optviz.runs.transfer import import_from


@pytest.fixture
def other(tmp_path, monkeypatch):
    """Another home with a training that has ended."""
    home = tmp_path / "other"
    with monkeypatch.context() as patch:
        patch.setenv("OPTVIZ_HOME", str(home))
        jobs.run_here(SHORT, name="from afar")
        current().close()
    return home


def test_import_and_go_on(other):
    store = Store(other / STORE)
    (record,) = store.all()
    store.begin(record.id, record.environment, {})  # as if it were going on over there
    set_process(store, record.id, 1, 0.0)
    before = (other / STORE).read_bytes()
    assert shelf.import_from(other) == ([record.id], [], [])
    assert (other / STORE).read_bytes() == before
    store.close()
    status = jobs.status(record.id)
    assert (status.name, status.state, status.pid) == ("from afar", "stopped", None)
    assert status.message == "it was still going where it was imported from"
    assert [len(run.losses) for run in jobs.result(record.id).runs] == [10, 10]
    assert len(list(checkpoints_of(record.id).iterdir())) == 2
    shelf.rename(record.id, "mine")
    assert shelf.import_from(other / STORE) == ([], [record.id], [])
    assert jobs.status(record.id).name == "mine"
    jobs.run_here(record.id)
    assert [len(run.losses) for run in jobs.result(record.id).runs] == [10, 10]


def test_an_older_store_and_one_that_lies(other, tmp_path):
    old = tmp_path / "old.sqlite"
    raw = sqlite3.connect(old)
    raw.executescript(Path(__file__).with_name("store_version_1.sql").read_text())
    raw.close()
    assert shelf.import_from(old).new == ["20250101-120000-0123abcd"]

    store = Store(other / STORE)
    spec, good = json.dumps(SHORT.to_json()), new_id()
    for training, text in ((good, '{"kind": "x"}'), ("../../evil", ""), (new_id(), "{")):
        store.create(training, json.loads(spec), {}, "bad")
        store.append(training, 0, [(0, text)])
    store.close()
    found = shelf.import_from(other)
    assert (len(found.new), len(found.refused)) == (1, 3)
    assert not (tmp_path / "evil").exists()


def nothing(folder):
    shutil.rmtree(folder)


def text(folder):
    (folder / STORE).write_text("no store" * 1000)


def another_database(folder):
    (folder / STORE).unlink()
    raw = sqlite3.connect(folder / STORE)
    raw.execute("CREATE TABLE cookies (x)")
    raw.commit()
    raw.close()


def newer(folder):
    raw = sqlite3.connect(folder / STORE)
    raw.execute("PRAGMA user_version = 99")
    raw.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (nothing, "there is no store"),
        (text, "cannot be read: file is not a database"),
        (another_database, "cannot be read: it holds no trainings, or they are in a"),
        (newer, "has version 99"),
    ],
)
def test_what_cannot_be_imported(other, change, message):
    change(other)
    with pytest.raises(ValueError, match=message) as caught:
        shelf.import_from(other)
    assert "\n" not in str(caught.value)
    assert jobs.list_jobs() == []


def test_not_itself(own_home):
    current().all()
    with pytest.raises(ValueError, match="is this computer's own store"):
        shelf.import_from(own_home)


def test_of_imports_at_once_each_says_what_it_took(tmp_path, own_home):
    source, ids = tmp_path / "many.sqlite", [name_of(number) for number in range(16)]
    made(source, rows=[("stop_asked", 0)] * 15, specs=[], events=[])
    stores = [Store(own_home / STORE) for _ in range(5)]
    with ThreadPoolExecutor(5) as pool:
        found = list(pool.map(lambda store: import_from(store, source), stores))
    for store in stores:
        store.close()
    assert sorted(job_id for came in found for job_id in came.new) == ids
    assert [len(came.new) + len(came.present) for came in found] == [16] * 5
    assert [job.id for job in jobs.list_jobs()] == ids[::-1]
    assert all(len(jobs.read(job_id).events) == 5 for job_id in ids)


def test_one_that_comes_later_leaves_checkpoints_alone(other):
    """Another import was faster, and the training has gone on here since."""
    with closing(Store(other / STORE)) as theirs:
        (record,) = theirs.all()
    store = current()
    assert shelf.import_from(other).new == [record.id]
    checkpoint = checkpoints_of(record.id) / "0.npz"
    checkpoint.write_bytes(b"further on")
    assert not store.take_over(record, [], lambda: shutil.rmtree(checkpoint.parent))
    assert checkpoint.read_bytes() == b"further on"


def test_a_folder_of_nobody(own_home):
    with pytest.raises(ValueError, match="'~nobody-here/x' names a user that is not on this"):
        shelf.import_from("~nobody-here/x")


def test_what_an_import_left_that_was_killed_is_removed(other, own_home):
    for name, age in ((".import-dead", 2 * 86_400), (".import-alive", 10)):
        (own_home / name / "part").mkdir(parents=True)
        os.utime(own_home / name, (time.time() - age,) * 2)
    shelf.import_from(other)
    assert [path.name for path in own_home.glob(".import-*")] == [".import-alive"]
