"""Many trainings wait, few processes do; whoever is killed, the queue goes on, once each."""

import dataclasses
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psutil
import pytest
from job_kit import LONG, PATIENCE, SHORT, ended, kinds, wait_until

from optviz.runs import jobs, queue, schema
from optviz.runs.folder import STORE, checkpoints_of, log_of, new_id
from optviz.runs.processes import Identity
from optviz.runs.store import Store, current

QUICK = dataclasses.replace(SHORT, epochs=1)


def workers():
    """The processes of trainings of this store, by training."""
    found = {}
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if "optviz.runs.worker" in command:
            try:
                home, state = process.environ().get("OPTVIZ_HOME"), process.status()
            except psutil.Error:  # it has ended meanwhile
                continue
            if home == os.environ["OPTVIZ_HOME"] and state != psutil.STATUS_ZOMBIE:
                found[command[-1]] = process
    return found


def attempts(job_id):
    return log_of(job_id).read_text().count("Attempt ")


def test_few_processes_for_many_and_killed_ones_do_not_hold_it_up():
    first = jobs.start(LONG)
    waiting = [jobs.start(QUICK) for _ in range(9)]
    wait_until(lambda: "steps" in kinds(first))
    wait_until(lambda: len(workers()) == 2)
    assert set(workers()) == {first, waiting[0]}
    assert [jobs.status(job).place for job in waiting] == list(range(1, 10))

    workers()[waiting[0]].kill()  # who waits with a process
    wait_until(lambda: jobs.list_jobs() and waiting[0] in workers())  # by whoever looks
    assert len(workers()) == 2
    for job_id in waiting[1:7]:  # without a process
        jobs.stop(job_id)
        assert jobs.status(job_id).state == "stopped"
    workers()[first].kill()  # who trains: the next one takes the place by itself
    assert ended(first).state == "dead"
    last = waiting[-1]
    wait_until(lambda: current().get(last).ended)  # looks at the store only: the queue goes on
    rest = [waiting[0], *waiting[7:]]
    assert [jobs.status(job).state for job in rest] == ["finished"] * 3
    assert [attempts(job) for job in rest] == [1] * 3
    wait_until(lambda: not workers())


def test_all_are_killed_and_whoever_looks_goes_on():
    first, second, third = jobs.start(LONG), jobs.start(QUICK), jobs.start(QUICK)
    wait_until(lambda: "steps" in kinds(first) and second in workers())
    for process in workers().values():
        process.kill()
    wait_until(lambda: not workers())
    assert [jobs.status(job).state for job in (first, second, third)] == [
        "dead",
        "queued",
        "queued",
    ]
    assert ended(third).state == "finished"
    assert [attempts(job) for job in (second, third)] == [1, 1]


def test_those_that_look_at_once_begin_one_process_each(monkeypatch):
    store, begun = current(), []
    ids = [new_id() for _ in range(5)]
    for training in ids:
        store.create(training, QUICK.to_json(), {}, "waits")

    def begin(training, environment=None):
        begun.append(training)
        return Identity(os.getpid(), psutil.Process().create_time())

    monkeypatch.setattr(queue, "launch", begin)
    monkeypatch.setenv("OPTVIZ_JOBS", "3")
    stores = [Store(store.path) for _ in range(12)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(queue.advance, stores))
    for other in stores:
        other.close()
    assert begun == ids[:3]  # there are three places, and nobody trains
    assert [record.launches for record in store.waiting()] == [1, 1, 1, 0, 0]
    for record in store.waiting():
        store.end_waiting(record, "stopped")


def test_of_two_processes_of_one_training_one_goes_on():
    store, training = current(), new_id()
    store.create(training, QUICK.to_json(), {}, "waits")
    mine, other = Identity(os.getpid(), psutil.Process().create_time()), Identity(1, 1.0)
    assert store.take(training, other, lambda record: record.pid is None)
    assert not store.take(training, mine, lambda record: False)  # the other one is alive
    assert store.take(training, mine, lambda record: True)
    assert store.take(training, mine, lambda record: False)  # it is itself
    store.end_waiting(store.get(training), "stopped")
    assert not store.take(training, mine, lambda record: True)


def test_what_dies_before_it_begins_is_given_up(monkeypatch):
    store, training = current(), new_id()
    store.create(training, QUICK.to_json(), {}, "dies")

    def begin(training, environment=None):
        subprocess.run([sys.executable, "-c", ""], check=True)
        return Identity(2**22 + 7, 1.0)

    monkeypatch.setattr(queue, "launch", begin)
    status = wait_until(lambda: s if (s := jobs.status(training)).ended else None)
    assert (status.state, status.message) == ("failed", "its process ended 3 times before it began")


def test_a_process_that_cannot_be_begun_is_said(monkeypatch):
    def begin(training, environment=None):
        raise OSError("no more processes")

    monkeypatch.setattr(queue, "launch", begin)
    with pytest.raises(OSError, match="no more processes"):
        jobs.start(QUICK)
    (status,) = jobs.list_jobs()  # looking says nothing, and loses nothing
    assert status.state == "queued"
    jobs.stop(status.id)


def test_every_generation_has_the_same_rights():
    """A worker is begun by a worker, which is nice and has left one core already."""
    ids = [jobs.start(LONG) for _ in range(3)]
    found = []
    for job_id in ids:
        wait_until(lambda job_id=job_id: "steps" in kinds(job_id))
        process = workers()[job_id]
        environment = process.environ()
        path = environment["PYTHONPATH"].split(os.pathsep)
        assert len(set(path)) == len(path)
        assert "PJRT_NPROC" not in environment
        found.append((process.nice(), process.cpu_affinity(), environment["JAX_PLATFORMS"]))
        jobs.stop(job_id)
    assert found == [found[0]] * 3


def test_what_waited_for_another_version_does_not_begin_by_itself(own_home):
    with closing(schema.connect(own_home / STORE, schema.MIGRATIONS[:2])) as raw:
        raw.execute(
            "INSERT INTO trainings (id, name, created, queued, spec, options, state, pid) "
            "VALUES ('20250101-120000-0123abcd', 'old', 1.0, 1.0, '{}', '{}', 'queued', 7)"
        )
    (record,) = current().all()
    assert (record.state, record.message) == ("stopped", "it waited when optviz was updated")


HERE = """
import sys
from optviz.runs import jobs
from job_kit import LONG
jobs.run_here(LONG, checkpoint_every=20)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("worker", [False, True])
def test_a_signal_stops_keeps_and_says_so(number, worker):
    if worker:
        current().create(training := new_id(), LONG.to_json(), {"checkpoint_every": 20}, "mine")
        command = [sys.executable, "-m", "optviz.runs.worker", training]
        checkpoints_of(training).mkdir(parents=True)
    else:
        command = [sys.executable, "-c", HERE]
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path})
    job = wait_until(lambda: next((r for r in current().all() if r.state == "running"), None))
    wait_until((checkpoints_of(job.id) / "0.npz").exists)
    process.send_signal(number)
    assert process.wait(PATIENCE) == 128 + number
    assert jobs.status(job.id).state == "stopped"
    assert jobs.result(job.id).runs[0].outcome == "stopped"


def test_who_was_told_to_outlive_the_terminal_does():
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    ignored = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)"  # as nohup does
    command = [sys.executable, "-c", f"{ignored}\n{HERE}"]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path})
    job = wait_until(lambda: next(iter(jobs.list_jobs()), None))
    wait_until(lambda: "steps" in kinds(job.id))
    process.send_signal(signal.SIGHUP)
    since = jobs.read(job.id).position
    wait_until(lambda: len(jobs.read(job.id, since).events) > 3)
    process.terminate()
    assert process.wait(PATIENCE) == 128 + signal.SIGTERM


def test_the_next_attempt_cleans_up(own_home):
    job_id = jobs.start(dataclasses.replace(QUICK, epochs=2))
    assert ended(job_id).state == "finished"
    current().end(job_id, 1, "stopped")
    folder = checkpoints_of(job_id)
    for name in (".0.npz.4711.0badcafe", ".0badcafe0badcafe.npz"):
        (folder / name).write_bytes(b"half a checkpoint")
    (folder.parent / "reserve").write_bytes(bytes(1 << 18))
    jobs.run_here(job_id)
    assert sorted(path.name for path in folder.iterdir()) == ["0.npz", "1.npz"]
    assert not (folder.parent / "reserve").exists()


def test_who_waits_does_without_networks():
    code = "import sys, optviz.runs.worker; assert not {'flax', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
