"""A store on a disk that is full, or that cannot be written, is listed, shown and exported."""

import os
import shutil
import sqlite3
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from full_disk import full
from hostile_stores import GOOD, made

from optviz.cli import main
from optviz.runs import jobs, shelf
from optviz.runs.folder import STORE
from optviz.runs.store import current
from optviz.runs.store_file import UnavailableError

NOBODY = 65534


@contextmanager
def read_only(folder):
    """Nothing in the folder can be written, not by root either."""
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.fixture
def home(monkeypatch):
    """A folder that everybody can look into."""
    folder = Path(tempfile.mkdtemp(prefix="optviz-test-"))
    folder.chmod(0o755)
    monkeypatch.setenv("OPTVIZ_HOME", str(folder))
    yield folder
    current().close()
    shutil.rmtree(folder)


def untouched(home):
    made(home / STORE, rows=[], specs=[], events=[])


def with_a_log(home):
    """As a process leaves it that was killed: what it wrote is in the log alone."""
    folder = home / "origin"
    folder.mkdir()
    made(folder / STORE, rows=[], specs=[], events=[])
    raw = sqlite3.connect(folder / STORE)
    raw.execute("PRAGMA wal_autocheckpoint = 0")
    raw.execute("UPDATE trainings SET name = 'in the log'")
    raw.commit()
    for suffix in ("", "-wal"):
        shutil.copyfile(folder / f"{STORE}{suffix}", home / f"{STORE}{suffix}")
    raw.close()
    shutil.rmtree(folder)


def of_version_1(home):
    raw = sqlite3.connect(home / STORE)
    raw.executescript(Path(__file__).with_name("store_version_1.sql").read_text())
    raw.close()


@pytest.mark.parametrize("kind", [untouched, with_a_log, of_version_1])
def test_where_nothing_can_be_written(home, kind, tmp_path, capsys):
    kind(home)
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    out = tmp_path / "out.json"
    with read_only(home):
        (job,) = jobs.list_jobs()
        assert job.name == {"with_a_log": "in the log", "of_version_1": "an old one"}.get(
            kind.__name__, "training 0"
        )
        assert main(["runs", "list"]) == main(["runs", "show", job.id]) == 0
        assert job.id in capsys.readouterr().out
        assert jobs.list_jobs(deleted=True) == []
        assert shelf.notice() is None
        result = jobs.result(job.id)
        for change in (shelf.delete, lambda job_id: shelf.rename(job_id, "other"), jobs.resume):
            with pytest.raises((UnavailableError, ValueError), match=r"cannot be used|finished"):
                change(job.id)
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before
    assert main(["runs", "export", job.id, "--out", str(out)]) == 0
    assert len(result.runs) >= 1


def test_a_newer_store_is_refused_there_too(home):
    untouched(home)
    raw = sqlite3.connect(home / STORE)
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    with read_only(home), pytest.raises(ValueError, match="has version 99"):
        jobs.list_jobs()


@pytest.mark.parametrize("kind", [untouched, with_a_log])
def test_on_a_full_disk(home, kind, capsys):
    kind(home)
    if kind is untouched:
        with full():
            (job,) = jobs.list_jobs()
            assert main(["runs", "list"]) == main(["runs", "show", job.id]) == 0
            assert jobs.result(GOOD).runs[0].losses[0] == 0.5
            with pytest.raises(UnavailableError, match="cannot be used"):
                shelf.delete(GOOD)
    current().close()
    assert [job.id for job in jobs.list_jobs()] == [GOOD]
    with full():  # open already
        assert [job.id for job in jobs.list_jobs()] == [GOOD]
        with pytest.raises(UnavailableError, match="cannot be used"):
            shelf.rename(GOOD, "other")
    assert jobs.status(GOOD).name == {"with_a_log": "in the log"}.get(kind.__name__, "training 0")
