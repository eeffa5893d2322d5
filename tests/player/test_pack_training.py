"""A training's message: what is in it, how small it is, and that looking again changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import fake_trainings
import numpy as np
import pytest

from optviz.engine.training.events import EpochEnd, Layers, RunResult, Steps, TrainResult
from optviz.optimizers import OPTIMIZERS
from optviz.player import unpack
from optviz.player.training import pack_training
from optviz.player.training_curves import MAX_POINTS, epochs, stride_of
from optviz.specs import Run


def message(
    result: TrainResult, *, live: bool = False, smoothing: int = 1, moving: bool = True
) -> dict[str, Any]:
    rates = fake_trainings.rates(result, moving)
    packed = pack_training(result, learning_rates=rates, live=live, smoothing=smoothing)
    return unpack(packed)


@pytest.fixture(scope="module")
def whole() -> TrainResult:
    """Two rules, three batch sizes and three seeds; one of Adam's seeds diverges."""
    return fake_trainings.training(fake_trainings.spec(), epochs=4, diverges=(5,))


def panel(found: dict, key: str) -> dict:
    return next(panel for panel in found["panels"] if panel["key"] == key)


def test_seeds_are_one_run_in_the_rules_colour(whole: TrainResult) -> None:
    found = message(whole)
    labels = [run["label"] for run in found["runs"]]
    assert labels[:3] == ["SGD", "Adam", "SGD · batch size 64"]
    assert [run["seeds"] for run in found["runs"]] == [3] * 6
    assert sorted(i for run in found["runs"] for i in run["members"]) == list(range(18))
    looks = {(run["color"], tuple(run["dash"]), run["marker"]) for run in found["runs"]}
    assert len(looks) == 6
    dashes = [tuple(run["dash"]) for run in found["runs"]]
    assert dashes[0::2] == dashes[1::2], "the dash tells the arm, whatever the rule"
    assert len(set(dashes)) == 3
    assert (found["runs"][1]["outcome"], found["runs"][1]["note"]) == ("diverged", "1/3")
    assert found["runs"][1]["told"].startswith("1 of 3 seeds diverged, the first at step ")
    assert [member.get("diverged", False) for member in found["members"]].index(True) == 5


def test_panels_and_the_first_four(whole: TrainResult) -> None:
    found = message(whole)
    keys = [panel["key"] for panel in found["panels"]]
    assert keys == [
        "train_loss",
        "val_loss",
        "accuracy",
        "learning_rate",
        "grad_norm",
        "update_ratio",
        "dead",
    ]
    chosen = [panel["key"] for panel in found["panels"] if panel["chosen"]]
    assert chosen == keys[:4]
    still = message(whole, moving=False)
    chosen = [panel["key"] for panel in still["panels"] if panel["chosen"]]
    assert chosen == ["train_loss", "val_loss", "accuracy", "grad_norm"]
    assert [series["constant"] for series in panel(still, "learning_rate")["series"]] == [
        pytest.approx(rate) for rate in [0.1, 0.01] * 3
    ]
    ratios = panel(found, "update_ratio")
    assert ratios["layers"] == [fake_trainings.WEIGHTS] * 6
    assert ratios["series"][0]["y"].shape[0] == len(fake_trainings.WEIGHTS)


@pytest.mark.parametrize(
    "runs", [*((key,) for key in OPTIMIZERS), ("sgd", "adam"), ("adam", "adam:b1=0.5")], ids=str
)
def test_what_tells_validation_from_training_tells_nothing_else(runs: tuple[str, ...]) -> None:
    """A rule that is drawn dashed cannot have its training dashed and its validation solid."""
    spec = replace(fake_trainings.spec(), runs=tuple(map(Run.parse, runs)), vary=(), seeds=1)
    found = message(fake_trainings.training(spec, epochs=2))
    dashed = any(run["dash"] for run in found["runs"])
    for key in ("val_loss", "accuracy"):
        both = panel(found, key)
        styles = {series["style"] for series in both["series"]}
        assert styles == ({"points", "thin"} if dashed else {"points", "dashed"})
        told = "validation marked, training thin" if dashed else "validation solid, training dashed"
        assert told in both["note"]


def test_before_there_is_anything_the_panels_say_what_they_wait_for() -> None:
    result = fake_trainings.training(fake_trainings.spec(vary=(), seeds=1), share=0.01)
    for run in result.runs:
        run.layers.clear()
    found = message(result, live=True)
    assert panel(found, "val_loss")["series"] == []
    assert panel(found, "val_loss")["empty"] == "after the first epoch"
    assert "dead" not in [panel["key"] for panel in found["panels"]]


def test_places_on_every_axis(whole: TrainResult) -> None:
    found = message(whole)
    assert found["axes"] == ["step", "epoch", "sample", "second"]
    first, last = found["members"][0], found["members"][-1]
    assert (first["steps_per_epoch"], last["steps_per_epoch"]) == (32, 16)
    assert first["samples"] == {"epoch": whole.started.num_train[0], "batch": 128}
    assert last["samples"] == {"epoch": whole.started.num_train[-1], "batch": 256}
    for member, run in zip(found["members"], whole.runs, strict=True):
        steps, seconds = member["clock"]["steps"], member["clock"]["seconds"]
        assert (steps[0], seconds[0]) == (0, 0)
        assert (steps[-1], seconds[-1]) == pytest.approx(run.clocks[-1])
        assert len(steps) <= 201


@pytest.mark.parametrize(("at", "place"), [(0, 0), (3, 3), (32, 33), (40, 40)])
def test_a_run_that_diverged_stands_where_it_did(at: int, place: int) -> None:
    """Not at the end of an epoch that it never saw, which may lie outside the picture."""
    told = RunResult("wild", outcome="diverged", diverged_at=at)
    ends = [(0, 1.0)] if at >= 32 else []
    for epoch, loss in [*ends, (len(ends), None)]:
        numbers = (loss, loss, loss, loss)
        told.epochs.append(EpochEnd("epoch", 0, epoch, *numbers, 1.0, 1.0))
    drawn = epochs(told, "val_loss", 32)
    assert drawn["x"].tolist() == [32.0 * (e + 1) for e, _ in ends] + [place]
    assert np.isnan(drawn["y"][-1])


def test_smoothing_is_the_mean_up_to_a_step_and_not_finite_where_a_step_is_not() -> None:
    result = fake_trainings.training(fake_trainings.spec(vary=(), seeds=1), epochs=4)
    run = result.runs[0]
    run.grad_norms[50] = float("nan")
    found = message(result, smoothing=7)
    (losses, norms) = (panel(found, key)["series"][0]["y"] for key in ("train_loss", "grad_norm"))
    expected = [np.mean(run.losses[max(0, i - 6) : i + 1]) for i in range(len(run.losses))]
    np.testing.assert_allclose(losses, expected, rtol=1e-6)
    assert np.flatnonzero(np.isnan(norms)).tolist() == list(range(50, 57))


def test_thinned_curves_keep_their_points_while_they_grow() -> None:
    assert [stride_of(n) for n in (1, MAX_POINTS - 1, MAX_POINTS, 10_000)] == [1, 1, 2, 8]
    result = fake_trainings.training(fake_trainings.spec(vary=(), seeds=1), epochs=80)
    run = result.runs[0]
    before = panel(message(result), "train_loss")["series"][0]
    assert len(before["y"]) <= MAX_POINTS
    assert before["x"][-1] == len(run.losses) - 1
    np.testing.assert_allclose(before["y"], np.array(run.losses)[before["x"].astype(int)], 1e-6)
    result.add(Steps("steps", 0, len(run.losses), [1.0] * 50, [1.0] * 50, 1e3, 0.0))
    after = panel(message(result), "train_loss")["series"][0]
    np.testing.assert_array_equal(after["y"][: len(before["y"]) - 1], before["y"][:-1])


def test_looking_again_and_again_tells_what_one_look_tells() -> None:
    asked = fake_trainings.spec(seeds=1)
    watched, whole = TrainResult.empty(asked), fake_trainings.training(asked, epochs=3)
    watched.started = whole.started
    seen = []
    for end in range(10, 100, 10):
        for run, source in zip(watched.runs, whole.runs, strict=True):
            run.losses.extend(source.losses[len(run.losses) : end])
            run.grad_norms.extend(source.grad_norms[len(run.grad_norms) : end])
        seen.append(message(watched, live=True, smoothing=5))
    assert len({found["id"] for found in seen}) == len(seen)
    fresh = TrainResult.empty(asked)
    fresh.started = whole.started
    for run, source in zip(fresh.runs, watched.runs, strict=True):
        run.losses, run.grad_norms = list(source.losses), list(source.grad_norms)
    assert message(fresh, live=True, smoothing=5)["id"] == seen[-1]["id"]
    # a training that was cut back to a checkpoint and has grown past where it was
    run = watched.runs[0]
    del run.losses[20:]
    run.losses.extend([3.0 + i for i in range(80)])
    drawn = panel(message(watched), "train_loss")["series"][0]["y"]
    np.testing.assert_allclose(drawn, run.losses, rtol=1e-6)


def test_sixty_four_runs_of_ten_thousand_steps_fit_in_two_megabytes() -> None:
    result = fake_trainings.training(fake_trainings.spec(vary=(), seeds=32), epochs=1)
    rng = np.random.default_rng(0)
    names = [f"block_{i}/conv/kernel" for i in range(20)]
    assert result.started
    result.started.num_steps[:] = [10_000] * 64
    for index, run in enumerate(result.runs):
        length = 10_000 - 9 * index  # no two have their steps in common
        run.losses[:], run.grad_norms[:] = rng.random((2, length)).tolist()
        run.layers[:] = [
            Layers("layers", index, step, names, rng.random(20).tolist(), names, [0.5] * 20)
            for step in range(0, length, 250)
        ]
    payload = pack_training(
        result,
        learning_rates=fake_trainings.rates(result),
        live=True,
        smoothing=160,
    )
    assert len(payload) < 2_000_000


def test_a_rule_without_a_rate_and_a_training_that_has_not_begun() -> None:
    asked = fake_trainings.spec(seeds=1, vary=())
    result = fake_trainings.training(asked, epochs=1)
    rates = [np.empty(0), *fake_trainings.rates(result)[1:]]
    packed = pack_training(result, learning_rates=rates, live=False)
    drawn = panel(unpack(packed), "learning_rate")["series"]
    assert [series["run"] for series in drawn] == [1]
    nothing = TrainResult.empty(asked)
    found = unpack(pack_training(nothing, learning_rates=[], live=True))
    assert (found["num_steps"], found["axes"]) == (1, ["step"])


def test_only_losses_and_gradients_may_leave_their_axis(whole: TrainResult) -> None:
    """A rate that made its run diverge is still what is to be seen."""
    found = message(whole)
    off = {panel["key"] for panel in found["panels"] if panel.get("runs_off")}
    assert off == {"train_loss", "val_loss", "grad_norm", "update_ratio"}


def test_shares_are_percent_on_screen_and_say_so(whole: TrainResult) -> None:
    found = message(whole)
    for key, most in (("accuracy", 100), ("dead", 100)):
        shown = panel(found, key)
        assert shown["note"].startswith("%")
        values = np.concatenate([np.ravel(series["y"]) for series in shown["series"]])
        values = values[np.isfinite(values)]
        assert 1 < values.max() <= most
    first = panel(found, "accuracy")["series"][0]
    shares = [epoch.val_accuracy for epoch in whole.runs[first["member"]].epochs]
    np.testing.assert_allclose(first["y"], 100 * np.array(shares), rtol=1e-6)
