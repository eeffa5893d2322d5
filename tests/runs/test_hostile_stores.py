"""Whatever a store holds, there is one line on it, the rest is there, and nothing is lost."""

import time
import tracemalloc

import pytest
from hostile_stores import ELSEWHERE, EVENTS, FILES, GOOD, ROWS, SCRIPTS, SPECS, altered, made

from optviz.cli import main
from optviz.export import curves
from optviz.runs import foreign, jobs, shelf
from optviz.runs.folder import STORE
from optviz.runs.store import current


@pytest.fixture
def other(tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    return folder / "other.sqlite"


def one_line(text):
    return text and "\n" not in text and len(text) < 1000


def test_there_are_many():
    assert len(ROWS) + len(SPECS) + len(EVENTS) + len(SCRIPTS) + len(FILES) >= 150


def test_good_rows_are_imported_and_the_bad_ones_named(other, own_home):
    bad = made(other)
    tracemalloc.start()
    found = shelf.import_from(other)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.new == [GOOD]
    assert len(found.refused) == len(bad)
    named = {job_id for job_id, _ in found.refused}
    assert len(named & set(bad)) == len(bad) - 6  # these have no id; each has a name of its own
    assert len(named) == len(bad)
    assert all(one_line(why) for _, why in found.refused)
    assert peak < 200e6
    assert [job.id for job in jobs.list_jobs()] == [GOOD]
    assert jobs.result(GOOD).runs[0].losses[0] == 0.5
    assert [path.name for path in (own_home / "runs").glob("*")] == []


def test_a_store_of_ones_own_with_bad_rows(own_home, capsys):
    wrong = made(own_home / STORE)
    current().do(lambda c: c.execute("PRAGMA synchronous = OFF"))
    elsewhere = wrong[len(ROWS) + len(SPECS) + EVENTS.index(ELSEWHERE)]  # harmless here
    listed = jobs.list_jobs()
    rows, specs = len(ROWS), len(SPECS)
    unreadable = [job for job in listed if job.state == "unreadable"]
    assert len(listed) == rows + specs + len(EVENTS) + 1
    assert len(unreadable) == rows + specs
    assert all(one_line(job.message) and job.ended and not job.resumable for job in unreadable)
    assert main(["runs", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(listed)
    assert "unreadable" in next(line for line in lines if "created must be a time" in line)
    assert main(["runs", "list", "--json", "--search", "training"]) == 0
    good = next(job for job in listed if job.id == GOOD)
    assert good.state == "stopped"
    for job in listed:
        if job.id in (GOOD, elsewhere):
            continue
        for verb in (jobs.result, jobs.run_here):
            if verb is jobs.run_here and job.state != "unreadable":
                continue  # it would begin, and say what it found
            with pytest.raises(ValueError, match=r"cannot be read|no training") as caught:
                verb(job.id)
            assert one_line(str(caught.value))
    for job in listed:
        shelf.delete(job.id)
    assert jobs.list_jobs() == []
    assert len(jobs.list_jobs(deleted=True)) == len(listed)
    for job in listed[:8]:
        shelf.restore(job.id)
        shelf.delete(job.id)
    assert shelf.purge(days=None) == len(listed)
    assert jobs.list_jobs(deleted=True) == []


@pytest.mark.parametrize("command", ["show", "export", "compare", "resume"])
def test_commands_on_what_cannot_be_read(own_home, capsys, tmp_path, command):
    wrong = made(
        own_home / STORE,
        rows=[("environment", "[1]")],
        specs=[("epochs", 0)],
        events=[(999, '{"kind":"compiling","run":999}')],
    )
    more = ["--out", str(tmp_path / "out.csv")] if command == "export" else []
    for job_id in wrong if command != "resume" else wrong[:2]:
        assert main(["runs", command, job_id, *more]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"optviz: training {job_id} cannot be read: ")
        assert said.count("\n") == 1
    if command == "export":
        assert main(["runs", command, *wrong, GOOD, *more]) == 2
        written = sorted(path.name for path in tmp_path.glob("*.csv"))
        assert written == [f"out-{GOOD}{part}.csv" for part in ("-epochs", "-layers", "")]


@pytest.mark.parametrize("what", SCRIPTS)
def test_files_with_more_than_tables(other, monkeypatch, what):
    monkeypatch.setattr(foreign, "SECONDS", 3.0)
    altered(other, SCRIPTS[what])
    began = time.monotonic()
    with pytest.raises(ValueError, match="cannot be read: ") as caught:
        shelf.import_from(other)
    assert one_line(str(caught.value))
    assert time.monotonic() - began < 60
    assert jobs.list_jobs() == []


@pytest.mark.parametrize("what", FILES)
def test_files_that_are_none(other, what):
    FILES[what](other)
    with pytest.raises(ValueError, match="cannot be read: ") as caught:
        shelf.import_from(other)
    assert one_line(str(caught.value))
    assert jobs.list_jobs() == []


def test_reading_that_takes_too_long_is_given_up(other, monkeypatch):
    made(other, rows=[], specs=[], events=[])
    monkeypatch.setattr(foreign, "SECONDS", -1.0)
    with pytest.raises(ValueError, match="cannot be read: reading it takes too long"):
        shelf.import_from(other)


def test_what_is_read_is_what_is_exported(own_home, tmp_path):
    made(own_home / STORE, rows=[], specs=[], events=[])
    curves.write(jobs.result(GOOD), tmp_path / "good.json")
    assert current().get(GOOD).outcome == [
        {
            "label": "a",
            "outcome": None,
            "diverged_at": None,
            "steps": None,
            "best_accuracy": 0.5,
            "last_epoch": None,
        }
    ]
