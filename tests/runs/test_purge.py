"""What was deleted can be removed for good, and its space is free then, on a full disk too."""

import io
import time

import pytest
from full_disk import full
from hostile_stores import made, name_of

from optviz.cli import main
from optviz.runs import jobs, shelf
from optviz.runs.folder import STORE, checkpoints_of, folder_of
from optviz.runs.store import current

CHECKPOINT = b"\0" * 300_000


@pytest.fixture
def three(own_home):
    """Three trainings with checkpoints, two of which were deleted, one of these long ago."""
    made(
        own_home / STORE,
        rows=[("id", "odd")],
        specs=[("epochs", 2)],
        events=[(None, "x" * 500_000)],
    )
    ids = [name_of(number) for number in (0, 2, 3)]
    for job_id in ids:
        checkpoints_of(job_id).mkdir(parents=True)
        (checkpoints_of(job_id) / "0.npz").write_bytes(CHECKPOINT)
    shelf.delete(ids[1])
    shelf.delete(ids[2])
    current()._change(ids[2], "deleted_at = ?", time.time() - 40 * shelf.DAY)
    return ids


def folders(ids):
    return [folder_of(job_id).exists() for job_id in ids]


def test_those_of_long_ago(three, own_home, capsys):
    before = (own_home / STORE).stat().st_size
    assert main(["runs", "purge", "--yes"]) == 0
    assert "1 training removed for good" in capsys.readouterr().err
    assert folders(three) == [True, True, False]
    assert (own_home / STORE).stat().st_size < before - 400_000
    assert [job.id for job in jobs.list_jobs(deleted=True)] == [three[1]]
    assert main(["runs", "purge", "--yes"]) == 0
    said = capsys.readouterr().err
    assert said == "there is nothing to remove; 1 training deleted since can be removed by --all\n"


@pytest.mark.parametrize("answer", ["", "n\n", "perhaps\n"])
def test_it_is_asked_first(three, monkeypatch, capsys, answer):
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert main(["runs", "purge", "--all"]) == 2
    said = capsys.readouterr().err
    assert "Remove 2 trainings (0.6 MB) for good? [y/N]" in said
    assert "nothing was removed; say y, or --yes" in said
    assert folders(three) == [True, True, True]


def test_all_of_them(three, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    shelf.delete("row-2")  # its id is none
    assert main(["runs", "purge", "--all"]) == 0
    assert folders(three) == [True, False, False]
    assert jobs.list_jobs(deleted=True) == []
    assert [job.id for job in jobs.list_jobs()] == [three[0]]


def test_on_a_full_disk_the_checkpoints_go(three):
    jobs.list_jobs()
    with full(), pytest.raises(OSError, match="cannot be used"):
        shelf.purge(days=None)
    assert folders(three) == [True, False, False]
    assert len(jobs.list_jobs(deleted=True)) == 2  # what they are is said until there is room
    assert shelf.purge(days=None, compact=True) == 2


def test_days_that_are_none(three, capsys):
    for days in ("-1", "many"):
        assert main(["runs", "purge", f"--days={days}", "--yes"]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert folders(three) == [True, True, True]
