"""The compiled pieces of many trainings at once: the pieces of one, mapped over the runs.

Runs with one rule (and its switches) form a slice, stacked along a leading axis. All runs have one
gradient together, each rule then makes its own of its slice. A span of steps is one program with
the images on the device and a traced number of steps, so that spans of any length are one program
and round alike. With a mesh, every device has its share of each slice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Float32, Int32

from optviz.engine.training import objective, programs
from optviz.engine.training.data import Batch, Images
from optviz.engine.training.objective import Recipe, Strengths, Task, Totals
from optviz.engine.training.programs import Carry, Measures
from optviz.networks.base import Network, Params

AXIS = "run"  # of the mesh
CAPACITY = 512  # steps of a span at most
RUNS, STEPS_RUNS, SAME = PartitionSpec(AXIS), PartitionSpec(None, AXIS), PartitionSpec()


class Fixed(NamedTuple):
    """What does not change about the runs of a slice; every leaf (runs, …)."""

    network: Network
    strengths: Strengths
    key: jax.Array
    order: jax.Array  # int32, which of the feed's orders a run follows
    rule: Any  # as it is without schedules


class Feed(NamedTuple):
    """What the steps of one epoch see."""

    images: Images
    orders: Int32[Array, "seeds steps batch"]  # into the images
    sizes: Int32[Array, " steps"]  # how many images of each batch count


class Span(NamedTuple):
    """Consecutive steps of one epoch."""

    number: np.int32  # of the first, over all epochs
    position: np.int32  # of the first, in its epoch
    length: np.int32  # at most CAPACITY


class Told(NamedTuple):
    """What a span shows of one slice; past the span's length nothing is meant."""

    losses: Float32[Array, "capacity runs"]
    grad_norms: Float32[Array, "capacity runs"]
    update_ratios: Float32[Array, "runs weights"]  # of the last step, an array of weights each
    grad_ratios: Float32[Array, "runs weights"]  # likewise


@partial(jax.jit, static_argnames=("recipe", "mesh"), donate_argnames="carries")
def advance(
    carries: tuple[Carry, ...],
    fixed: tuple[Fixed, ...],
    rules: tuple[Any, ...],
    feed: Feed,
    span: Span,
    *,
    recipe: Recipe,
    mesh: Mesh | None,
) -> tuple[tuple[Carry, ...], tuple[Told, ...]]:
    """Train every run for the steps of a span.

    Args:
        carries: of each slice, stacked; donated.
        fixed: of each slice.
        rules: of each slice the rule as it stands at each step: leaves (CAPACITY, runs).
        feed: the epoch's batches.
        span: which of them.
        recipe: what is compiled in.
        mesh: the devices that share the runs; None: one.
    """
    places: Any = (STEPS_RUNS, STEPS_RUNS, RUNS, RUNS)
    told = tuple(Told(*places) for _ in carries)
    over = (RUNS, RUNS, STEPS_RUNS, SAME, SAME)
    run = _shared(partial(_advance, recipe=recipe), mesh, over, (RUNS, told))
    return run(carries, fixed, rules, feed, span)


def _advance(
    carries: tuple[Carry, ...],
    fixed: tuple[Fixed, ...],
    rules: tuple[Any, ...],
    feed: Feed,
    span: Span,
    recipe: Recipe,
) -> tuple[tuple[Carry, ...], tuple[Told, ...]]:
    begins = span.position == 0  # the sums are those of the epoch
    carries = tuple(
        c._replace(totals=jax.tree.map(lambda t: jnp.where(begins, 0, t), c.totals))
        for c in carries
    )

    def body(index: jax.Array, state: Any) -> Any:
        carries, told = state
        now = [jax.tree.map(lambda values: values[index], rule) for rule in rules]
        place = span.position + index
        carries, measures = _step(carries, fixed, now, feed, place, span.number + index, recipe)
        return carries, tuple(
            Told(
                t.losses.at[index].set(m.loss),
                t.grad_norms.at[index].set(m.grad_norm),
                m.update_ratios,
                m.grad_ratios,
            )
            for t, m in zip(told, measures, strict=True)
        )

    return jax.lax.fori_loop(0, span.length, body, (carries, tuple(map(_untold, carries))))


def _untold(carry: Carry) -> Told:
    runs = carry.totals.loss.size
    weights = sum(leaf.ndim > 2 for leaf in jax.tree.leaves(carry.params))  # with that of the runs
    empty = jnp.zeros((CAPACITY, runs), jnp.float32)
    ratios = jnp.zeros((runs, weights), jnp.float32)
    return Told(empty, empty, ratios, ratios)


def _step(
    carries: Sequence[Carry],
    fixed: Sequence[Fixed],
    rules: Sequence[Any],
    feed: Feed,
    place: jax.Array,
    number: jax.Array,
    recipe: Recipe,
) -> tuple[tuple[Carry, ...], list[Measures]]:
    """One step of every run: `programs.step`, mapped."""
    points = [_query(rule, carry) for rule, carry in zip(rules, carries, strict=True)]
    found = _mapped(programs.gradient, recipe, feed, place, number)(
        _joined(points), _joined([carry.stats for carry in carries]), _joined(fixed)
    )
    parts = _parted(found, [carry.totals.loss.size for carry in carries])
    moved, measures = [], []
    for carry, own, rule, part in zip(carries, fixed, rules, parts, strict=True):
        params, state, seen = _mapped(programs.update, recipe, feed, place, number)(
            carry.params, carry.state, carry.stats, rule, part.loss, part.grads, own
        )
        totals = objective.add(carry.totals, part.totals)
        moved.append(Carry(params, part.stats, state, totals))
        measures.append(seen)
    return tuple(moved), measures


def _query(rule: Any, carry: Carry) -> Params:
    if not programs.looks_ahead(rule):
        return carry.params
    return jax.vmap(programs.query)(rule, carry.params, carry.state)


def _mapped(
    function: Any, recipe: Recipe, feed: Feed, place: jax.Array, number: jax.Array
) -> Callable[..., Any]:
    """`function(*args, task, number, key, recipe=)` of one run as `(*args, fixed)` of many.

    Runs with one seed see the same images, changed in the same way: they are made once.
    """
    batches, size = feed.orders[:, place], feed.sizes[place]
    one = feed.orders.shape[0] == 1

    def of_one(chosen: Any, key: jax.Array, own: Fixed, *args: Any) -> Any:
        task = Task(own.network, feed.images, Batch(chosen, size), own.strengths)
        return function(*args, task, number, key, recipe=recipe)

    def of_many(*args: Any) -> Any:
        own: Fixed = args[-1]
        if one:
            over = (None, None, *[0] * len(args))
            return jax.vmap(of_one, over)(batches[0], own.key[0], own, *args[:-1])
        return jax.vmap(of_one)(batches[own.order], own.key, own, *args[:-1])

    return of_many


def _joined(parts: Sequence[Any]) -> Any:
    """One tree along the runs of all slices; of `Fixed`, without the rules, which differ."""
    if isinstance(parts[0], Fixed):
        parts = [part._replace(rule=None) for part in parts]
    if len(parts) == 1:
        return parts[0]
    return jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *parts)


def _parted(tree: Any, lengths: Sequence[int]) -> list[Any]:
    """`_joined` backwards."""
    if len(lengths) == 1:
        return [tree]
    ends = np.cumsum(lengths).tolist()
    return [
        jax.tree.map(lambda leaf, a=end - length, b=end: leaf[a:b], tree)
        for end, length in zip(ends, lengths, strict=True)
    ]


@partial(jax.jit, static_argnames="mesh")
def answers(
    carries: tuple[Carry, ...], fixed: tuple[Fixed, ...], *, mesh: Mesh | None
) -> tuple[Params, ...]:
    """Of each slice the weights that the rules would be judged by."""

    def of_all(carries: Any, fixed: Any) -> Any:
        pairs = zip(carries, fixed, strict=True)
        return tuple(jax.vmap(programs.answer)(own.rule, carry) for carry, own in pairs)

    return _shared(of_all, mesh, (RUNS, RUNS), RUNS)(carries, fixed)


@partial(jax.jit, static_argnames=("recipe", "size", "mesh"))
def evaluate_block(
    totals: tuple[Totals, ...],
    params: tuple[Params, ...],
    stats: tuple[Any, ...],
    fixed: tuple[Fixed, ...],
    images: Images,
    span: tuple[jax.Array, jax.Array],
    *,
    recipe: Recipe,
    size: int,
    mesh: Mesh | None,
) -> tuple[Totals, ...]:
    """`totals` and the sums over `size` more images within `span` (start, end), of every run."""

    def of_one(own: Fixed, params: Params, stats: Any, images: Images, span: Any) -> Totals:
        return objective.evaluate_block(
            own.network, params, stats, images, *span, recipe=recipe, size=size
        )

    def of_all(totals: Any, params: Any, stats: Any, fixed: Any, images: Any, span: Any) -> Any:
        run = jax.vmap(of_one, (0, 0, 0, None, None))
        more = run(_joined(fixed), _joined(params), _joined(stats), images, span)
        parts = _parted(more, [t.loss.size for t in totals])
        return tuple(map(objective.add, totals, parts))

    over = (RUNS, RUNS, RUNS, RUNS, SAME, SAME)
    return _shared(of_all, mesh, over, RUNS)(totals, params, stats, fixed, images, span)


@partial(jax.jit, static_argnames="mesh")
def dead_shares(
    params: tuple[Params, ...],
    stats: tuple[Any, ...],
    fixed: tuple[Fixed, ...],
    feed: Feed,
    place: jax.Array,
    *,
    mesh: Mesh | None,
) -> tuple[dict[str, jax.Array], ...]:
    """Of each slice, by layer, the share (runs,) of units that are zero on a whole batch."""

    def of_one(own: Fixed, params: Params, stats: Any, feed: Feed, place: jax.Array) -> Any:
        batch = Batch(feed.orders[own.order, place], feed.sizes[place])
        return objective.dead_shares(own.network, params, stats, feed.images, batch)

    def of_all(params: Any, stats: Any, fixed: Any, feed: Feed, place: jax.Array) -> Any:
        run = jax.vmap(of_one, (0, 0, 0, None, None))
        return tuple(
            run(own, p, s, feed, place) for own, p, s in zip(fixed, params, stats, strict=True)
        )

    return _shared(of_all, mesh, (RUNS, RUNS, RUNS, SAME, SAME), RUNS)(
        params, stats, fixed, feed, place
    )


def _shared(function: Any, mesh: Mesh | None, in_specs: Any, out_specs: Any) -> Any:
    """The function on each device's share of the runs."""
    if mesh is None:
        return function
    # What is computed on one device never meets what is computed on another: nothing to check.
    return jax.shard_map(
        function, mesh=mesh, in_specs=in_specs, out_specs=out_specs, check_vma=False
    )
