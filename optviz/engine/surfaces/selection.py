"""The loops of a race: called one by one, or all at once where that is quicker.

Every rule's loop is a program of its own, so that a rule that joins compiles nothing for the
others. To call a program takes as long as the loop of a short race, though. So rules that race
together again and again, as under a slider, get one program of all their loops. It is compiled
beside the races, which go on as before until it is there, and gives the same bits, for each of its
loops is the same computation.

One rule with many numbers, as a search for its best rate asks for, is one program from the start:
its loop within a loop over the numbers. It too gives the same bits.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from optviz.engine.factors import Factors, structure_of
from optviz.engine.machine.cpu_compiler import loop_options
from optviz.engine.machine.precision import cast, on_cpu
from optviz.engine.surfaces.loop import Inputs, path, record_path, record_paths, record_series
from optviz.optimizers import Optimizer
from optviz.specs.budget import CAPACITIES
from optviz.surfaces import Surface

OFTEN = 32  # races of one selection, after which a program of its own is worth its second
KEPT = 32  # selections that are known, those that have a program among them
# States that a selection's program holds: what it gives back is shorter than the loops' buffers
# where that is enough, for a short race is quicker computed than a long buffer is handed over.
BUFFERS = (512, CAPACITIES[0])
SHORT = 256  # the same of a series: most of a search are its first steps
# Runs of one rule that are worth a program of their own, and those that it is made for: a grid of
# rates with the class's own fits.
SERIES, LONGEST_SERIES = 8, 40


class Field(NamedTuple):
    """Who races, and what with."""

    rules: tuple[Optimizer, ...]
    surface: Surface
    # of each rule's knobs, with their part of what decides its program
    factors: tuple[tuple[Factors, Any], ...]
    start: np.ndarray  # (2,), or (num_starts, 2), in `dtype`
    inputs: Inputs  # what every rule gets alike
    capacity: int  # of the buffers
    dtype: str  # "float64" or "float32"


class Selection:
    """Rules, a kind of surface and a number format that have raced before."""

    def __init__(self) -> None:
        self.races = 0
        self.program: Future[Callable[..., Any]] | None = None

    def raced(self, compile_program: Callable[[], Callable[..., Any]]) -> None:
        """Count a race; the one that makes it often has the program compiled, once."""
        with _lock:
            self.races += 1
            if self.races == OFTEN:
                self.program = _beside.submit(compile_program)

    @property
    def ready(self) -> Callable[..., Any] | None:
        """The program of all loops, once it is there. One that cannot be compiled never is."""
        program = self.program
        return program.result() if program and program.done() and not program.exception() else None


_selections: OrderedDict[Any, Selection] = OrderedDict()
_lock = Lock()
_compiled: set[Any] = set()  # kinds of loops
_beside = ThreadPoolExecutor(1, thread_name_prefix="optviz-selection")


def known(key: Any) -> Selection:
    """The selection with this key; what has not raced for the longest is forgotten."""
    with _lock:
        found = _selections.setdefault(key, Selection())
        _selections.move_to_end(key)
        if len(_selections) > KEPT:
            _selections.popitem(last=False)
    return found


def settle() -> None:
    """Wait until no program is being compiled, as benchmarks do before they measure."""
    _beside.submit(int).result()


def records(field: Field) -> np.ndarray:
    """(num_rules, ..., at least num_steps + 1, 5 or 6) of every rule; see `loop.path`.

    It has a sixth column where a rule's learning rate has a schedule that sees the loss. It may be
    memory that cannot be written to. To be called inside the scope of the field's number format.
    """
    # Of many starts or steps, or one loop, the calls are hardly a part of the time.
    if field.start.ndim > 1 or field.capacity > CAPACITIES[0] or len(field.rules) == 1:
        return _one_by_one(field)
    if len(field.rules) >= SERIES and _are_alike(field):
        return _in_series(field)
    numbers, tree = jax.tree.flatten((field.rules, field.surface))
    buffer = next(size for size in BUFFERS if size > field.inputs.num_steps)
    selection = known((tree, *(structure for _, structure in field.factors), field.dtype, buffer))
    arrays = tuple(f for f, _ in field.factors)
    arguments = np.array(numbers, field.dtype), arrays, field.start, field.inputs
    program = selection.ready
    if program is not None:
        return np.asarray(program(*arguments))

    def compile_program() -> Callable[..., Any]:
        program = _program(tree, buffer)
        with on_cpu(field.dtype):  # threads do not inherit the scope
            jax.block_until_ready(program(*arguments))
        return program

    found = _one_by_one(field)
    selection.raced(compile_program)
    return found


def _program(tree: Any, buffer: int) -> Callable[..., Any]:
    """All loops in one program, whose knobs are one array, and whose records are another.

    To hand over each by itself would take as long as the loops.
    """

    def all_records(
        numbers: jax.Array, factors: tuple[Factors, ...], start: jax.Array, inputs: Inputs
    ) -> jax.Array:
        rules, surface = jax.tree.unflatten(tree, list(numbers))
        return _stacked(
            [
                path(rule, f, surface, start, inputs, buffer)
                for rule, f in zip(rules, factors, strict=True)
            ],
            jnp,
        )

    return jax.jit(all_records, compiler_options=loop_options())


def _stacked(found: Sequence[Any], xp: Any) -> Any:
    """Records as one array; to those that are a column short of the widest one is added."""
    columns = max(record.shape[-1] for record in found)

    def widened(record: Any) -> Any:
        missing = columns - record.shape[-1]
        return xp.pad(record, [(0, 0)] * (record.ndim - 1) + [(0, missing)]) if missing else record

    return xp.stack([widened(record) for record in found])


def _are_alike(field: Field) -> bool:
    """Whether it is one rule with other numbers each time, knobs' factors the same."""
    first, (factors, _) = structure_of(field.rules[0]), field.factors[0]
    return all(f is factors for f, _ in field.factors) and all(
        structure_of(rule) == first for rule in field.rules
    )


def _in_series(field: Field) -> np.ndarray:
    factors, _ = field.factors[0]
    shared = factors, cast(field.surface, field.dtype), field.start, field.inputs
    capacity = SHORT if field.inputs.num_steps < SHORT else field.capacity
    parts = []
    for first in range(0, len(field.rules), LONGEST_SERIES):
        rules = field.rules[first : first + LONGEST_SERIES]
        padded = (*rules, *rules[-1:] * (LONGEST_SERIES - len(rules)))
        stacked = jax.tree.map(lambda *values: np.array(values, field.dtype), *padded)
        found = record_series()(stacked, *shared, np.int32(len(rules)), capacity=capacity)
        parts.append(np.asarray(found)[: len(rules)])
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _one_by_one(field: Field) -> np.ndarray:
    """What has been compiled before is dispatched at once; what has not, in two threads."""
    rules, surface, factors, start, inputs, capacity, dtype = field
    # Numbers go in with the call: a transfer of its own for each would take twice as long as the
    # loops of a short race.
    shared = cast(surface, dtype), start, inputs
    calls = [(cast(rule, dtype), f) for rule, (f, _) in zip(rules, factors, strict=True)]
    loop = record_path() if start.ndim == 1 else record_paths()

    def run(call: tuple[Optimizer, Factors]) -> jax.Array:
        return loop(*call, *shared, capacity=capacity)

    def run_in_thread(call: tuple[Optimizer, Factors]) -> jax.Array:
        with on_cpu(dtype):  # threads do not inherit the scope
            return run(call)

    kind = (structure_of(surface), start.shape, dtype, capacity)
    kinds = {
        (structure_of(rule), structure, *kind)
        for rule, (_, structure) in zip(rules, factors, strict=True)
    }
    if len(kinds - _compiled) > 1:
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(run_in_thread, calls))
    else:
        found = list(map(run, calls))
    _compiled.update(kinds)
    states = int(inputs.num_steps) + 1
    return _stacked([np.asarray(record)[..., :states, :] for record in found], np)
