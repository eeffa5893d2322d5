"""What a proof of a rule is, how its error is measured, and the file that keeps the results.

A proof compares a rule with something that was not written by its author: another library, live or
as stored paths; a closed form; steps worked by hand from the paper. Every `proofs_*.py` beside this
file declares some in a tuple `PROOFS`; `python tests/proofs/make_proofs.py` measures all of them
and writes the results for the app, and `test_proofs.py` fails when that file is stale.
"""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import optviz.optimizers
from optviz.engine.machine.precision import cast, on_cpu
from optviz.optimizers import StepContext

FILE = Path(optviz.optimizers.__file__).with_name("proofs.json")
FOLDER = Path(__file__).parent
TWIN = 1e-11  # where a path and its twin one rounding error away differ by more, none is comparable
ROUNDING = 1e-15  # errors below it are said to be this large


@dataclass(frozen=True)
class Proof:
    """One comparison of one rule.

    Attributes:
        rule: key of the rule.
        reference: what it is compared with, a library with its version.
        what: what was run, in words.
        steps: steps compared.
        tolerance: largest error allowed, relative to max(1, |x|).
        convention: where implementations differ, which form this is.
        measure: runs the comparison and returns the largest error.
    """

    rule: str
    reference: str
    what: str
    steps: int
    tolerance: float
    convention: str
    measure: Callable[[], float]

    def said(self) -> dict[str, Any]:
        """All of the record but the error."""
        names = ("reference", "what", "steps", "tolerance", "convention")
        return {name: getattr(self, name) for name in names}


def declared() -> list[Proof]:
    """The proofs of every `proofs_*.py` in this folder."""
    found: list[Proof] = []
    for path in sorted(FOLDER.glob("proofs_*.py")):
        found += importlib.import_module(path.stem).PROOFS
    return sorted(found, key=lambda proof: proof.rule)  # stable: files and order within them


def error_of(ours: Any, theirs: Any) -> float:
    """Largest difference relative to max(1, |x|), over all numbers of two trees."""
    worst = 0.0
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        assert a.shape == b.shape
        assert np.isfinite(a).all()
        worst = max(worst, float(np.max(np.abs(a - b) / np.maximum(1, np.abs(b)), initial=0.0)))
    return worst


def rounded_up(error: float) -> float:
    """One significant digit, never below the rounding of the number format."""
    error = max(error, ROUNDING)
    unit = 10.0 ** math.floor(math.log10(error))
    return float(f"{math.ceil(error / unit - 1e-9) * unit:.0e}")


def write(records: dict[str, list[dict[str, Any]]]) -> None:
    FILE.write_text(json.dumps(records, indent=2, ensure_ascii=False) + "\n", "utf-8")


def stored() -> dict[str, list[dict[str, Any]]]:
    return json.loads(FILE.read_text("utf-8"))


def walk(
    rule: Any, loss_fn: Callable[[Any, jax.Array], jax.Array], start: Any, num_steps: int
) -> Any:
    """Answers of a rule, the start first: every leaf gets a first axis of num_steps + 1.

    Steps are made as the engines make them. `loss_fn(params, step)` may change with the step.
    """

    def body(carry: Any, step: jax.Array) -> tuple[Any, Any]:
        params, state = carry
        point = rule.query(params, state)
        this_loss = lambda p: loss_fn(p, step)  # noqa: E731
        loss, grads = jax.value_and_grad(this_loss)(point)
        key = jax.random.fold_in(jax.random.key(0), step)
        ctx = StepContext(step, params, loss, grads, key, this_loss)
        updates, state = rule.update(ctx, state)
        params = jax.tree.map(jnp.add, params, updates)
        return (params, state), rule.answer(params, state)

    steps = jnp.arange(num_steps, dtype=jnp.int32)
    _, seen = jax.lax.scan(body, (start, rule.init(start)), steps)
    return with_start(start, seen)


def with_start(start: Any, seen: Any) -> Any:
    return jax.tree.map(lambda s, path: jnp.concatenate([s[None], path]), start, seen)


def two_steps(rule: Any, gradients: Any, start: Any = (0.0, 0.0), rates: Any = None) -> np.ndarray:
    """Answers after each of some steps with given gradients, and given rates if any: (n, size)."""
    with on_cpu("float64"):
        params = jnp.asarray(start, jnp.float64)
        state = cast(rule, "float64").init(params)
        answers = []
        for step, gradient in enumerate(gradients):
            now = (
                rule if rates is None else type(rule)(**vars(rule) | {"learning_rate": rates[step]})
            )
            now = cast(now, "float64")
            slope = jnp.asarray(gradient, jnp.float64)
            loss = lambda p, slope=slope: jnp.sum(slope * p)  # noqa: E731
            key = jax.random.key(0)
            ctx = StepContext(jnp.int32(step), params, loss(params), slope, key, loss)
            updates, state = now.update(ctx, state)
            params = params + updates
            answers.append(np.asarray(now.answer(params, state)))
    return np.array(answers)
