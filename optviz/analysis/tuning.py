"""Fair learning rates: each rule at its own best rate on each surface, found by one stated rule.

`python -m optviz.analysis.tuning` searches every rule on every surface and writes the table that
`optviz.specs.rates` reads; naming rules or surfaces searches those only and keeps the rest.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from optviz.analysis.convergence import lowest_loss, window
from optviz.catalog import knobs
from optviz.engine.descend import Descents, Job, descend
from optviz.optimizers import OPTIMIZERS, Optimizer
from optviz.surfaces import SURFACES, Surface

# Five rates a decade. SGD in the steepest walls needs 1e-3, and Adadelta, which scales its steps
# down by itself, more than 10: seven decades leave room on both sides of every best rate.
GRID = tuple(float(f"{rate:.3g}") for rate in np.geomspace(1e-4, 1e3, 36))
NUM_STEPS = 500
NUM_STARTS, JITTER, SEED = 16, 0.01, 0
TOLERANCE = 1e-6  # share of the first error within which two rates end equally low
APART = 0.05  # share of the window: runs that end further apart than this ended in two places
LONGEST_STEP = 0.5  # share of the window, on a surface with a lower bound
LONGEST_ESCAPE_STEP = 0.1  # on one without: there the longest step allowed decides who is first

RULE = (
    f"Of {len(GRID)} learning rates from {GRID[0]:g} to {GRID[-1]:g}, the one that ends lowest "
    f"after {NUM_STEPS} steps; among those that end equally low, to a millionth of the first "
    "error, the one that needs the fewest gradient evaluations to get there and stay. "
    f"Medians over {NUM_STARTS} starts within {JITTER:.0%} of the surface's own; a rate counts "
    "only if all these runs stay in the window, never rise above their start, take no step across "
    "more than half the window and end in one place (where no rate does that, they need not). "
    "On a surface without a lower bound: the fewest evaluations until every run has left the "
    "window downhill, with no step across more than a tenth of it."
)

TABLE = Path(__file__).parents[1] / "specs" / "fair_rates.json"


@dataclass(frozen=True, eq=False)
class Search:
    """What a search saw; arrays have one element a rate.

    Attributes:
        rates: learning rates tried.
        counts: whether all runs of a rate were fit to be compared.
        final_losses: median over the starts.
        evaluations: median over the starts of the gradient evaluations until a run has got where
            the best rate ends, or out of the window; inf where it does not.
        best: index of the chosen rate.
    """

    rates: np.ndarray
    counts: np.ndarray
    final_losses: np.ndarray
    evaluations: np.ndarray
    best: int

    @property
    def rate(self) -> float:
        return float(self.rates[self.best])


def search_rate(
    surface: Surface,
    optimizer: Optimizer,
    *,
    rates: Sequence[float] = GRID,
    num_steps: int = NUM_STEPS,
) -> Search:
    """Find a rule's fair learning rate on a surface, as `RULE` says.

    Where no rate counts, the lowest final loss among those that do not diverge decides.

    Raises:
        ValueError: the rule has no learning rate.
    """
    if "learning_rate" not in knobs(type(optimizer)):
        raise ValueError(f"{optimizer.label} has no learning rate to search")
    jobs = [Job(replace(optimizer, learning_rate=rate), {}) for rate in rates]
    runs = descend(jobs, surface, jittered_starts(surface), num_steps=num_steps)
    bounded = lowest_loss(surface) != -np.inf
    counts, evaluations = (_descents if bounded else _escapes)(surface, runs)
    final = np.median(runs.losses[..., -1], axis=1)
    if counts.any():
        best = int(np.argmin(evaluations))
    else:
        finite = np.where((runs.diverged_at < 0).all(axis=1), final, np.inf)
        best = int(np.argmin(finite))
    return Search(np.asarray(rates), counts, final, evaluations, best)


def jittered_starts(surface: Surface) -> np.ndarray:
    """(NUM_STARTS, 2): the surface's own start first, the others near it.

    Each coordinate is scaled, not shifted, so that a start beside a ridge stays on its side.
    """
    draws = np.random.default_rng(SEED).uniform(-1, 1, (NUM_STARTS - 1, 2))
    factors = 1 + JITTER * np.concatenate([np.zeros((1, 2)), draws])
    return np.asarray(surface.start) * factors


def _descents(surface: Surface, runs: Descents) -> tuple[np.ndarray, np.ndarray]:
    """(num_rates,) each: which rates count, and the evaluations that they need."""
    losses = runs.losses  # (num_rates, NUM_STARTS, num_steps + 1), as all below
    span, inside, step = _geometry(surface, runs)
    ends = runs.params[:, :, -1]
    apart = (np.abs(ends[:, :, None] - ends[:, None]) / span).max(axis=(1, 2, 3))
    counts = (
        (runs.diverged_at < 0).all(axis=1)
        & inside.all(axis=(1, 2))
        & ~_rises(losses).any(axis=(1, 2))
        & (step.max(axis=(1, 2)) <= LONGEST_STEP)
    )
    together = counts & (apart <= APART)
    counts = together if together.any() else counts
    final = np.where(counts, np.median(losses[..., -1], axis=1), np.inf)
    if not counts.any():
        return counts, final
    goal = final.min()
    room = TOLERANCE * (losses[..., :1] - goal)
    there = losses - goal <= room
    lowest = counts & (final - goal <= np.median(room))
    needed = np.median(_evaluations_at(runs, _last_run_of(there)), axis=1)
    # A goal that half of the runs miss by a hair still has a best rate: the one that set it.
    needed = np.where(np.isfinite(needed), needed, runs.evaluations[:, 0, -1] + 1)
    return counts, np.where(lowest, needed, np.inf)


def _escapes(surface: Surface, runs: Descents) -> tuple[np.ndarray, np.ndarray]:
    _, inside, step = _geometry(surface, runs)
    out = runs.losses < np.min(window(surface))
    escaped_at = np.where(out.any(axis=-1), out.argmax(axis=-1), -1)
    before = np.arange(out.shape[-1]) < escaped_at[..., None]
    rises = (_rises(runs.losses) & before).any(axis=(1, 2))
    jumps = ((step > LONGEST_ESCAPE_STEP) & inside[..., :-1]).any(axis=(1, 2))
    counts = (escaped_at >= 0).all(axis=1) & ~rises & ~jumps
    needed = np.median(_evaluations_at(runs, escaped_at), axis=1)
    return counts, np.where(counts, needed, np.inf)


def _geometry(surface: Surface, runs: Descents) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Size of the window (2,); whether each state is inside; each step's share of the window."""
    low, high = np.asarray([surface.xlim, surface.ylim]).T
    inside = ((runs.params >= low) & (runs.params <= high)).all(axis=-1)
    step = (np.abs(np.diff(runs.params, axis=2)) / (high - low)).max(axis=-1)
    return high - low, inside, step


def _rises(losses: np.ndarray) -> np.ndarray:
    first = losses[..., :1]
    return losses > first + 1e-9 * np.abs(first)


def _last_run_of(true: np.ndarray) -> np.ndarray:
    """Index from which `true` holds to the end of the last axis; -1: it does not hold there."""
    length = true.shape[-1]
    trailing = np.where(true.all(axis=-1), length, np.argmin(true[..., ::-1], axis=-1))
    return np.where(trailing > 0, length - trailing, -1)


def _evaluations_at(runs: Descents, index: np.ndarray) -> np.ndarray:
    """Evaluations so far at an index of each run; inf where it is -1."""
    found = np.take_along_axis(runs.evaluations, np.maximum(index, 0)[..., None], axis=-1)[..., 0]
    return np.where(index >= 0, found, np.inf)


# The table --------------------------------------------------------------------------------------


def searchable() -> Iterator[tuple[str, str]]:
    """(surface, optimizer) keys that the table must hold."""
    for surface in SURFACES:
        for key, rule in OPTIMIZERS.items():
            if "learning_rate" in knobs(rule):
                yield surface, key


def table_of(found: dict[str, dict[str, float]]) -> dict[str, Any]:
    """The table as it is written: what was searched, and how."""
    return {
        "rule": RULE,
        "grid": list(GRID),
        "num_steps": NUM_STEPS,
        "num_starts": NUM_STARTS,
        "jitter": JITTER,
        "seed": SEED,
        "tolerance": TOLERANCE,
        "surfaces": {s: dict(sorted(rates.items())) for s, rates in sorted(found.items())},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Search and write the table."""
    parser = argparse.ArgumentParser(
        prog="python -m optviz.analysis.tuning",
        description=f"Search fair learning rates. {RULE}",
        epilog="example: python -m optviz.analysis.tuning --surface beale --optimizer adam",
    )
    parser.add_argument("--surface", action="append", choices=list(SURFACES), metavar="KEY")
    parser.add_argument("--optimizer", action="append", choices=list(OPTIMIZERS), metavar="KEY")
    parser.add_argument("--missing", action="store_true", help="only what the table does not hold")
    parser.add_argument("--out", type=Path, default=TABLE, help="file to write")
    options = parser.parse_args(arguments)

    known = json.loads(TABLE.read_text("utf-8"))["surfaces"] if TABLE.exists() else {}
    found: dict[str, dict[str, float]] = {}
    for surface, key in searchable():
        old = known.get(surface, {}).get(key)
        wanted = (options.surface is None or surface in options.surface) and (
            options.optimizer is None or key in options.optimizer
        )
        if not wanted or (options.missing and old is not None):
            if old is not None:
                found.setdefault(surface, {})[key] = old
            continue
        search = search_rate(SURFACES[surface](), OPTIMIZERS[key]())
        found.setdefault(surface, {})[key] = search.rate
        print(
            f"{surface:16s} {key:16s} {search.rate:8g}  "
            f"{search.evaluations[search.best]:6g} evaluations, "
            f"final loss {search.final_losses[search.best]:.3g}, "
            f"{search.counts.sum()} of {len(search.rates)} rates count",
            file=sys.stderr,
        )
    text = json.dumps(table_of(found), indent=2, ensure_ascii=False)
    options.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
