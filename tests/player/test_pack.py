"""The player's message: contract, sizes, and what a race becomes in it."""

import json
import struct
from dataclasses import replace

import fake_races
import numpy as np
import pytest

from optviz.analysis.race.convergence import OUTCOMES, WORDS
from optviz.player import Quantised, pack, pack_race, unpack
from optviz.player.pack import exact
from optviz.player.thinning import MAX_POINTS


def header_of(payload: bytes) -> dict:
    (length,) = struct.unpack_from("<I", payload)
    assert length % 4 == 0

    def refuse(token: str) -> None:
        raise AssertionError(f"not strict JSON: {token}")

    return json.loads(payload[4 : 4 + length], parse_constant=refuse)


def test_arrays_come_back_as_they_went() -> None:
    arrays = {"y": np.arange(6.0).reshape(2, 3)}
    payload = pack({"id": "é", "y": {"ref": "y"}, "n": np.int64(3), "z": [np.arange(3)]}, arrays)
    back = unpack(payload)
    assert (back["id"], back["n"], back["version"]) == ("é", 3, 1)
    np.testing.assert_array_equal(back["y"], arrays["y"])
    assert back["y"].dtype == np.dtype("<f4")
    np.testing.assert_array_equal(back["z"][0], [0, 1, 2])


def test_json_is_strict_and_offsets_are_aligned() -> None:
    payload = pack(
        {"bad": [float("nan"), np.inf], "a": np.zeros(3, np.uint8), "b": np.ones(2, np.uint16)}
    )
    header = header_of(payload)
    assert header["bad"] == [None, None]
    assert header["b"]["offset"] % 4 == 0


def test_equal_arrays_travel_once() -> None:
    one = len(pack({"a": np.ones(1000)}))
    assert len(pack({"a": np.ones(1000), "b": np.ones(1000)})) < one + 100


def test_quantised_arrays_keep_holes_and_clip() -> None:
    array = np.array([-1.0, 0.3, np.nan, 99.0, np.inf])
    back = unpack(pack({"y": Quantised(array, (-1.0, 2.0))}))["y"]
    np.testing.assert_allclose(back, [-1.0, 0.3, np.nan, 2.0, 2.0], atol=3 / 65534)


def test_what_cannot_be_packed_is_named() -> None:
    with pytest.raises(ValueError, match="cannot store set in the header"):
        pack({"a": {1}})
    with pytest.raises(ValueError, match="complex128"):
        pack({"a": np.zeros(2, complex)})


@pytest.fixture(scope="module")
def big() -> bytes:
    surface = fake_races.Rosenbrock()
    race = fake_races.race(surface, [1e-3] * 12, (-1.2, 1.0), 500, decay=0.01, noise=1.0)
    # every run has its own schedule and its own loss: nothing can be shared
    race.learning_rates *= np.linspace(1, 2, 12)[:, None]
    return pack_race(race, surface=surface, grid=fake_races.grid_of(surface), minimum=0.0)


def test_twelve_rules_of_500_steps_fit_in_160_kb(big: bytes) -> None:
    assert len(big) <= 160_000


def test_a_race_has_map_loss_and_rate(ravine_payload: bytes) -> None:
    found = unpack(ravine_payload)
    assert (found["id"], found["num_steps"], found["title"]) == ("ravine", 150, "Ravine")
    surface, loss, rate = found["panels"]
    assert [panel["kind"] for panel in found["panels"]] == ["map", "curves", "curves"]
    assert (surface["grid"].shape, surface["paths"][0].shape) == ((121, 121), (1, 151, 2))
    assert (surface["levels"], surface["starts"], surface["draggable"]) == (
        "log",
        [[-3.5, 1.5]],
        False,
    )
    assert loss["scale"] == "log"
    # what diverges leaves the losses' axis, its rate is shown all the same
    assert (loss["runs_off"], rate["runs_off"]) == (True, False)
    assert [series["constant"] for series in rate["series"]] == [0.092, 0.01, 0.012, 0.2]
    assert found["runs"][0]["color"] == "#d81e1e"
    assert {run["outcome"] for run in found["runs"]} == {"converged"}
    assert all(isinstance(run["outcome_step"], int) for run in found["runs"])


def test_equal_races_have_equal_ids() -> None:
    surface = fake_races.Ravine()
    races = [fake_races.race(surface, [rate], (-3, 1), 20) for rate in (0.05, 0.05, 0.06)]
    ids = [unpack(pack_race(race, surface=surface))["id"] for race in races]
    assert ids[0] == ids[1] != ids[2]


def test_outcomes_have_their_steps(wild_payload: bytes) -> None:
    runs = unpack(wild_payload)["runs"]
    assert [run["outcome"] for run in runs][1] == "diverged"
    assert 0 < runs[1]["outcome_step"] < 100
    surface = fake_races.Saddle()
    race = fake_races.race(surface, [0.02, 0.005], (-1.6, 0.001), 300)
    found = unpack(pack_race(race, surface=surface, grid=fake_races.grid_of(surface)))
    assert [run["outcome"] for run in found["runs"]] == ["escaped", "escaped"]
    assert {run["told"] for run in found["runs"]} == {"escaped: the loss has no lower bound"}
    assert [run["leaves"] for run in found["runs"]] == [r["outcome_step"] for r in found["runs"]]
    path, step = found["panels"][0]["paths"][0][0], found["runs"][0]["outcome_step"]
    assert abs(path[step][1]) > 2 >= abs(path[step - 1][1])
    assert (found["panels"][0]["levels"], found["panels"][1]["scale"]) == ("linear", "linear")


def test_a_loss_below_zero_shows_its_height_above_the_minimum() -> None:
    surface = fake_races.Ravine()
    race = fake_races.race(surface, [0.05], (-3, 1), 20)
    race.losses -= 78.0
    loss = unpack(pack_race(race, surface=surface, minimum=-78.0))["panels"][1]
    assert (loss["ylabel"], loss["scale"]) == ("loss − f*", "log")
    assert unpack(pack_race(race, surface=surface))["panels"][1]["scale"] == "linear"


def test_every_outcome_shows_where_it_is_true_and_says_its_step() -> None:
    surface = fake_races.Ravine()
    race = fake_races.race(surface, [0.05] * 6, (-3, 1), 20)
    race.outcomes = np.array(OUTCOMES)
    race.steps_to_tolerance = np.array([5, 6, -1, -1, -1, -1])
    race.diverged_at = np.array([-1, -1, -1, -1, -1, 7])
    race.params[3, 9:] = race.params[3, 9]  # at rest
    race.params[4, 4:] = 99.0  # out of the window
    runs = unpack(pack_race(race, surface=surface))["runs"]
    assert [run["outcome"] for run in runs] == list(OUTCOMES)
    assert [run["outcome_step"] for run in runs] == [5, 20, 20, 9, 4, 7]
    assert [run["note"] for run in runs] == ["5", "6", "", "", "4", "7"]
    assert [run["leaves"] for run in runs] == [None] * 4 + [4, None]
    assert [run["word"] for run in runs] == list(WORDS.values())
    assert runs[1]["told"] == "arrived at step 6, left again"


@pytest.mark.parametrize("starts", [5, 50, 300])
def test_many_starts_stay_small_and_say_what_is_missing(starts: int) -> None:
    surface = fake_races.Ravine()
    rng = np.random.default_rng(0)
    where = rng.uniform([-4, -2], [4, 2], (starts, 2))
    race = fake_races.race(surface, [0.05, 0.004, 0.004, 0.2], where, 200)
    payload = pack_race(race, surface=surface, grid=fake_races.grid_of(surface), minimum=0.0)
    assert len(payload) <= 1_200_000
    found = unpack(payload)
    drawn = min(starts, 64)
    assert found["panels"][0]["paths"][0].shape == (drawn, 201, 2)
    np.testing.assert_allclose(
        found["panels"][0]["paths"][0][:, 0], found["panels"][0]["starts"], atol=1e-3
    )
    loss = found["panels"][1]["series"][0]
    assert ("band" in loss) == (starts >= 9)
    for run, words in zip(found["runs"], race.outcomes, strict=True):
        assert run["outcome"] is None
        assert dict(run["counts"]) == {word: int(np.sum(words == word)) for word in set(words)}
        assert sum(count for _, count in run["counts"]) == starts
        assert run["outcome_step"] == 200
        assert run["told"] == ", ".join(f"{count} {WORDS[word]}" for word, count in run["counts"])
    assert bool(found["notes"]) == (starts > 64)


def test_a_long_cloud_is_thinned_to_its_end() -> None:
    surface = fake_races.Ravine()
    race = fake_races.race(surface, [0.05] * 4, np.tile([[-3.0, 1.0]], (40, 1)), 4003)
    found = unpack(pack_race(race, surface=surface))
    stride = found["panels"][0]["path_stride"]
    points = found["panels"][0]["paths"][0].shape[1]
    assert stride > 1
    assert (points - 2) * stride < 4003 <= (points - 1) * stride
    assert f"every {stride}th step" in found["notes"][0]


def test_what_float32_cannot_hold_travels_whole() -> None:
    """Relief of 10⁻⁶ on 10⁸, heights beyond 10³⁸, a window far from zero."""
    surface = fake_races.Ravine(xlim=(1e8 - 1, 1e8 + 1))
    race = fake_races.race(fake_races.Ravine(), [0.05], (-3, 1), 20)
    race.params[..., 0] += 1e8
    race.losses = 1e8 + 1e-6 * race.losses
    grid = 1e8 + 1e-6 * fake_races.grid_of(fake_races.Ravine())
    surface_panel, loss, _ = unpack(pack_race(race, surface=surface, grid=grid))["panels"]
    np.testing.assert_array_equal(surface_panel["grid"], grid)
    np.testing.assert_array_equal(surface_panel["paths"][0][0], race.params[0])
    assert (loss["title"], loss["scale"]) == ("Loss above the lowest", "log")
    huge = unpack(pack_race(race, surface=surface, grid=np.exp(grid % 600)))["panels"][0]
    np.testing.assert_array_equal(huge["grid"], np.exp(grid % 600))
    plain = pack_race(race, surface=surface, grid=grid - 1e8)
    assert unpack(plain)["panels"][0]["grid"].dtype == np.float32
    assert exact(np.array([np.nan, np.inf])).dtype == np.float64  # nothing to be lost


def long_race(states: int) -> tuple:
    """A race whose loss goes up and down at every step, with one needle."""
    starts = (-3.0, 1.0)
    surface = fake_races.Ravine()
    race = fake_races.race(surface, [0.05, 0.02], starts, 3)
    sides = np.arange(states) % 2
    losses = np.tile(1 + 0.5 * sides, (2, 1))
    losses[:, min(states - 1, 31_337)] = 40.0
    way = np.linspace(-3, 3, states)
    params = np.tile(np.stack([way, 0.1 * sides], axis=-1), (2, 1, 1))
    rates = np.tile([[0.05], [0.02]], (1, states - 1))
    return surface, replace(race, params=params, losses=losses, learning_rates=rates)


@pytest.mark.parametrize("states", [40_001, 100_001])
def test_very_long_curves_keep_their_extremes(states: int) -> None:
    surface, race = long_race(states)
    payload = pack_race(race, surface=surface)
    whole = 4 * 2 * states * 4  # two runs: x, y, loss and rate
    assert len(payload) < min(2_000_000, whole / 2)
    found = unpack(payload)
    (curve, _), paths = found["panels"][1]["series"], found["panels"][0]["paths"]
    x, y = curve["x"], curve["y"]
    assert len(y) == len(x) <= MAX_POINTS + 10
    assert (np.diff(x) > 0).all()
    assert (x[0], x[-1]) == (0, states - 1)
    np.testing.assert_array_equal(y, race.losses[0][x.astype(int)].astype(np.float32))
    assert y.max() == 40.0  # the needle is there
    assert (y == 1.5).sum() > 0.3 * len(y) < 3 * (y == 1).sum()  # and so are both sides
    stride = found["panels"][0]["path_stride"]
    assert stride % 2 == 1
    np.testing.assert_allclose(paths[0][0, 1], race.params[0, stride], rtol=1e-6)
    np.testing.assert_allclose(paths[0][0, -1], race.params[0, -1], rtol=1e-6)
    (note,) = found["notes"]
    width = -(-2 * states // MAX_POINTS)
    assert note == (
        f"trails show every {stride}th step; curves show the lowest and highest of {width} steps"
    )


def test_curves_of_ordinary_length_are_whole() -> None:
    surface, race = long_race(MAX_POINTS)
    found = unpack(pack_race(race, surface=surface))
    curve, _ = found["panels"][1]["series"]
    assert "x" not in curve
    assert curve["y"].shape[-1] == MAX_POINTS
    assert found["panels"][0]["path_stride"] == 1
    assert found["notes"] == []


def test_bands_are_thinned_with_their_middle() -> None:
    starts = np.tile([[-3.0, 1.0]], (10, 1)) * np.linspace(0.5, 1, 10)[:, None]
    surface = fake_races.Ravine()
    race = fake_races.race(surface, [0.05], starts, 20_000)
    found = unpack(pack_race(race, surface=surface))
    (curve,) = found["panels"][1]["series"]
    sizes = {len(curve["x"]), len(curve["y"]), *map(len, curve["band"])}
    assert len(sizes) == 1
    assert sizes.pop() <= MAX_POINTS + 10
    low, high = curve["band"]
    assert (low <= curve["y"]).all()
    assert (curve["y"] <= high).all()
