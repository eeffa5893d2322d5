"""Names that differ, and labels that come back."""

from __future__ import annotations

import pytest

from optviz.export.tensorboard import folders
from optviz.specs.experiment import TrainSpec
from optviz.specs.labels import MAX_LABEL, shortened, unique
from optviz.specs.run import Run, labels
from optviz.ui.networks.session import SESSION


@pytest.mark.parametrize(
    "names",
    [
        ["a", "a", "a (1)"],
        ["a", "a (1)", "a"],
        ["a (1)", "a (1)", "a", "a"],
        ["a", "a", "a (1)", "a (2)", "a (1)", "a (1) (1)"],
        ["", "", " (1)"],
    ],
)
@pytest.mark.parametrize("keep_first", [False, True])
def test_names_differ_and_single_ones_stay(names: list[str], keep_first: bool) -> None:
    found = unique(names, keep_first=keep_first)
    assert len(set(found)) == len(names)
    for name, new in zip(names, found, strict=True):
        assert new == name if names.count(name) == 1 else new.startswith(name)
    assert not keep_first or found[0] == names[0]


def test_folders_differ_on_every_file_system() -> None:
    names = [
        "a b",
        "a_b_2",
        "a_b",
        "A_B",
        "con",
        "CON.x",
        "é" * 120,
        "é" * 119 + "x",
        "..",
        "🙂",
        "",
    ]
    found = folders(names)
    assert found[:3] == ["a_b", "a_b_2", "a_b_1"]
    assert len({name.casefold() for name in found}) == len(names)
    assert all(0 < len(name.encode()) < 250 and name.strip("._") for name in found)
    assert not {name.partition(".")[0].lower() for name in found} & {"con"}


@pytest.mark.parametrize(
    "label",
    ["x", "a#b@c~d:e,f=g", "*", "#", "é · ü", "a  b", "-1", "=1+1", "%23&+", "y" * MAX_LABEL],
)
def test_every_label_comes_back(label: str) -> None:
    run = Run(Run.parse("adam:b1=0.5").optimizer, ("b1",), label=label)
    run.check()
    assert Run.parse(run.text()) == run


def test_labels_of_members_differ_whatever_runs_are_called() -> None:
    runs = tuple(map(Run.parse, ("sgd#a", "adam#a · batch size 64", "sgd#a · seed 0", "sgd#a")))
    spec: TrainSpec = SESSION.default()
    found = TrainSpec(spec.dataset, spec.network, runs, seeds=2, vary=("batch_size=64",)).members()
    assert len({member.label for member in found}) == len(found) == 16
    assert len({member.series for member in found}) == 8


def test_twins_with_labels_of_others_differ() -> None:
    runs = [Run.parse(text) for text in ("adam", "adam", "sgd#Adam #1", "sgd#Adam")]
    assert len(set(labels(runs))) == 4


def test_a_long_text_becomes_a_label() -> None:
    assert len(shortened("x" * 500)) == MAX_LABEL
    assert shortened("short") == "short"
