"""A race taken away: it must be the same race."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import optviz
from optviz.cli import _parser
from optviz.cli.commands.race import spec_of
from optviz.data import Synthetic
from optviz.export.pages import race_payload
from optviz.export.snippets import command_of, python_of, train_command_of
from optviz.export.tables import overview_frame, steps_frame
from optviz.networks import Linear
from optviz.player.pack import unpack
from optviz.specs import RaceSpec, Run
from optviz.specs.budget import CAPACITIES
from optviz.specs.experiment import TrainSpec

SPECS = {
    "plain": {"surface": ["ravine"], "run": ["sgd", "adam"]},
    "tuned": {
        "surface": ["himmelblau:scale=0.5"],
        "run": [
            "adam:learning_rate=0.3,b1=0.5@cosine:final=0.1",
            "adam:bias_correction=none",
            "sgd",
        ],
        "start": ["1,2"],
        "num_steps": ["40"],
        "schedule": ["step:factor=0.3"],
        "noise": ["0.5"],
        "seed": ["7"],
        "tolerance": ["0.001"],
        "dtype": ["float32"],
        "rates": ["default"],
    },
    "expression": {
        "expression": ["x**2 + 3*y**2 + sin(x*y)"],
        "xlim": ["-2,2"],
        "run": ["momentum@momentum~cosine:final=0.5#my rule", "nesterov:form=look_ahead"],
        "start": ["1,1;-1,0.5"],
        "num_steps": ["30"],
        "rates": ["0.02"],
    },
}


@pytest.fixture(params=SPECS)
def spec(request: pytest.FixtureRequest) -> RaceSpec:
    base = RaceSpec(surface=optviz.SURFACES["ravine"](), runs=(Run.parse("sgd"),))
    result, problems = RaceSpec.from_query(SPECS[request.param], base)
    assert problems == []
    return result


def test_the_python_code_runs_the_same_race(spec: RaceSpec) -> None:
    scope: dict[str, object] = {}
    exec(python_of(spec), scope)  # noqa: S102 (our own code, and running it is the point)
    mine, theirs = optviz.api.run_race(spec), scope["race"]
    assert isinstance(theirs, optviz.Race)
    assert theirs.labels == mine.labels
    np.testing.assert_array_equal(theirs.params, mine.params)
    np.testing.assert_array_equal(theirs.learning_rates, mine.learning_rates)
    np.testing.assert_array_equal(theirs.steps_to_tolerance, mine.steps_to_tolerance)


def test_the_command_asks_for_the_same_race(spec: RaceSpec) -> None:
    words = shlex.split(command_of(spec))
    options = _parser(asks_for_help=False)[0].parse_args(words[1:])
    assert spec_of(options) == spec


def test_the_command_asks_for_the_same_training() -> None:
    from optviz.cli.commands.train import spec_of as training_of

    spec = TrainSpec(
        dataset=Synthetic(noise=0.3),
        network=Linear(),
        runs=(Run.parse("sgd:learning_rate=0.1"), Run.parse("adam#mine")),
        epochs=3,
        batch_size=64,
        seeds=2,
        vary=("batch_size=32|64", "run.learning_rate=0.1"),
        grid=True,
        validation=0.1,
        reduction="sum",
        label_smoothing=0.1,
        l2=1e-4,
        weight_decay=1e-2,
        decay_on="weights",
        normalise="mean_image",
        flip=True,
        crop=4,
        precision="bfloat16",
    )
    words = shlex.split(train_command_of(spec, checkpoint_every=7, deterministic=True))
    options = _parser(asks_for_help=False)[0].parse_args(words[1:])
    assert training_of(options) == spec
    assert (options.checkpoint_every, options.deterministic) == ("7", True)
    assert "--deterministic" not in train_command_of(spec)


def test_every_suffix(tmp_path: Path) -> None:
    race = optviz.race("ravine", ["sgd", "momentum"], num_steps=10)
    for suffix in (".html", ".png", ".csv", ".json"):
        assert race.save(tmp_path / f"race{suffix}").stat().st_size > 100
    with pytest.raises(ValueError, match=r"saved as \.html, .*got 'race\.gif'"):
        race.save(tmp_path / "race.gif")


def test_the_page_of_eight_rules_is_small_and_talks_to_nobody() -> None:
    race = optviz.race("himmelblau", list(optviz.OPTIMIZERS)[:8], num_steps=500, schedule="cosine")
    page = race.html()
    assert len(page.encode()) <= 400_000
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "https://" not in page


def test_titles_cannot_inject() -> None:
    race = optviz.race("ravine", {"</script><script>alert(1)</script>": "sgd"}, num_steps=2)
    assert "<script>alert(1)" not in race.html()
    assert "<script>alert(1)" not in race._repr_html_()


def test_tables() -> None:
    race = optviz.race("ravine", ["sgd", "momentum"], num_steps=20, start=[[1, 1], [2, 0], [0, 1]])
    steps = pd.DataFrame(
        {"label": np.repeat(["SGD", "Momentum"], 3 * 21), "step": np.tile(np.arange(21), 6)}
    )
    frame = steps_frame(race)
    pd.testing.assert_frame_equal(frame[["label", "step"]], steps, check_dtype=False)
    row = frame[(frame.label == "Momentum") & (frame.start == 2) & (frame.step == 7)].iloc[0]
    assert row.outcome == race.outcomes[1, 2]
    assert (row.x, row.y) == tuple(race.params[1, 2, 7])
    assert row.loss == race.losses[1, 2, 7]
    assert len(race.summary()) == 6
    assert len(overview_frame(race)) == 2


def test_a_diverged_run_in_every_form(tmp_path: Path) -> None:
    wild = optviz.optimizers.SGD(learning_rate=1e3)
    race = optviz.race("rosenbrock", [wild, "adam"], num_steps=2)
    assert race.outcomes[0] == "diverged"
    race.figure()
    for suffix in (".html", ".png", ".csv", ".json"):
        race.save(tmp_path / f"race{suffix}")
    assert f"diverged at step {race.diverged_at[0]}" in set(race.summary().outcome)


def test_an_infinite_start_goes_through_every_form(tmp_path: Path) -> None:
    """Strict JSON has null; nobody else stops at a number that is none."""
    formula = optviz.expression("1/x")
    race = optviz.race(formula, ["sgd", "adam"], start=[(0, 1), (1, 1)], num_steps=5)
    assert race.outcomes[:, 0].tolist() == ["diverged"] * 2
    for suffix in (".html", ".png", ".csv", ".json"):
        race.save(tmp_path / f"race{suffix}")

    def no(constant: str) -> None:
        raise AssertionError(constant)

    data = json.loads((tmp_path / "race.json").read_text(), parse_constant=no)
    assert data["losses"][0][0] == [None] * 6
    assert data["params"][0][1] == race.params[0, 1].tolist()
    assert pd.read_csv(tmp_path / "race.csv").shape == (2 * 2 * 6, 10)
    assert race.summary().outcome.tolist()[0] == "diverged at step 0"
    assert race.figure().data


def test_every_form_tells_one_outcome_with_one_word(tmp_path: Path) -> None:
    """On a surface with two depths: there, there and gone, at rest above it, on the way, off."""
    sgd = optviz.optimizers.SGD
    rules = {f"rate {rate:g}": sgd(learning_rate=rate) for rate in (0.02, 1e-4, 5.0)}
    starts = [(-2.7, -2.7), (2.7, 2.7)]
    race = optviz.race("styblinski_tang", rules, start=starts, num_steps=60)
    words = [["converged", "stationary"], ["running", "running"], ["diverged", "diverged"]]
    assert race.outcomes.tolist() == race.to_json()["outcomes"] == words
    each, rows = [word for row in words for word in row], race.summary()
    assert [text.split()[0] for text in rows["outcome"]] == each
    np.testing.assert_array_equal(
        rows["steps to tolerance"].notna(), race.steps_to_tolerance.ravel() >= 0
    )
    told = overview_frame(race)["outcome"].tolist()
    assert told == ["1 arrived, 1 at rest", "2 on the way", "2 diverged"]
    assert [run["told"] for run in unpack(race_payload(race))["runs"]] == told
    frame = pd.read_csv(race.save(tmp_path / "race.csv"))
    last = frame[frame.step == 60]
    assert last.outcome.tolist() == each
    alone = optviz.race("styblinski_tang", rules, start=starts[0], num_steps=60)
    told = overview_frame(alone)["outcome"].tolist()
    assert told[0] == f"arrived at step {alone.steps_to_tolerance[0]}"
    assert told[1:] == ["on its way", f"diverged at step {alone.diverged_at[2]}"]
    assert [run["told"] for run in unpack(race_payload(alone))["runs"]] == told


def test_surfaces_that_live_in_python_are_exported_too(tmp_path: Path) -> None:
    race = optviz.race(lambda x, y: x**2 + y**4, ["sgd"], num_steps=5)
    race.save(tmp_path / "race.html")
    assert race.to_json()["spec"]["surface"] == "Function"
    with pytest.raises(ValueError, match="has no link"):
        race.spec.to_query()


def test_steps_beyond_the_first_buffer() -> None:
    assert optviz.race("ravine", ["sgd"], num_steps=CAPACITIES[0] + 5).params.shape[1] == 2054
