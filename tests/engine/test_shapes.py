"""Arrays have the shapes and number formats that are said of them, in records and in calls."""

from __future__ import annotations

import itertools
from typing import Any, get_args, get_type_hints

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import AbstractArray, TypeCheckError, jaxtyped

from optviz.analysis.race.convergence import Ends, ends
from optviz.analysis.race.record import record_race
from optviz.data import Synthetic
from optviz.engine.surfaces.ground import ground
from optviz.engine.training import snapshots
from optviz.engine.training.data import batches, split
from optviz.engine.training.stack.device import Stack
from optviz.engine.training.track import Track
from optviz.networks import Linear
from optviz.networks.losses import LOSSES
from optviz.specs import RaceSpec, Run
from optviz.specs.experiment import TrainSpec
from optviz.surfaces import SURFACES

pytestmark = pytest.mark.usefixtures("compiled_quickly")

DATASET = Synthetic(num_train=45, num_test=20)
RUNS = tuple(map(Run.parse, ("sgd", "adam")))


def arrays_in(hint: Any) -> tuple[Any, ...]:
    """The kinds of arrays that a field may be, or that the tuple in it may hold."""
    if isinstance(hint, type) and issubclass(hint, AbstractArray | np.generic):
        return (hint,)
    return tuple(itertools.chain.from_iterable(map(arrays_in, get_args(hint))))


def check_fields(record: Any) -> None:
    """Every array of a record is as its field says; what one size is called is one size."""
    checked = 0
    with jaxtyped("context"):
        for name, hint in get_type_hints(type(record)).items():
            value = getattr(record, name)
            for one in value if type(value) is tuple else (value,):
                if one is not None and (kinds := arrays_in(hint)):
                    said = [kind.__name__ for kind in kinds]
                    assert isinstance(one, kinds), (name, said, one.shape, one.dtype)
                    checked += 1
    assert checked


@pytest.mark.parametrize("start", [None, ((1.0, 2.0), (0.5, 1.0))], ids=["1", "2"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("schedule", ["", "@reduce_on_plateau"])
def test_races(start: Any, dtype: str, schedule: str) -> None:
    runs = tuple(Run.parse(f"{rule}{schedule}") for rule in ("sgd", "adam"))
    spec = RaceSpec(SURFACES["ravine"](), runs, start, 20, dtype=dtype, rates="default")
    found = record_race(spec)
    check_fields(found.descents)
    check_fields(ends(found.descents, ground(spec.surface, dtype), 1e-6))


def test_images_and_batches() -> None:
    spec = TrainSpec(DATASET, Linear(), RUNS, batch_size=20)
    parts = split(DATASET.load(), spec)
    for normalise in ("mean_std", "mean_image", "none"):
        other = TrainSpec(DATASET, Linear(), RUNS, normalise=normalise)
        check_fields(split(DATASET.load(), other).train)
    check_fields(parts.tested)
    for batch in batches(45, 20, 0, 0):  # the last one is short
        check_fields(batch)


def test_what_a_stack_is_fed_and_tells() -> None:
    spec = TrainSpec(DATASET, Linear(), (RUNS[0],), batch_size=20, seeds=3)
    parts = split(DATASET.load(), spec)
    tracks = [Track(m, i, parts, lambda event: None, None) for i, m in enumerate(spec.members())]
    with jax.enable_x64(False):
        stack = Stack(tracks)
        arrays = {seat: snapshots.to_arrays(seat.track.begin()[0]) for seat in stack.seats}
        stack.load(arrays)
        stack.begin_epoch(0)
        check_fields(stack._feed)
        for told in stack.advance(0, 0, 2):
            check_fields(told)
        for totals in stack.zeros():
            check_fields(totals)


@pytest.mark.parametrize("name", LOSSES)
def test_wrong_shapes_do_not_pass(name: str) -> None:
    """The check is there: without it a column of labels would be broadcast, or fail elsewhere."""
    logits, labels = jnp.zeros((4, 10), jnp.float32), jnp.zeros(4, jnp.int32)
    assert LOSSES[name].function(logits, labels, 0.0).shape == (4,)
    for bad in (labels[:3], labels[:, None], labels.astype(jnp.float32)):
        with pytest.raises(TypeCheckError, match="problem arose whilst typechecking parameter"):
            LOSSES[name].function(logits, bad, 0.0)


def test_wrong_fields_do_not_pass() -> None:
    good = Ends(np.array(["running"]), np.array([3]))
    check_fields(good)
    shapes = {"steps_to_tolerance": np.array([3.0]), "outcomes": good.outcomes[None]}
    for name, array in shapes.items():
        bad = good._replace(**{name: array})
        with pytest.raises(AssertionError):
            check_fields(bad)
