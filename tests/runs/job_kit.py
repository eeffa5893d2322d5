"""Trainings that tests start, and how they wait for them."""

import time

from optviz.data import Synthetic
from optviz.networks import Linear
from optviz.runs import jobs
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run

PATIENCE = 120  # seconds; a shared machine may be slow
DATASET = Synthetic(num_train=640, num_test=20)
SHORT = TrainSpec(DATASET, Linear(), (Run.parse("adam"), Run.parse("sgd")), epochs=2)
LONG = TrainSpec(DATASET, Linear(), (Run.parse("adam"),), epochs=1000, batch_size=1)


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, jobs.list_jobs()
        time.sleep(0.05)
    return found


def set_process(store, job_id, pid, started):
    """Have the store say that this process carries a training out."""
    sql = "UPDATE trainings SET pid = ?, process_started = ? WHERE id = ?"
    assert store.write(lambda c: c.execute(sql, (pid, started, job_id)).rowcount) == 1


def ended(job_id):
    """The status of a training at its end."""
    return wait_until(lambda: s if (s := jobs.status(job_id)).ended else None)


def kinds(job_id):
    return [event.kind for event in jobs.read(job_id).events]
