"""A run goes on from a snapshot to the same numbers, bit for bit, wherever it was broken off."""

import numpy as np
import pytest

from optviz.data import Synthetic
from optviz.engine.training import arrangement
from optviz.engine.training.events import EpochEnd, RunEnd, Steps, TrainResult
from optviz.engine.training.snapshots import Snapshot
from optviz.engine.training.train import train
from optviz.networks import MLP, Linear
from optviz.optimizers import OPTIMIZERS
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run

DATASET = Synthetic(num_train=96, num_test=20)
DATA = DATASET.load()
PLATEAU = "reduce_on_plateau:patience=0,threshold=1000,mode=absolute"
RUNS = ("adam", "momentum:learning_rate=0.01@cosine", f"sgd:learning_rate=0.01@{PLATEAU}")


class Shelf:
    """Snapshots in memory, with the events as a store keeps them."""

    def __init__(self) -> None:
        self.snapshots: dict[int, Snapshot] = {}
        self.events: list[object] = []

    def load(self, member: int) -> Snapshot | None:
        return self.snapshots.get(member)

    def save(self, member: int, snapshot: Snapshot) -> None:
        self.snapshots[member] = snapshot

    def rewind(self) -> None:
        """Forget what was told after the snapshots."""

        def lies_before(event: object) -> bool:
            kept = self.snapshots.get(getattr(event, "run", -1))
            if isinstance(event, Steps):
                return kept is not None and event.step < kept.step
            if isinstance(event, EpochEnd):
                return kept is not None and event.epoch < kept.epoch
            return not isinstance(event, RunEnd) or (kept is not None and kept.outcome != "running")

        self.events = [event for event in self.events if lies_before(event)]


class KilledError(Exception):
    pass


def asked(*runs: str, network=MLP(hidden="8"), epochs=3, **fields) -> TrainSpec:  # noqa: B008
    return TrainSpec(
        DATASET, network, tuple(map(Run.parse, runs)), epochs=epochs, batch_size=20, **fields
    )


def numbers(result: TrainResult) -> list[tuple]:
    return [
        (run.losses, run.grad_norms, [e[2:7] for e in run.epochs], run.outcome)
        for run in result.runs
    ]


@pytest.mark.parametrize(
    ("every", "arrangement"), [(1, "loop"), (3, "loop"), (5, "loop"), (3, "stack")]
)
def test_killed_again_and_again(every, arrangement):
    """The process dies at random events, which were told and of which no snapshot speaks."""
    spec = asked(*RUNS, flip=True, crop=2, l2=1e-3, seeds=2)
    whole = train(spec, DATA, arrangement=arrangement)
    rng, shelf, deaths = np.random.default_rng(every), Shelf(), 0
    while True:
        left = int(rng.integers(8, 60))

        def on_event(event: object) -> None:
            nonlocal left
            shelf.events.append(event)
            left -= 1
            if not left:
                raise KilledError

        try:
            kept = {"keeper": shelf, "checkpoint_every": every}
            train(spec, DATA, on_event, workers=1, arrangement=arrangement, **kept)
            break
        except KilledError:
            deaths += 1
            shelf.rewind()
    assert deaths > 2
    again = TrainResult.empty(spec)
    for event in shelf.events:
        again.add(event)
    assert numbers(again) == numbers(whole)
    for run in again.runs:  # what an epoch took before a death counts too
        assert sum(epoch.seconds for epoch in run.epochs) == pytest.approx(run.clocks[-1][1])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_rule_stops_and_goes_on(name):
    spec = asked(name, network=Linear(), limit=40)
    try:
        spec.check()
    except ValueError as error:
        pytest.skip(f"declared: {error}")
    whole, shelf = train(spec, DATA), Shelf()

    def stop_in_second_epoch() -> bool:
        return sum(len(e.losses) for e in shelf.events if isinstance(e, Steps)) >= 3

    halted = train(
        spec, DATA, shelf.events.append, stop_in_second_epoch, keeper=shelf, checkpoint_every=1
    )
    assert halted.runs[0].outcome == "stopped"
    assert shelf.snapshots[0].step == len(halted.runs[0].losses) == 3
    shelf.rewind()
    train(spec, DATA, shelf.events.append, keeper=shelf)
    again = TrainResult.empty(spec)
    for event in shelf.events:
        again.add(event)
    assert numbers(again) == numbers(whole)


def test_what_has_ended_stays_ended():
    spec, shelf = asked("adam", "sgd:learning_rate=1e30"), Shelf()
    first = train(spec, DATA, keeper=shelf)
    assert [run.outcome for run in first.runs] == ["finished", "diverged"]
    assert [shelf.snapshots[run].outcome for run in (0, 1)] == ["finished", "diverged"]
    seen = []
    train(spec, DATA, seen.append, keeper=shelf)
    assert [event.kind for event in seen] == ["started"]


def test_a_snapshot_of_another_network_is_refused():
    shelf = Shelf()
    train(asked("adam"), DATA, keeper=shelf)
    for other, was, wanted in [
        (asked("adam", network=MLP(hidden="9")), "mlp:hidden=8, adam", "mlp:hidden=9, adam"),
        (asked("momentum"), "mlp:hidden=8, adam", "mlp:hidden=8, momentum"),
    ]:
        with pytest.raises(ValueError, match=f"the checkpoint is of {was}; .* of {wanted}$"):
            train(other, DATA, keeper=shelf)


def test_a_snapshot_is_plain_arrays():
    shelf = Shelf()
    train(asked("adam"), DATA, keeper=shelf)
    arrays = shelf.snapshots[0].arrays
    assert all(type(array) is np.ndarray for array in arrays.values())
    assert {array.dtype.kind for array in arrays.values()} <= set("fiu")
    assert sum(a.size for p, a in arrays.items() if p.startswith(".params")) == (3072 + 1) * 8 + 90


@pytest.mark.parametrize("form", ["loop", "stack"])
@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_error_stops_all_and_keeps_them(form, workers):
    """One of two networks' runs fails: the others end, each with a snapshot to go on from."""
    spec = asked("adam", "sgd", vary=("network.hidden=9",), epochs=200)
    shelf = Shelf()

    def on_event(event: object) -> None:
        if isinstance(event, EpochEnd) and event.run == 0 and event.epoch == 2:
            raise KilledError("of the first")
        if isinstance(event, RunEnd) and event.run == 0:
            raise KilledError("of its end")
        shelf.events.append(event)

    with pytest.raises(KilledError, match="of the first"):
        train(spec, DATA, on_event, workers=workers, keeper=shelf, arrangement=form)
    ends = {event.run: event.outcome for event in shelf.events if isinstance(event, RunEnd)}
    together = {0, 1} if form == "stack" else {0}
    assert ends == {run: "failed" if run in together else "stopped" for run in range(1, 4)}
    assert set(shelf.snapshots) == set(range(4)) - together
    for run, snapshot in shelf.snapshots.items():
        told = [e for e in shelf.events if isinstance(e, Steps) and e.run == run]
        assert 0 <= snapshot.step == sum(len(e.losses) for e in told) < 1000
        assert snapshot.outcome == "running"


def test_runs_that_never_had_their_turn_end_too(monkeypatch):
    """Where memory takes one run at a time, those behind the one that fails are stopped."""
    monkeypatch.setattr(arrangement, "_loop_bytes", lambda track: 1)
    monkeypatch.setattr(arrangement, "free_bytes", lambda device: 1)
    seen = []

    def on_event(event: object) -> None:
        seen.append(event)
        if isinstance(event, Steps):
            raise KilledError

    with pytest.raises(KilledError):
        train(asked("adam", "sgd", "momentum"), DATA, on_event, arrangement="loop")
    ends = [(event.run, event.outcome) for event in seen if isinstance(event, RunEnd)]
    assert ends == [(0, "failed"), (1, "stopped"), (2, "stopped")]
