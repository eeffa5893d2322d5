"""The still figure, built from two steps, from a cloud of starts, from every surface."""

from __future__ import annotations

import numpy as np
import pytest

import optviz


@pytest.mark.parametrize("name", optviz.SURFACES)
def test_every_surface(name: str) -> None:
    figure = optviz.race(name, ["sgd", "momentum"], num_steps=2).figure()
    assert len(figure.data) == 1 + 2 * 3


def test_a_cloud_has_gaps_between_its_paths() -> None:
    race = optviz.race("ravine", ["sgd"], num_steps=4, start=[[1, 1], [2, 0]])
    path = race.figure().data[1]
    assert len(path.x) == 2 * 6
    assert np.isnan(path.x[5])
