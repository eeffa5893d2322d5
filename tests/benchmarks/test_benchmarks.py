"""The measuring code runs and reports; its numbers are not judged here."""

from __future__ import annotations

import json

import pytest

from optviz import benchmarks
from optviz.benchmarks import maps, peer, race
from optviz.benchmarks.report import bar, finite, spread, stamp, table
from optviz.engine.surfaces.descend import compile_count


def test_a_report_says_where_and_with_what():
    result = {
        "benchmark": "race",
        **stamp("cpu"),
        "measured": {"one": spread([1.0, 2.0, 4.0])},
        "bars": [bar("speed", 2.0, 1.0, "x", at_least=True)],
    }
    text = table(result)
    assert "cores" in text
    assert "2 ms" in text
    assert "met" in text
    json.dumps(result)


def test_a_bar_knows_its_direction():
    assert bar("speed", 2, 1, "x", at_least=True)["met"]
    assert not bar("delay", 2, 1, "s", at_least=False)["met"]


def test_maps_run(monkeypatch, tmp_path):
    monkeypatch.setattr(maps, "SIDE", 4)
    monkeypatch.setattr(maps, "MAPS", {"sgd": {"learning_rate": [1e-3, 1e-2]}})
    monkeypatch.setattr(maps, "NUM_STEPS", 5)
    out = tmp_path / "maps.json"
    benchmarks.run("maps", out=out, rounds=1)
    assert json.loads(out.read_text())["benchmark"] == "maps"


def test_races_run_without_torch(monkeypatch):
    monkeypatch.setattr(race, "NUM_STEPS", 5)
    monkeypatch.setattr(race, "CALLS", 1)
    monkeypatch.setattr(race, "SEARCHES", 1)
    monkeypatch.setattr(race, "RATES", {"momentum": 1e-3, "adam": 0.05})
    monkeypatch.setattr(race, "first_races", lambda rules: [1.0])
    monkeypatch.setattr(peer.importlib.util, "find_spec", lambda name: None)
    monkeypatch.delenv(peer.VARIABLE, raising=False)
    result = race.measure(rounds=1)
    assert any("no torch arm" in note for note in result["notes"])
    (agreed,) = (note for note in result["notes"] if "paths agree with optax" in note)
    assert float(agreed.split()[-1]) < 1e-9


def test_every_call_of_a_race_gets_new_numbers():
    draw = race.draws()
    drawn = [draw() for _ in range(20)]
    for name in race.Numbers._fields:
        assert len({repr(getattr(numbers, name)) for numbers in drawn}) == 20, name
    values = [rate for numbers in drawn for rate in numbers.rates.values()]
    assert len(set(values)) == len(values)
    before = compile_count()
    for numbers in drawn[:2]:
        race._ours(numbers)
        race._search(numbers)
    after = compile_count()
    for numbers in drawn[2:5]:
        race._ours(numbers)
        race._search(numbers)
    assert compile_count() == after >= before


@pytest.mark.parametrize(("name", "device"), [("speed", "cpu"), ("race", "tpu"), ("race", "gpu")])
def test_what_cannot_be_measured_is_refused(name, device):
    with pytest.raises(ValueError):  # noqa: PT011
        benchmarks.run(name, device)


def test_numbers_that_json_does_not_have_are_null():
    given = {"a": [1.5, float("nan")], "b": {"c": float("-inf"), "d": "text"}, "e": (2, None)}
    assert finite(given) == {"a": [1.5, None], "b": {"c": None, "d": "text"}, "e": [2, None]}
