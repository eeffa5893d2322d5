"""The message that crosses languages: what Python packs is what `message.js` describes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fake_trainings
import numpy as np
import pytest

from optviz.player import bundle, unpack
from optviz.player.training import pack_training

ROOT = Path(__file__).parents[2]
SOURCE = (bundle.SOURCES / "data" / "message.js").read_text("utf-8")
FIELD = re.compile(r"@property \{.*\} (?:\[(\w+)\]|(\w+))")

# Where each type stands in the message.
PLACES = {
    "Header": lambda header: [header],
    "Run": lambda header: header["runs"],
    "Member": lambda header: header.get("members", []),
    "MapData": lambda header: [p for p in header["panels"] if p["kind"] == "map"],
    "CurveData": lambda header: [p for p in header["panels"] if p["kind"] == "curves"],
    "SeriesData": lambda header: [
        series for panel in header["panels"] for series in panel.get("series", [])
    ],
}
GIVEN = {("MapData", "key")}  # by the browser, to every panel without a name


def fields_of(name: str) -> tuple[set[str], set[str]]:
    """(needed, optional) fields of a type."""
    (told,) = re.findall(rf"@typedef \{{object\}} {name}\n(.*?)\*/", SOURCE, re.S)
    found = [match.groups() for match in FIELD.finditer(told)]
    return {name for _, name in found if name}, {name for name, _ in found if name}


@pytest.fixture(scope="module")
def training() -> bytes:
    result = fake_trainings.training(fake_trainings.spec(), epochs=4, diverges=(1,))
    rates = fake_trainings.rates(result)
    return pack_training(result, learning_rates=rates, live=False, smoothing=2)


@pytest.fixture
def headers(
    ravine_payload: bytes, wild_payload: bytes, cloud_payload: bytes, training: bytes
) -> list[dict[str, Any]]:
    return [unpack(told) for told in (ravine_payload, wild_payload, cloud_payload, training)]


def packed(headers: list[dict[str, Any]], name: str) -> Iterator[set[str]]:
    for header in headers:
        yield from (set(item) for item in PLACES[name](header))


@pytest.mark.parametrize("name", PLACES)
def test_what_is_packed_is_described(headers: list[dict[str, Any]], name: str) -> None:
    needed, optional = fields_of(name)
    assert needed
    seen = list(packed(headers, name))
    for fields in seen:
        assert needed <= fields <= needed | optional
    never = {field for field in optional if not any(field in fields for fields in seen)}
    assert {(name, field) for field in never} <= GIVEN, "nobody packs it"


def test_words_of_one_language_are_those_of_the_other() -> None:
    from optviz.analysis.race.convergence import OUTCOMES

    (told,) = re.findall(r"@typedef \{(.*)\} Outcome \*/", SOURCE)
    assert set(re.findall(r'"(\w+)"', told)) == {*OUTCOMES, "diverged"}


def test_arrays_have_a_view_for_each_kind_of_number() -> None:
    from optviz.player.pack import _DTYPES

    (views,) = re.findall(r"const VIEWS = \{(.*?)\};", SOURCE, re.S)
    sizes = {name: int(bits) // 8 for name, bits in re.findall(r"(\w+): \w+?(\d+)Array", views)}
    assert sizes == {name: np.dtype(code).itemsize for name, code in _DTYPES.items()}


def test_the_lock_names_no_host() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    assert "http" not in json.dumps(lock)
    asked = json.loads((ROOT / "package.json").read_text("utf-8"))["devDependencies"]
    assert lock["packages"][""]["devDependencies"] == asked
    assert all(re.fullmatch(r"[\d.]+", version) for version in asked.values()), "pinned exactly"
