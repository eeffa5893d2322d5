"""A disk that is full for a while loses nothing; one that stays full ends in one clear line."""

import dataclasses
import errno
import os
import time

import pytest
from job_kit import LONG, wait_until

from optviz.engine.training.events import EpochEnd, Steps
from optviz.runs import checkpoints, jobs, writer
from optviz.runs.folder import checkpoints_of, new_id
from optviz.runs.store import current
from optviz.runs.writer import Writer

SPEC = dataclasses.replace(LONG, epochs=2)  # 1280 steps
UNLIMITED = 2**30


def allow(pages=None):
    """Let the store grow to so many pages; None: not at all. SQLite then says that it is full."""
    store = current()
    store.do(lambda c: c.execute(f"PRAGMA max_page_count = {pages or 1}").fetchone())


def numbers(result):
    return [
        (run.losses, run.grad_norms, [epoch[:7] for epoch in run.epochs], run.outcome)
        for run in result.runs
    ]


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(writer, "PERIOD", 0.01)
    monkeypatch.setattr(writer, "RETRY", 0.02)
    yield
    allow(UNLIMITED)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The numbers of a training that nothing happened to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPTVIZ_HOME", str(tmp_path_factory.mktemp("whole")))
        return numbers(jobs.run_here(SPEC))


def test_events_wait_in_memory_in_their_order():
    store, training, said = current(), new_id(), []
    store.create(training, {}, {}, "full")
    keeper = Writer(store, training, 0, {}, said.append)
    allow()
    events = [Steps("steps", 0, i, [0.5] * 50, [1.0] * 50, 0.1, 0.0) for i in range(100)]
    for event in events:
        keeper.tell(event)
    assert not keeper.flush()
    time.sleep(0.2)
    assert len(said) == 1
    assert "database or disk is full. What the training tells waits in memory." in said[0]
    allow(UNLIMITED)
    keeper.close()
    assert said[1:] == ["The store can be written again; nothing was lost."]
    assert jobs.read(training).events == events
    assert keeper.count(0) == 100


def test_full_for_a_while(whole):
    seen, said = [], []

    def on_event(event):
        seen.append(event)
        if len(seen) == 3:
            allow()
        elif isinstance(event, EpochEnd) and event.epoch == 0:
            wait_until(lambda: any("waits in memory" in line for line in said))
            allow(UNLIMITED)

    result = jobs.run_here(SPEC, on_event=on_event, say=said.append, checkpoint_every=100)
    assert numbers(result) == whole
    (job,) = jobs.list_jobs()
    assert job.state == "finished"
    assert len(jobs.read(job.id).events) == len(seen)
    assert checkpoints.read(checkpoints_of(job.id) / "0.npz").snapshot.step == 1280


def test_full_for_good_and_resumed(whole, monkeypatch):
    monkeypatch.setattr(writer, "PATIENCE", 0.2)

    def on_event(event):
        if isinstance(event, EpochEnd) and event.epoch == 0:
            allow()

    with pytest.raises(OSError, match="disk is full, for 0 s; free some space and resume it"):
        jobs.run_here(SPEC, on_event=on_event, checkpoint_every=100)
    (job,) = jobs.list_jobs()
    assert job.state == "failed"
    assert "free some space and resume it" in job.message
    assert "\n" not in job.message
    allow(UNLIMITED)
    assert checkpoints.read(checkpoints_of(job.id) / "0.npz").snapshot.step == 600
    assert numbers(jobs.run_here(job.id)) == whole


def test_a_checkpoint_that_does_not_fit(whole, monkeypatch):
    kept, said, full = [], [], [False]
    replace = os.replace

    def fails(source, target):
        if str(target).endswith(".npz"):
            kept.append(full[0])
            if full[0]:
                raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    def on_event(event):
        if isinstance(event, Steps) and event.step >= 300:
            full[0] = True
        if isinstance(event, EpochEnd) and event.epoch == 1:
            (job,) = jobs.list_jobs()
            folder = checkpoints_of(job.id)
            assert checkpoints.read(folder / "0.npz").snapshot.step == 300  # the old one
            assert len(list(folder.iterdir())) == 1
            full[0] = False

    monkeypatch.setattr(os, "replace", fails)
    result = jobs.run_here(SPEC, on_event=on_event, say=said.append, checkpoint_every=100)
    assert numbers(result) == whole
    assert kept.count(True) > 3
    assert len([line for line in said if "the last one stays" in line]) == 1
    (job,) = jobs.list_jobs()
    assert checkpoints.read(checkpoints_of(job.id) / "0.npz").snapshot.step == 1280
