"""Killed at any moment and resumed, a training has the numbers of one that nobody touched."""

import os
import random
import signal
import time

import pytest
from job_kit import ended, wait_until

from optviz.data import Synthetic
from optviz.networks import Linear
from optviz.runs import checkpoints, jobs
from optviz.runs.folder import checkpoints_of
from optviz.runs.store import current
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run

DATASET = Synthetic(num_train=640, num_test=20)
RUNS = tuple(map(Run.parse, ("momentum:learning_rate=0.01", "adam")))
SPEC = TrainSpec(DATASET, Linear(), RUNS, epochs=40, batch_size=20, limit=200)


def numbers(job_id):
    """All that does not depend on how long things take."""
    return [
        [run.label, run.outcome, run.losses, run.grad_norms]
        + [epoch[2:7] for epoch in run.epochs]
        + [layers[2:] for layers in run.layers]
        for run in jobs.result(job_id).runs
    ]


def weights(job_id):
    files = sorted(checkpoints_of(job_id).glob("*.npz"))
    return [
        {name: (a.dtype, a.shape, a.tobytes()) for name, a in snapshot.arrays.items()}
        for snapshot in (checkpoints.read(file).snapshot for file in files)
    ]


def is_training(job_id, kind):
    """Wait until a training has told something of a kind since now, or has ended."""
    since = jobs.read(job_id).position

    def told():
        return kind in {event.kind for event in jobs.read(job_id, since).events}

    wait_until(lambda: told() or jobs.status(job_id).ended)


# Every few steps, and so seldom that much is told twice.
@pytest.mark.parametrize(("every", "deterministic", "most"), [(3, False, 3), (170, True, 2)])
def test_killed_at_random_moments(monkeypatch, every, deterministic, most):
    monkeypatch.setenv("OPTVIZ_JOBS", "2")
    options = {"checkpoint_every": every, "deterministic": deterministic}
    whole, broken = jobs.start(SPEC, **options), jobs.start(SPEC, **options)
    rng, deaths = random.Random(deterministic), 0
    while deaths < most:
        is_training(broken, ("steps", "compiling")[deaths % 2])
        time.sleep(rng.uniform(0, 0.3))
        if (pid := jobs.status(broken).pid) is not None:
            os.kill(pid, signal.SIGKILL)
        if ended(broken).state == "finished":
            break
        deaths += 1
        jobs.resume(broken)
    assert ended(broken).state == ended(whole).state == "finished", ended(broken).log
    assert deaths >= 1
    assert jobs.status(broken).attempt == deaths + 1
    assert numbers(broken) == numbers(whole)
    assert weights(broken) == weights(whole)
    environments = [current().get(job).environment for job in (whole, broken)]
    assert environments[0] == environments[1]
    if deterministic:
        assert environments[0]["threads"] == 2


def test_a_checkpoint_of_another_network_and_a_damaged_one():
    spec = TrainSpec(DATASET, Linear(), RUNS, epochs=2)
    job_id = jobs.start(spec)
    assert ended(job_id).state == "finished"
    expected = numbers(job_id)
    current().end(job_id, 1, "stopped")
    folder = checkpoints_of(job_id)
    (folder / "0.npz").write_bytes(b"damaged")
    (folder / "1.npz").unlink()
    jobs.resume(job_id)
    assert ended(job_id).state == "finished"
    assert "run 1 is of no use, so the run starts over" in log(job_id)
    assert numbers(job_id) == expected

    current().end(job_id, 2, "stopped")
    kept = checkpoints.read(folder / "0.npz")
    other = kept.snapshot._replace(fingerprint="mlp, adam, 0123", outcome="running")
    checkpoints.write(folder / "0.npz", kept._replace(snapshot=other))
    jobs.resume(job_id)
    status = ended(job_id)
    assert status.state == "failed"
    assert status.message.startswith("the checkpoint is of mlp, adam; this training is of linear")


def log(job_id):
    return (checkpoints_of(job_id).parent / "log.txt").read_text()
