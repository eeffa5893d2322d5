"""The store survives dying writers, two writers at once, damage and other versions."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from job_kit import PATIENCE

from optviz.engine.training.events import RunEnd
from optviz.networks import Linear
from optviz.runs import jobs, schema, shelf
from optviz.runs.folder import STORE, new_id
from optviz.runs.record import record_of
from optviz.runs.store import Store, SupersededError, current
from optviz.runs.store_file import UnavailableError

OLD = "20250101-120000-0123abcd"


def made(store, **fields):
    training = new_id()
    store.create(training, {}, {}, fields.get("name", "a training"))
    return training


def bodies(store, training):
    return [body for _, body in store.read(training, 0, 10**6)[1]]


def old_store(path):
    connection = sqlite3.connect(path)
    connection.executescript(Path(__file__).with_name("store_version_1.sql").read_text())
    connection.close()


def test_an_older_store_is_brought_up_to_date(own_home):
    old_store(own_home / STORE)
    assert current().get(OLD).deleted_at is None
    assert jobs.spec_of(OLD).network == Linear()
    assert jobs.read(OLD).events[-1] == RunEnd("end", 0, "finished", -1)
    shelf.delete(OLD)
    assert jobs.list_jobs() == []
    raw = sqlite3.connect(own_home / STORE)
    assert raw.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    raw.close()
    assert shelf.notice() is None


def test_a_step_that_fails_leaves_the_older_version_as_it_was(own_home):
    old_store(own_home / STORE)
    half = (*schema.MIGRATIONS[:1], ("CREATE TABLE extra (x)", "SELECT nonsense"))
    with pytest.raises(sqlite3.OperationalError, match="nonsense"):
        schema.connect(own_home / STORE, half)
    raw = sqlite3.connect(own_home / STORE)
    assert raw.execute("PRAGMA user_version").fetchone() == (1,)
    assert raw.execute("SELECT count(*) FROM sqlite_master WHERE name = 'extra'").fetchone() == (0,)
    raw.close()


def test_a_newer_store_is_refused_and_left_alone(own_home):
    current().all()
    raw = sqlite3.connect(own_home / STORE)
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    current().close()
    with pytest.raises(ValueError, match=r"has version 99, this optviz reads up to \d") as caught:
        jobs.list_jobs()
    assert "\n" not in str(caught.value)
    assert list(own_home.glob("store.damaged*")) == []


def no_database(path):
    path.write_bytes(b"certainly not a database" * 1000)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwritten(path):
    """Everything behind the first page is noise: it opens, and breaks on reading."""
    content = path.read_bytes()
    path.write_bytes(content[:4096] + random.Random(0).randbytes(len(content) - 4096))


def no_tables(path):
    path.unlink()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute(f"PRAGMA user_version = {schema.VERSION}")
    raw.close()


@pytest.mark.parametrize("damage", [no_database, cut, overwritten, no_tables])
@pytest.mark.parametrize("is_open", [False, True], ids=["opened later", "open already"])
def test_a_damaged_store_is_kept_aside_and_said_once(own_home, damage, is_open):
    first = Store(own_home / STORE)
    lost = made(first)
    first.append(lost, 0, [(0, f'"{i:0100}"') for i in range(500)])
    first.close()  # what is in the log goes into the file
    store = Store(own_home / STORE)
    if is_open:
        store.get(lost)
    damage(own_home / STORE)
    damaged = (own_home / STORE).read_bytes()
    for _ in range(2):  # reading is what meets the damage, wherever it is
        store.all()
        try:
            store.read(lost, 0, 1000)
        except ValueError:
            break
    (aside,) = own_home.glob("store.damaged-*.sqlite")
    assert aside.read_bytes() == damaged
    other = Store(own_home / STORE)
    said = other.notice()
    assert said is not None
    assert aside.name in said
    assert (store.notice(), other.notice()) == (None, None)
    kept = made(store)
    assert [record.id for record in other.all()] == [kept]
    store.close()
    other.close()


def test_a_deleted_store_is_begun_anew(own_home):
    made(current())
    (own_home / STORE).unlink()
    assert current().all() == []
    made(current())
    other = Store(own_home / STORE)
    assert len(other.all()) == 1
    other.close()


def test_out_of_reach(own_home):
    (own_home / STORE).mkdir()
    with pytest.raises(UnavailableError, match="cannot be used: unable to open database file"):
        jobs.list_jobs()


WRITER = """
import sys
from optviz.runs.store import current
training, name, count = sys.argv[1:]
store = current()
for number in range(int(count)):
    store.append(training, 0, [(0, f'"{name} {number} {part}"') for part in range(3)])
    print(number, flush=True)  # from here on it must never be lost
"""


def writer(training, name, count=10**9):
    command = [sys.executable, "-c", WRITER, training, name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_killed_in_the_middle_of_writing(own_home):
    training, rng = made(current()), random.Random(1)
    for life in range(4):
        process = writer(training, f"life{life}")
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.2))
        os.kill(process.pid, signal.SIGKILL)
        said = [int(line) for line in process.communicate()[0].split()]
        last = max(said, default=0)
        found = [body for body in bodies(current(), training) if f"life{life}" in body]
        whole = [f'"life{life} {n} {part}"' for n in range(last + 2) for part in range(3)]
        assert found in (whole[:-3], whole)  # all that was said, and at most the write under way
        raw = sqlite3.connect(own_home / STORE)
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        raw.close()


def test_two_writers_at_once():
    training = made(current())
    writers = [writer(training, name, 150) for name in ("a", "b")]
    for process in writers:
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
    found = bodies(current(), training)
    for name in ("a", "b"):  # none lost, none doubled, in order
        mine = [body for body in found if body.startswith(f'"{name} ')]
        assert mine == [f'"{name} {n} {part}"' for n in range(150) for part in range(3)]
    assert len(found) == 900


def test_an_earlier_attempt_is_not_listened_to_and_positions_are_new():
    store = current()
    training = made(store)
    first = store.begin(training, {}, {})
    store.append(
        training, first, [(None, '"s"'), *((run, f'"{n}"') for n in "abc" for run in (0, 1))]
    )
    _, rows = store.read(training, 0, 100)
    second = store.begin(training, {}, {0: 1, 1: None})
    assert (first, second) == (1, 2)
    with pytest.raises(SupersededError, match="was resumed by another process"):
        store.append(training, first, [(0, '"x"')])
    store.append(training, second, [(0, '"B"')])
    attempt, after = store.read(training, 0, 100)
    assert attempt == 2
    assert [body for _, body in after] == ['"s"', '"a"', '"a"', '"b"', '"c"', '"B"']
    assert after[-1][0] > rows[-1][0]
    assert store.counts(training) == {None: 1, 0: 2, 1: 3}


def test_of_two_that_resume_at_once_one_does():
    store = current()
    training = made(store)
    store.end(training, 0, "stopped")
    seen = store.get(training)
    assert [store.queue_again(seen), store.queue_again(seen)] == [True, False]
    store.end(training, 0, "stopped")
    seen = store.get(training)
    store.delete(training)
    assert not store.queue_again(seen)


def test_looking_often_costs_little():
    store = current()
    training = made(store)
    store.append(training, 0, [(0, '"event"')] * 5000)
    position = store.read(training, 0, 10**6)[1][-1][0]
    took = []
    for _ in range(200):
        start = time.perf_counter()
        assert jobs.read(training, position).events == []
        took.append(time.perf_counter() - start)
    assert sorted(took)[100] < 0.002


def test_only_what_has_changed_is_checked_again(monkeypatch):
    store, checked = current(), []
    one, other = made(store, name="one"), made(store, name="other")

    def check(rowid, row):
        checked.append(row[0])
        return record_of(rowid, row)

    monkeypatch.setattr("optviz.runs.trainings.record_of", check)
    assert sorted(record.id for record in store.all()) == sorted((one, other))
    assert sorted(checked) == sorted((one, other))
    checked.clear()
    with closing(Store(store.path)) as elsewhere:
        elsewhere.rename(one, "changed")
    assert {record.id: record.name for record in store.waiting()} == {
        one: "changed",
        other: "other",
    }
    assert store.get(one) in store.all()
    assert checked == [one]


def test_the_file_alone_holds_what_has_ended(own_home, tmp_path):
    """It may be carried away without the -wal beside it, while the app still has it open."""
    store = current()
    training = made(store)
    attempt = store.begin(training, {}, {})
    store.append(training, attempt, [(0, "{}")])
    store.end(training, attempt, "finished")
    store.rename(training, "second name")
    copy = tmp_path / "alone.sqlite"
    copy.write_bytes(store.path.read_bytes())
    other = Store(copy)
    found = other.get(training)
    assert (found.name, found.state) == ("second name", "finished")
    assert bodies(other, training) == ["{}"]
    other.close()
