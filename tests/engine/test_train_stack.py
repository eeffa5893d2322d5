"""Many runs as one program tell what each would have told alone, but for rounding."""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace

import jax
import numpy as np
import pytest

from optviz.data import Synthetic
from optviz.engine.training import arrangement, timing
from optviz.engine.training.data import Splits
from optviz.engine.training.events import EpochEnd, RunEnd, Steps, TrainResult
from optviz.engine.training.snapshots import Snapshot
from optviz.engine.training.stack import programs as stack_programs
from optviz.engine.training.stack.device import Stack, sliced, useful_devices
from optviz.engine.training.stack.run import TrainStack
from optviz.engine.training.track import Track
from optviz.engine.training.train import train
from optviz.networks import MLP, NETWORKS, LeNet, Linear
from optviz.optimizers import OPTIMIZERS
from optviz.optimizers.base import runnable
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run
from optviz.specs.text import parse_entry

DATASET = Synthetic(num_train=96, num_test=20)
DATA = DATASET.load()
SMALL = MLP(hidden="8")
PLATEAU = "reduce_on_plateau:patience=0,threshold=1000,mode=absolute"


def asked(*runs: str, network=SMALL, epochs=3, batch_size=20, **fields) -> TrainSpec:
    return TrainSpec(
        DATASET,
        network,
        tuple(map(Run.parse, runs)),
        epochs=epochs,
        batch_size=batch_size,
        **fields,
    )


def assert_alike(stack: TrainResult, loop: TrainResult, rtol: float = 2e-5) -> None:
    for one, other in zip(stack.runs, loop.runs, strict=True):
        assert one.outcome == other.outcome, one.label
        assert one.diverged_at == other.diverged_at
        for name in ("losses", "grad_norms"):
            found, expected = getattr(one, name), getattr(other, name)
            np.testing.assert_allclose(found, expected, rtol, rtol, err_msg=one.label)
        ends = [np.asarray([e[3:7] for e in run.epochs], float) for run in (one, other)]
        np.testing.assert_allclose(*ends, rtol, rtol, err_msg=one.label)


def test_every_rule():
    """All rules that can train a network in one stack, against each by itself."""
    problem = asked("sgd", network=Linear()).problem
    able = [name for name, rule in OPTIMIZERS.items() if runnable(rule(), problem) is None]
    assert len(able) > 25
    spec = asked(*able, network=Linear(), limit=40)
    assert_alike(train(spec, DATA, arrangement="stack"), train(spec, DATA, arrangement="loop"))


MIXED = asked(
    "adam:learning_rate=0.01@cosine",
    f"sgd:learning_rate=0.01@{PLATEAU}",
    "nesterov:learning_rate=0.01,form=look_ahead",
    "adam:b1=0.5",
    "sgd:learning_rate=1e30",
    seeds=2,
    flip=True,
    crop=2,
    vary=("l2=0.1", "batch_size=32"),
    label_smoothing=0.2,
)


def test_rules_seeds_schedules_and_strengths():
    """Groups of twenty runs and of ten; last batches are short, and some runs diverge."""
    seen = []
    stack = train(MIXED, DATA, seen.append, arrangement="stack")
    loop = train(MIXED, DATA, arrangement="loop")
    assert {run.outcome for run in stack.runs} == {"finished", "diverged"}
    assert_alike(stack, loop)
    for one, other in zip(stack.runs, loop.runs, strict=True):
        if one.outcome == "finished":
            looks = [[(e.step, e.names, e.dead_names) for e in run.layers] for run in (one, other)]
            assert looks[0] == looks[1]
            for told in ("update_ratios", "grad_ratios"):
                ratios = [[getattr(e, told) for e in run.layers] for run in (one, other)]
                np.testing.assert_allclose(*ratios, rtol=1e-3)
            assert [e.dead for e in one.layers] == [e.dead for e in other.layers]
        assert [step for step, _ in one.clocks][-1] == len(one.losses)
    assert seen[0].kind == "started"
    for run in range(len(stack.runs)):  # every step once, in order
        steps = [(e.step, len(e.losses)) for e in seen if isinstance(e, Steps) and e.run == run]
        assert [start for start, _ in steps] == np.cumsum([0] + [n for _, n in steps[:-1]]).tolist()


@pytest.mark.parametrize("text", ["lenet", "mlp:hidden=8,batch_norm=true,dropout=0.3"])
def test_convolutions_running_averages_and_dropout(text):
    network = parse_entry(text, NETWORKS)[0]
    spec = asked(
        "sgd:learning_rate=0.01", "adam", network=network, epochs=2, batch_size=8, limit=16
    )
    stack, loop = (train(spec, DATA, arrangement=name) for name in ("stack", "loop"))
    assert_alike(stack, loop, rtol=1e-3)


def test_new_values_compile_nothing():
    spec = asked("adam:learning_rate=0.001@cosine", "adam", "momentum", epochs=2)
    train(spec, DATA, arrangement="stack")
    compiled = (stack_programs.advance, stack_programs.evaluate_block, stack_programs.dead_shares)
    before = [program._cache_size() for program in compiled]
    assert before == [max(n, 1) for n in before]
    other = asked("momentum@step", "adam:b1=0.3", "adam:eps=0.1@exponential@b1~step", epochs=4)
    for changed in (
        replace(other, seed=2**31 - 1, l2=0.3),
        replace(other, weight_decay=0.1, label_smoothing=0.2),
    ):
        train(changed, DATA, arrangement="stack")
    assert [program._cache_size() for program in compiled] == before


def test_stopping():
    seen = []

    def stop_in_second_epoch() -> bool:
        return any(isinstance(event, EpochEnd) for event in seen)

    result = train(
        asked("adam", "sgd", epochs=50),
        DATA,
        seen.append,
        stop_in_second_epoch,
        arrangement="stack",
    )
    assert {run.outcome for run in result.runs} == {"stopped"}
    assert [type(event) for event in seen[-2:]] == [RunEnd, RunEnd]
    assert all(5 <= len(run.losses) < 50 * 5 for run in result.runs)


class Shelf:
    """Snapshots in memory."""

    def __init__(self) -> None:
        self.snapshots: dict[int, Snapshot] = {}

    def load(self, member: int) -> Snapshot | None:
        return self.snapshots.get(member)

    def save(self, member: int, snapshot: Snapshot) -> None:
        self.snapshots[member] = snapshot


def test_runs_at_different_steps_go_on_together():
    """Each run's snapshot is of another step; the numbers are those of the unbroken stack."""
    spec = asked("adam", "sgd:learning_rate=0.01", "momentum", "adam:b1=0.5", seeds=1)
    whole, history = train(spec, DATA, arrangement="stack"), {}

    class Historian(Shelf):
        def save(self, member: int, snapshot: Snapshot) -> None:
            history.setdefault(member, []).append(snapshot)

    train(spec, DATA, keeper=Historian(), checkpoint_every=1, arrangement="stack")
    shelf, places = Shelf(), (2, 4, 9, 15)
    for member, place in enumerate(places):  # 5 steps are an epoch; the last has finished
        shelf.snapshots[member] = history[member][place]
    assert [kept.step for kept in shelf.snapshots.values()] == [3, 5, 10, 15]
    assert [kept.epoch for kept in shelf.snapshots.values()] == [0, 0, 1, 3]
    rest = train(spec, DATA, keeper=shelf, arrangement="stack")
    for run, other, kept in zip(rest.runs, whole.runs, history.values(), strict=True):
        assert run.losses == other.losses[len(other.losses) - len(run.losses) :]
        epochs = [[e[2:7] for e in r.epochs] for r in (run, other)]
        assert epochs[0] == epochs[1][len(epochs[1]) - len(epochs[0]) :]
        assert kept[-1].outcome == "finished"
    assert [len(run.losses) for run in rest.runs] == [12, 10, 5, 0]


def test_half_precision_learns_as_well():
    """Weights and states stay float32; on the whole the classes are found as often."""
    shelf, spec = Shelf(), asked("adam", "momentum:learning_rate=0.01", seeds=3, epochs=4)
    half = train(replace(spec, precision="bfloat16"), DATA, keeper=shelf, arrangement="stack")
    full = train(spec, DATA, arrangement="stack")
    for kept in shelf.snapshots.values():
        weights = {p: a for p, a in kept.arrays.items() if p.startswith((".params", ".state"))}
        assert {a.dtype for a in weights.values() if a.dtype.kind == "f"} == {np.dtype("float32")}
    ends = [[run.epochs[-1].train_accuracy for run in result.runs] for result in (half, full)]
    assert abs(np.mean(ends[0]) - np.mean(ends[1])) < 0.05
    losses = [[run.losses for run in result.runs] for result in (half, full)]
    assert losses[0] != losses[1]
    np.testing.assert_allclose(*losses, rtol=0.1)


# Several devices

ON_FOUR = """
import json, sys, jax
sys.path.insert(0, "tests/engine")
import test_train_stack as t
assert len(jax.local_devices()) == 4
spec = t.asked(*["adam:b1=0.5"] * 5, "sgd", "adam", seeds=2)
from optviz.engine.training.stack.device import Stack
assert Stack(t.tracks_of(spec), jax.local_devices()).mesh.size == 4
shelf = t.Shelf()
result = t.train(spec, t.DATA, arrangement="stack", keeper=shelf)
again = t.train(spec, t.DATA, arrangement="stack", keeper=shelf)
assert not any(run.losses for run in again.runs)
print(json.dumps([[run.losses, [e[3:7] for e in run.epochs]] for run in result.runs]))
"""


def tracks_of(spec: TrainSpec) -> list[Track]:
    splits = Splits(DATA)
    members = enumerate(spec.members())
    return [Track(m, i, splits.of(m.spec), lambda event: None, None) for i, m in members]


def test_devices_share_the_runs():
    """Fourteen runs of two rules on four devices: twelve rows and two, filled up to four."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", ON_FOUR],
        cwd=root,
        env={**os.environ, **flags, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    spec = asked(*["adam:b1=0.5"] * 5, "sgd", "adam", seeds=2)
    one = train(spec, DATA, arrangement="stack")
    for (losses, ends), run in zip(found, one.runs, strict=True):
        np.testing.assert_allclose(losses, run.losses, rtol=1e-5)
        np.testing.assert_allclose(ends, [e[3:7] for e in run.epochs], rtol=1e-5)


@pytest.mark.parametrize(
    ("lengths", "available", "count"),
    [([8], 4, 4), ([8], 1, 1), ([5], 4, 3), ([1, 1, 1, 1], 4, 1), ([4, 1], 8, 4), ([3, 3], 0, 1)],
)
def test_how_many_devices_are_of_use(lengths, available, count):
    assert useful_devices(lengths, available) == count


# Memory


def test_as_many_as_fit(monkeypatch):
    """The curves are the same, and it is said how many runs there are at a time."""
    spec = asked("adam", "adam:b1=0.5", "sgd", "sgd:learning_rate=0.01", "adam:b1=0.1")
    whole = train(spec, DATA, arrangement="stack")
    hands = [lambda event: None, lambda: False, None]
    one, all_five = (TrainStack(tracks_of(spec)[:n], *hands).needed() for n in (1, 5))
    assert 0 < one < all_five < 5 * one
    limit = (one + all_five) // 2
    monkeypatch.setattr(arrangement, "free_bytes", lambda device: limit)
    result = train(spec, DATA, arrangement="stack")
    assert_alike(result, whole)
    (notice,) = result.notices
    needs, free = (arrangement.in_bytes(size) for size in (all_five, limit))
    assert notice == f"5 runs need {needs}, {free} are free: 3 at a time"


def test_not_even_one_fits(monkeypatch):
    monkeypatch.setattr(arrangement, "free_bytes", lambda device: 1000)
    message = r"with a batch_size of 20 needs [0-9.]+ [kM]B for one run, 1 kB are free: take a"
    with pytest.raises(ValueError, match=message) as caught:
        train(asked("adam", "sgd"), DATA, arrangement="stack")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("count", "one", "all_of_them", "limit", "fit"),
    [
        (4, 10, 40, 40, 4),
        (4, 10, 40, 39, 3),
        (4, 10, 40, 9, 0),
        (1, 10, 10, 10, 1),
        (9, 5, 13, 9, 5),
    ],
)
def test_fitting(count, one, all_of_them, limit, fit):
    assert arrangement.fitting(count, one, all_of_them, limit) == fit


def shortage(monkeypatch, most: int, method: str) -> None:
    """Memory runs out in `method` of a stack of more than `most` runs."""
    genuine = getattr(TrainStack, method)

    def short(self, *args):
        if len(self._stack.seats) > most:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes")
        return genuine(self, *args)

    monkeypatch.setattr(TrainStack, method, short)


@pytest.mark.parametrize("method", ["_load", "_compile"])
def test_memory_that_runs_out_before_the_first_step_is_halved(monkeypatch, method):
    spec = asked("adam", "adam:b1=0.5", "sgd", "sgd:learning_rate=0.01", "adam:b1=0.1")
    whole = train(spec, DATA, arrangement="stack")
    shortage(monkeypatch, 2, method)
    result = train(spec, DATA, arrangement="stack")
    assert_alike(result, whole)
    assert result.notices == [
        "there is no memory for 5 runs at once: 3 at a time",
        "there is no memory for 3 runs at once: 2 at a time",
    ]
    shortage(monkeypatch, 0, method)
    with pytest.raises(ValueError, match="out of memory with one run: take a smaller batch_size"):
        train(asked("adam"), DATA, arrangement="stack")


def test_memory_that_runs_out_later_is_one_line(monkeypatch):
    shortage(monkeypatch, 1, "_test")
    with pytest.raises(ValueError, match=r"out of memory with 2 runs at once: take .* fewer runs$"):
        train(asked("adam", "sgd"), DATA, arrangement="stack")


# Which arrangement


def test_the_quicker_one_is_measured_once(monkeypatch, tmp_path):
    monkeypatch.setenv("OPTVIZ_CACHE", str(tmp_path))
    tracks = tracks_of(asked("adam", "sgd"))
    with jax.enable_x64(False):
        first = timing.quickest(tracks)
        (record,) = json.loads((tmp_path / "arrangements.json").read_text()).values()
        seconds = record["seconds_per_step"]
        assert set(seconds) == {"stack", "loop"}  # there are no convolutions
        assert min(seconds.values()) > 0
        assert first == timing.CHOICES[record["best"]]
        assert record["best"] == min(seconds, key=seconds.get)

        turned = {"stack": 1.0, "loop": 2.0} if first[0] == "loop" else {"stack": 2.0, "loop": 1.0}
        monkeypatch.setattr(timing, "stack_seconds", lambda *_: turned["stack"])
        monkeypatch.setattr(timing, "loop_seconds", lambda tracks: turned["loop"])
        assert timing.quickest(tracks) == first  # known
        assert timing.quickest(tracks[:1]) != first  # another number of runs
        for damage in ("{", "[]", '{"a": 1}'):
            (tmp_path / "arrangements.json").write_text(damage)
            assert timing.quickest(tracks) != first


@pytest.mark.parametrize("best", ["direct", "patches"])
def test_the_quicker_form_of_convolution_is_taken(monkeypatch, tmp_path, best):
    monkeypatch.setenv("OPTVIZ_CACHE", str(tmp_path))
    spec = asked("adam", "sgd", network=LeNet(), batch_size=8, limit=8, epochs=1)
    expected = train(spec, DATA, arrangement="loop")
    timed, recipes = [], []
    monkeypatch.setattr(timing, "without_timing", lambda tracks: None)
    monkeypatch.setattr(timing, "loop_seconds", lambda tracks: 9.0)

    def seconds(tracks: list[Track], form: str) -> float:
        timed.append(form)
        return 1.0 if form == best else 2.0

    monkeypatch.setattr(timing, "stack_seconds", seconds)
    advance = Stack.advance

    def seen(self: Stack, *args: int) -> object:
        recipes.append(self.one.recipe.convolution)
        return advance(self, *args)

    monkeypatch.setattr(Stack, "advance", seen)
    assert_alike(train(spec, DATA), expected, rtol=1e-3)
    assert timed == ["direct", "patches"]
    assert set(recipes) == {best}


def test_a_form_without_room_is_not_taken(monkeypatch):
    tracks = tracks_of(asked("adam", "sgd"))
    shortage(monkeypatch, 0, "_load")
    assert timing.stack_seconds(tracks, "patches") == math.inf
    assert {track.recipe.convolution for track in tracks} == {"direct"}


def test_what_needs_no_measurement(monkeypatch):
    def of(*runs: str, **fields) -> str | None:
        return timing.without_timing(tracks_of(asked(*runs, **fields)))

    four = "sgd", "adam", "momentum", "rmsprop"
    assert of(*four, network=Linear()) == "stack"
    assert of(*four[:3], network=Linear()) == "loop"
    assert of("sgd", "adam", network=Linear(), seeds=2) == "loop"
    assert of(*four) == of(*four, network=NETWORKS["lenet"]()) == "loop"
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert of("sgd", "adam") is None
    monkeypatch.setenv("XLA_FLAGS", "--xla_gpu_deterministic_ops=true")
    assert of("sgd", "adam") == "stack"


def test_an_arrangement_that_there_is_not():
    with pytest.raises(ValueError, match="arrangement must be one of loop, stack, got 'heap'"):
        train(asked("sgd"), DATA, arrangement="heap")


def test_groups_and_slices():
    tracks = tracks_of(MIXED)
    assert [len(group) for group in arrangement.grouped(tracks)] == [20, 10]
    rules = asked("adam", "sgd", "adam:b1=0.1", "nesterov", "nesterov:form=look_ahead")
    parts = sliced(tracks_of(rules))
    assert [[track.index for track in part] for part in parts] == [[0, 2], [3], [4], [1]]
