"""A run as it stands after some step, from which it can go on to the same numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from optviz.engine.training.events import Outcome
from optviz.specs.text import entry_text
from optviz.specs.training import Training

T = TypeVar("T")


class Snapshot(NamedTuple):
    """Everything that decides how a run goes on.

    Batches and random keys are not in it: they follow from the seed, the epoch and the step.
    """

    step: int  # steps done
    epoch: int  # whole epochs done, validation included
    clock: float  # seconds of training
    epoch_clock: float  # the clock when the epoch began
    val_losses: tuple[float | None, ...]  # of the epochs done
    outcome: Outcome  # "running" unless the run has come to its own end
    diverged_at: int
    fingerprint: str  # of the network, the rule and the shapes of the arrays
    arrays: Mapping[str, np.ndarray]  # every leaf of the carry by its path


class Keeper(Protocol):
    """Where snapshots go and come from; `member` is the index into the spec's members."""

    def load(self, member: int) -> Snapshot | None:
        """The last snapshot, or None: the run starts at its beginning."""

    def save(self, member: int, snapshot: Snapshot) -> None:
        """Keep a snapshot; the events up to it have been told."""


def to_arrays(tree: Any) -> dict[str, np.ndarray]:
    """The leaves of a tree on the host, by path."""
    leaves = jax.device_get(jax.tree.map(plain, tree))
    found, _ = jax.tree_util.tree_flatten_with_path(leaves)
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in found}


def from_arrays(arrays: Mapping[str, np.ndarray], like: T) -> T:
    """The tree of `to_arrays`, on the device; `like` has its structure (see `check`)."""
    found, structure = jax.tree_util.tree_flatten_with_path(like)
    leaves = []
    for path, leaf in found:
        array = jnp.asarray(arrays[jax.tree_util.keystr(path)])
        leaves.append(jax.random.wrap_key_data(array) if _is_key(leaf) else array)
    return jax.tree.unflatten(structure, leaves)


def fingerprint(spec: Training, arrays: Mapping[str, np.ndarray]) -> str:
    """What a snapshot is of: `network, rule, shapes`; another's cannot be gone on from."""
    shapes = "".join(f"{p}{a.shape}{a.dtype}" for p, a in sorted(arrays.items()))
    digest = hashlib.blake2b(shapes.encode(), digest_size=8).hexdigest()
    return f"{entry_text(spec.network)}, {spec.run.text()}, {digest}"


def check(snapshot: Snapshot, spec: Training, like: Mapping[str, np.ndarray]) -> None:
    """Raise `ValueError` where the snapshot is of another network or rule."""
    wanted = fingerprint(spec, like)
    if snapshot.fingerprint != wanted:
        raise ValueError(
            f"the checkpoint is of {_named(snapshot.fingerprint)}; this training is of "
            f"{_named(wanted)}"
        )
    if fingerprint(spec, snapshot.arrays) != wanted:
        raise ValueError("the checkpoint's arrays have other shapes than this network's")


def _named(text: str) -> str:
    return text.rpartition(", ")[0]


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def plain(leaf: Any) -> Any:
    """The leaf as NumPy can hold it: random keys as their bits."""
    return jax.random.key_data(leaf) if _is_key(leaf) else leaf
