"""Trainings in their own processes: started, watched, stopped, resumed, found again, forgotten."""

import dataclasses
import os
import signal
import subprocess
import sys
import time

import pytest
from job_kit import DATASET, LONG, PATIENCE, SHORT, ended, kinds, set_process, wait_until

from optviz.data import Cifar10
from optviz.engine.training.events import EpochEnd, RunEnd, Started, to_json
from optviz.networks import Linear
from optviz.runs import jobs, places, processes, shelf
from optviz.runs.folder import checkpoints_of, folder_of, new_id
from optviz.runs.store import current
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run


def test_how_the_process_works_is_remembered():
    jobs.run_here(SHORT, checkpoint_every=3)
    (status,) = jobs.list_jobs()
    assert jobs.process_of(status.id) == {"checkpoint_every": 3, "deterministic": False}
    with pytest.raises(ValueError, match="there is no training"):
        jobs.process_of("20250101-120000-0123abcd")


def test_from_start_to_end():
    began = time.perf_counter()
    job_id = jobs.start(SHORT, name="  the   first ")
    assert time.perf_counter() - began < 5  # it does not wait for the training
    assert jobs.status(job_id).state in ("queued", "running")
    assert jobs.spec_of(job_id) == SHORT

    events, position = [], 0
    while not jobs.status(job_id).ended:
        news = jobs.read(job_id, position)
        events, position = events + news.events, news.position
        time.sleep(0.05)
    events += jobs.read(job_id, position).events

    status = jobs.status(job_id)
    assert (status.state, status.message, status.name) == ("finished", "", "the first"), status.log
    assert (status.attempt, status.pid, status.place) == (1, None, None)
    assert events == jobs.read(job_id).events  # what was seen live is what is kept
    assert isinstance(events[0], Started)
    assert len([event for event in events if isinstance(event, EpochEnd)]) == 4
    assert {event.outcome for event in events if isinstance(event, RunEnd)} == {"finished"}
    assert [len(run.losses) for run in jobs.result(job_id).runs] == [10, 10]
    assert status.outcome is not None
    assert [run["steps"] for run in status.outcome] == [10, 10]
    environment = current().get(job_id).environment
    assert environment is not None
    assert (environment["platform"], environment["versions"].keys() >= {"jax"}) == ("cpu", True)
    assert sorted(path.name for path in checkpoints_of(job_id).iterdir()) == ["0.npz", "1.npz"]

    jobs.stop(job_id)  # nothing to stop
    assert jobs.status(job_id).state == "finished"
    with pytest.raises(ValueError, match="has finished; there is nothing left to resume"):
        jobs.resume(job_id)


def test_stopped_found_again_and_queued():
    first = jobs.start(LONG)
    wait_until(lambda: "steps" in kinds(first))
    child = processes._children.pop(jobs.status(first).pid)  # as after a restart of the app
    assert jobs.status(first).state == "running"
    pid = jobs.status(first).pid
    assert pid is not None
    assert os.getpriority(os.PRIO_PROCESS, pid) >= 10
    for refused in (shelf.delete, jobs.resume):
        with pytest.raises(ValueError, match="is still going"):
            refused(first)

    second, third = jobs.start(LONG), jobs.start(SHORT)  # there is one place
    time.sleep(1)
    assert [jobs.status(job).state for job in (second, third)] == ["queued", "queued"]
    assert [job.place for job in jobs.list_jobs()] == [2, 1, None]
    jobs.stop(second)
    assert jobs.status(second).state == "stopped"
    assert jobs.read(second).events == []
    assert jobs.status(third).place == 1

    jobs.stop(first)
    assert jobs.status(first).state == "stopped"
    last = jobs.read(first).events[-1]
    assert isinstance(last, RunEnd)
    assert last.outcome == "stopped"
    assert jobs.result(first).runs[0].losses
    assert ended(third).state == "finished"
    child.wait(PATIENCE)


def test_a_stopped_training_goes_on():
    spec = dataclasses.replace(LONG, epochs=2)
    job_id = jobs.start(spec, checkpoint_every=50)
    wait_until(lambda: "steps" in kinds(job_id))
    jobs.stop(job_id)
    before = jobs.read(job_id)
    assert jobs.status(job_id).resumable
    jobs.resume(job_id)
    assert ended(job_id).state == "finished"
    after = jobs.read(job_id)
    assert (before.attempt, after.attempt) == (1, 2)
    assert after.events[: len(before.events) - 1] == before.events[:-1]  # all but "stopped"
    run = jobs.result(job_id).runs[0]
    assert (len(run.losses), len(run.epochs), run.outcome) == (1280, 2, "finished")


def test_killed():
    job_id = jobs.start(LONG)
    wait_until(lambda: "steps" in kinds(job_id))
    pid = jobs.status(job_id).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    status = ended(job_id)
    assert (status.state, status.pid) == ("dead", None)
    assert "without a word" in status.message
    assert "Attempt 1 begins" in status.log[0]
    assert jobs.result(job_id).runs[0].losses  # what it told is kept
    # Another process has got its number meanwhile.
    set_process(current(), job_id, os.getpid(), processes.myself().started - 60)
    assert jobs.status(job_id).state == "dead"


def test_failed_and_resumed_when_the_reason_is_gone(tmp_path):
    spec = TrainSpec(Cifar10(), Linear(), (Run.parse("adam"),), directory=str(tmp_path / "none"))
    job_id = jobs.start(spec)
    status = ended(job_id)
    assert status.state == "failed"
    assert status.message == f"data folder {spec.directory!r} does not exist"
    jobs.resume(job_id)
    assert ended(job_id).attempt == 2


def test_a_list_that_is_searched_renamed_deleted_and_undone(tmp_path):
    store = current()
    for name in ("Ärger with Adam", "second"):
        training = new_id()
        store.create(training, SHORT.to_json(), {}, name)
        store.end(training, 0, "stopped")
        folder_of(training).mkdir(parents=True)
    second, first = jobs.list_jobs()
    assert [job.id for job in jobs.list_jobs("ADAM ärger")] == [first.id]
    assert len(jobs.list_jobs("linear stopped")) == 2
    assert jobs.list_jobs("no such") == []
    shelf.rename(first.id, "50% _better_")
    assert [job.name for job in jobs.list_jobs("% _")] == ["50% _better_"]
    for name in ("", "  ", "x" * 121, "a\0b"):
        with pytest.raises(ValueError, match=r"a name must have (1 to 120|printable)"):
            shelf.rename(first.id, name)

    shelf.delete(second.id)
    assert [job.id for job in jobs.list_jobs()] == [first.id]
    assert [job.id for job in jobs.list_jobs(deleted=True)] == [second.id]
    for verb in (jobs.status, jobs.stop, jobs.result, shelf.delete, jobs.resume):
        with pytest.raises(ValueError, match="was deleted; restore it first"):
            verb(second.id)
    assert shelf.purge(days=1) == 0
    shelf.restore(second.id)
    assert jobs.status(second.id).name == "second"
    with pytest.raises(ValueError, match="is not deleted"):
        shelf.restore(second.id)
    shelf.delete(second.id)
    assert shelf.purge(days=0) == 1
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [first.id]
    with pytest.raises(ValueError, match="there is no training"):
        shelf.restore(second.id)


def test_a_full_queue_is_refused(monkeypatch):
    monkeypatch.setattr(places, "MAX_WAITING", 2)
    store, me = current(), processes.myself()
    for _ in range(2):
        training = new_id()
        store.create(training, SHORT.to_json(), {}, "waits")
        set_process(store, training, *me)
    with pytest.raises(ValueError, match="2 trainings wait already; stop some, or try again"):
        jobs.start(SHORT)
    for record in store.all():
        store.end(record.id, 0, "stopped")


@pytest.mark.parametrize(
    "job_id",
    [
        "",
        ".",
        "..",
        "../../etc",
        "/etc/passwd",
        "20250101-000000-00000000/../../x",
        "20250101-000000-00000000\n",
        "20250101-000000-0000000g",
        "２0250101-000000-00000000",
        "20250101-000000-00000000",
        "' OR 1=1 --",
        None,
        7,
    ],
)
def test_hostile_ids(job_id):
    verbs = (jobs.status, jobs.read, jobs.stop, shelf.delete, jobs.result, jobs.spec_of)
    for verb in (*verbs, jobs.resume, shelf.restore):
        with pytest.raises(ValueError, match="there is no training"):
            verb(job_id)


def test_bad_settings_start_nothing():
    with pytest.raises(ValueError, match="epochs must be"):
        jobs.start(TrainSpec(DATASET, Linear(), SHORT.runs, epochs=0))
    with pytest.raises(ValueError, match="checkpoint_every must be a whole number from 1, got 0"):
        jobs.start(SHORT, checkpoint_every=0)
    assert jobs.list_jobs() == []


def test_trained_here_it_is_listed_too():
    said, seen = [], []
    result = jobs.run_here(SHORT, on_event=seen.append, say=said.append)
    (job,) = jobs.list_jobs()
    assert (job.state, said[0]) == ("finished", f"Training {job.id}")
    assert result.to_json() == jobs.result(job.id).to_json()
    assert list(map(to_json, seen)) == list(map(to_json, jobs.read(job.id).events))
    spec = TrainSpec(Cifar10(), Linear(), SHORT.runs, directory="/does/not/exist")
    with pytest.raises(ValueError, match="data folder '/does/not/exist' does not exist"):
        jobs.run_here(spec)
    assert [other.id for other in jobs.list_jobs()] == [job.id]
    assert jobs.list_jobs(deleted=True)[0].state == "failed"


HERE = """
import sys
from optviz.runs import jobs, shelf
from job_kit import LONG
jobs.run_here(LONG, checkpoint_every=20)
"""


@pytest.mark.parametrize(
    ("number", "state"), [(signal.SIGKILL, "dead"), (signal.SIGINT, "stopped")]
)
def test_a_training_of_the_command_line_is_killed_or_interrupted(number, state):
    here = os.path.dirname(__file__)
    path = os.pathsep.join([here, *sys.path])
    process = subprocess.Popen([sys.executable, "-c", HERE], env=os.environ | {"PYTHONPATH": path})
    job = wait_until(lambda: next(iter(jobs.list_jobs()), None))
    wait_until((checkpoints_of(job.id) / "0.npz").exists)
    assert jobs.status(job.id).pid == process.pid
    process.send_signal(number)
    assert process.wait(PATIENCE) != 0
    assert jobs.status(job.id).state == state
