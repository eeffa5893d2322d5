"""Trainings in their own processes: started, watched, stopped, found again and forgotten."""

import json
import os
import signal
import time

import pytest

from optviz.data import Cifar10, Synthetic
from optviz.engine.train_events import EpochEnd, RunEnd, Started
from optviz.networks import Linear
from optviz.runs import jobs
from optviz.runs.folder import home, read_json
from optviz.specs.run import Run
from optviz.specs.train import TrainSpec

DATASET = Synthetic(num_train=640, num_test=20)
SHORT = TrainSpec(DATASET, Linear(), (Run.parse("adam"), Run.parse("sgd")), epochs=2)
LONG = TrainSpec(DATASET, Linear(), (Run.parse("adam"),), epochs=1000, batch_size=1)
PATIENCE = 120  # seconds; a shared machine may be slow


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("OPTVIZ_HOME", str(tmp_path))
    monkeypatch.setenv("OPTVIZ_JOBS", "1")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    yield
    for job in jobs.list_jobs():
        jobs.stop(job.id, grace=0.5)


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, jobs.list_jobs()
        time.sleep(0.05)
    return found


def kinds(job_id):
    return [event.kind for event in jobs.read(job_id).events]


def test_from_start_to_end():
    began = time.perf_counter()
    job_id = jobs.start(SHORT)
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
    assert (status.state, status.message) == ("finished", ""), status.log
    assert events == jobs.read(job_id).events  # what was seen live is what is kept
    assert isinstance(events[0], Started)
    assert len([event for event in events if isinstance(event, EpochEnd)]) == 4
    assert {event.outcome for event in events if isinstance(event, RunEnd)} == {"finished"}
    result = jobs.result(job_id)
    assert [len(run.losses) for run in result.runs] == [10, 10]
    assert result.to_json() == read_json(home() / "runs" / job_id / "result.json")

    jobs.stop(job_id)  # nothing to stop
    assert jobs.status(job_id).state == "finished"
    assert [job.id for job in jobs.list_jobs()] == [job_id]
    jobs.delete(job_id)
    assert jobs.list_jobs() == []
    with pytest.raises(ValueError, match="there is no training"):
        jobs.status(job_id)


def test_stopped_found_again_and_queued():
    first = jobs.start(LONG)
    wait_until(lambda: "steps" in kinds(first))
    forgotten = dict(jobs._children)
    jobs._children.clear()  # as after a restart of the app
    assert jobs.status(first).state == "running"
    pid = jobs.status(first).pid
    assert pid is not None
    assert os.getpriority(os.PRIO_PROCESS, pid) >= 10
    with pytest.raises(ValueError, match="is still going; stop it first"):
        jobs.delete(first)

    second = jobs.start(LONG)  # there is one place
    wait_until(lambda: (home() / "runs" / second / "process.json").exists())
    time.sleep(1)
    assert jobs.status(second).state == "queued"
    jobs.stop(second)
    assert jobs.status(second).state == "stopped"
    assert jobs.read(second).events == []

    jobs.stop(first)
    assert jobs.status(first).state == "stopped"
    last = jobs.read(first).events[-1]
    assert isinstance(last, RunEnd)
    assert last.outcome == "stopped"
    assert jobs.result(first).runs[0].losses
    assert [process.wait(PATIENCE) for process in forgotten.values()]


def test_killed():
    job_id = jobs.start(LONG)
    wait_until(lambda: "steps" in kinds(job_id))
    pid = jobs.status(job_id).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    status = wait_until(lambda: jobs.status(job_id) if jobs.status(job_id).ended else None)
    assert (status.state, status.pid) == ("dead", None)
    assert "without a word" in status.message
    assert jobs.result(job_id).runs[0].losses  # what it told is kept


def test_failed():
    spec = TrainSpec(Cifar10(), Linear(), (Run.parse("adam"),), directory="/does/not/exist")
    job_id = jobs.start(spec)
    status = wait_until(lambda: jobs.status(job_id) if jobs.status(job_id).ended else None)
    assert status.state == "failed"
    assert status.message == "data folder '/does/not/exist' does not exist"


def test_half_written_lines_wait(tmp_path):
    folder = tmp_path / "runs" / "20250101-000000-00000000"
    folder.mkdir(parents=True)
    (folder / "spec.json").write_text(json.dumps({"spec": SHORT.to_json()}))
    line = json.dumps({"kind": "compiling", "run": 0}).encode() + b"\n"
    (folder / "events.jsonl").write_bytes(line + line[:9])
    news = jobs.read(folder.name)
    assert (len(news.events), news.position) == (1, len(line))
    assert jobs.read(folder.name, news.position) == ([], news.position)
    with (folder / "events.jsonl").open("ab") as file:
        file.write(line[9:])
    assert len(jobs.read(folder.name, news.position).events) == 1
    assert jobs.status(folder.name).state == "dead"


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
        None,
        7,
    ],
)
def test_hostile_ids(job_id):
    for function in (jobs.status, jobs.read, jobs.stop, jobs.delete, jobs.result, jobs.spec_of):
        with pytest.raises(ValueError, match="there is no training"):
            function(job_id)


def test_bad_settings_start_nothing():
    with pytest.raises(ValueError, match="epochs must be"):
        jobs.start(TrainSpec(DATASET, Linear(), SHORT.runs, epochs=0))
    assert jobs.list_jobs() == []
