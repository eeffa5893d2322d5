"""Fair learning rates: each rule at the best rate for exactly the race that it is in.

A search is nothing but races: the rule runs at every rate from the race's own starts under its own
noise, with the loops that the race itself runs, so that what is found holds for it to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from optviz.analysis.race.answers import Answers, key_of
from optviz.analysis.race.convergence import ends, reference
from optviz.engine.surfaces.descend import Descents, Job, descend
from optviz.engine.surfaces.ground import ground, lowest_loss
from optviz.specs import RaceSpec
from optviz.specs.budget import SEARCHED_STATES, STATE_BYTES, capacity_for, padded_starts
from optviz.specs.rates import Question
from optviz.specs.text import counted
from optviz.surfaces import Surface

# Five rates a decade. SGD in the steepest walls needs 1e-3, and Adadelta, which scales its steps
# down by itself, more than 10: seven decades leave room on both sides of every best rate.
RATIO = 10**0.2
GRID = tuple(float(f"{rate:.3g}") for rate in np.geomspace(1e-4, 1e3, 36))
PARTS = 8  # the best rate is looked for again at so many parts of a ratio, on either side of it
LOOK = 128  # steps after which most rates cannot be the best any more, if one has arrived by then
LONGEST_STEP = 0.1  # share of the window: on a surface without a bound the longest step wins all

# What a search may take is `SEARCHED_STATES`: starts (up to a power of two) times the length of the
# buffers of one run. 64 starts for up to 2,047 steps, one for 100,000: seconds for eight rules.
THREADS = 2  # rules searched at a time
CHUNK_BYTES = (1 << 25) // THREADS  # of records at a time
_KEPT, _LOOKS = Answers(4096), Answers(4096)


class Scores(NamedTuple):
    """How a rule did at some rates; arrays have one element a rate.

    Attributes:
        rates: the learning rates.
        steps: median over the starts of the steps to tolerance; inf: not reached.
        final: median over the starts of the final loss; inf: diverged, or not to be compared.
    """

    rates: np.ndarray
    steps: np.ndarray
    final: np.ndarray

    def best(self) -> int:
        """Index of the fewest steps, else of the lowest final loss; of equals the first."""
        return int(np.lexsort((self.final, self.steps))[0])


def search(questions: Sequence[Question]) -> list[float]:
    """The fair rate of each rule of one race; what was found before is remembered."""
    asked: dict[Any, Question] = {}
    for question in questions:
        with suppress(TypeError):  # a knob that is an array has no hash
            asked.setdefault(key_of(question), question)
    new = [question for question in asked.values() if _KEPT.get(question) is None]
    if len(new) > 1:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(_answer, new))
    return list(map(_answer, questions))


def _answer(question: Question) -> float:
    rate = _KEPT.get(question)
    if rate is None:
        rate = _search(question)
        _KEPT.put(rate, question)
    return rate


def try_rates(
    question: Question, rates: Sequence[float], stop: int | None = None
) -> list[Descents]:
    """Run the rule at each rate, in parts that fit into memory.

    Args:
        question: the race.
        rates: the learning rates.
        stop: take only so many of its steps.

    Raises:
        ValueError: a schedule takes a knob out of its domain.
    """
    run_starts = padded_starts(len(searched_starts(question)))
    bytes_a_run = run_starts * capacity_for(question.num_steps + 1) * STATE_BYTES
    at_once = max(1, CHUNK_BYTES // bytes_a_run)
    rule: Any = question.optimizer
    schedules = dict(question.schedules)
    jobs = [Job(replace(rule, learning_rate=rate), schedules) for rate in rates]
    firsts = range(0, len(jobs), at_once)
    return [_descend(question, jobs[first : first + at_once], stop) for first in firsts]


def scores(question: Question, rates: Sequence[float], runs: Sequence[Descents]) -> Scores:
    """How the rule did at these rates: steps to tolerance and final losses as a race tells them."""
    if lowest_loss(question.surface) is None and len(runs) > 1:  # the best of all takes its place
        runs = [joined(runs)]
    parts = [_scores(question, part) for part in runs]
    return Scores(np.asarray(rates), *map(np.concatenate, zip(*parts, strict=True)))


def _scores(question: Question, runs: Descents) -> tuple[np.ndarray, np.ndarray]:
    heights = ground(question.surface, question.dtype)
    with np.errstate(invalid="ignore", over="ignore"):  # a start may be infinite or no number
        outcomes, arrived_at = ends(runs, heights, question.tolerance)
        final = np.where(outcomes == "diverged", np.inf, runs.losses[..., -1])
        if reference(runs, heights, question.tolerance) == -np.inf:
            final = np.where(_jumps(question.surface, runs), np.inf, final)
    return _median(np.where(arrived_at < 0, np.inf, arrived_at)), _median(final)


def _median(values: np.ndarray) -> np.ndarray:
    """(num_rates,) of (num_rates,) or (num_rates, num_starts); of an infinite middle it is inf."""
    with np.errstate(invalid="ignore"):
        middle = np.median(values.reshape(len(values), -1), axis=1)
    return np.where(np.isnan(middle), np.inf, middle)


def _jumps(surface: Surface, runs: Descents) -> np.ndarray:
    """Whether a run takes a step from inside the window across more than `LONGEST_STEP` of it."""
    low, high = np.asarray([surface.xlim, surface.ylim]).T
    inside = ((runs.params >= low) & (runs.params <= high)).all(axis=-1)[..., :-1]
    step = (np.abs(np.diff(runs.params, axis=-2)) / (high - low)).max(axis=-1)
    return ((step > LONGEST_STEP) & inside).any(axis=-1)


def joined(parts: Sequence[Descents]) -> Descents:
    """The runs of several calls as if they had been one."""
    *arrays, observed = zip(*parts, strict=True)
    return Descents._make([*map(np.concatenate, arrays), sum(observed, ())])


def _search(question: Question) -> float:
    default = float(question.optimizer.learning_rate)  # pyright: ignore[reportAttributeAccessIssue]
    # Of rates that do equally well, the class's comes first.
    rates = list(dict.fromkeys((default, *GRID)))
    try:
        if lowest_loss(question.surface) is None:  # the best of all takes its place
            runs = try_rates(question, rates)
            found = scores(question, rates, runs)
            closer = _new(rates, found.best())
            found = scores(question, rates + closer, runs + try_rates(question, closer))
        else:
            found = _scores_of_the_best(question, rates, np.inf)
            closer = _new(rates, found.best())
            more = _scores_of_the_best(question, closer, found.steps.min())
            found = Scores(*map(np.concatenate, zip(found, more, strict=True)))
    except ValueError:
        return default  # the race itself says what is wrong
    return float(found.rates[found.best()])


def _new(rates: Sequence[float], best: int) -> list[float]:
    return [rate for rate in around(rates[best]) if rate not in rates]


def _scores_of_the_best(question: Question, rates: Sequence[float], to_beat: float) -> Scores:
    """Scores of the rates, infinite for those that cannot be the best.

    Where one arrives within a few steps, only those that arrive first are run to the end.

    Args:
        to_beat: steps to tolerance of the best rate so far.
    """
    bounded = lowest_loss(question.surface) != -np.inf  # else nobody arrives
    if not bounded or len(question.starts) > 1 or question.num_steps < 2 * LOOK:
        return scores(question, rates, try_rates(question, rates))
    arrived_at = _arrivals(question, rates)
    fewest = arrived_at.min()
    steps, final = np.full((2, len(rates)), np.inf)
    if to_beat <= LOOK and fewest > to_beat:
        return Scores(np.asarray(rates), steps, final)
    if fewest <= LOOK:
        first = np.flatnonzero(arrived_at == fewest)
        chosen = [rates[place] for place in first.tolist()]
        runs = [run for rate in chosen for run in try_rates(question, [rate])]
        found = scores(question, chosen, runs)
        if found.steps.min() < np.inf:  # it is there, or was; one that diverges later was not
            steps[first], final[first] = found.steps, found.final
            return Scores(np.asarray(rates), steps, final)
    return scores(question, rates, try_rates(question, rates))


def _arrivals(question: Question, rates: Sequence[float]) -> np.ndarray:
    """Steps to tolerance of each rate, of those that take at most `LOOK`; the others infinite.

    Without schedules the first steps are the same however many follow, so that the slider of the
    number of steps need not take them again.
    """
    alike = question if question.schedules else question._replace(num_steps=0)
    found = _LOOKS.get(alike, *rates)
    if found is None:
        found = scores(question, rates, try_rates(question, rates, LOOK)).steps
        _LOOKS.put(found, alike, *rates)
    return found


def around(rate: float) -> tuple[float, ...]:
    """Rates between the neighbours of one, in equal ratios."""
    return tuple(
        float(f"{rate * RATIO ** (part / PARTS):.3g}") for part in range(1 - PARTS, PARTS) if part
    )


def _descend(question: Question, jobs: Sequence[Job], stop: int | None) -> Descents:
    starts = np.asarray(searched_starts(question))
    return descend(
        jobs,
        question.surface,
        starts if question.has_many_starts else starts[0],
        num_steps=question.num_steps,
        noise=question.noise,
        seed=question.seed,
        dtype=question.dtype,
        steps_per_epoch=question.steps_per_epoch,
        stop=stop,
    )


def searched_starts(question: Question) -> tuple[tuple[float, float], ...]:
    """The starts that a search looks at: all, unless that would take many seconds."""
    most = max(1, SEARCHED_STATES // capacity_for(question.num_steps + 1))
    count = len(question.starts)
    if count <= most:
        return question.starts
    return tuple(question.starts[i * count // most] for i in range(most))


def rule_of_tuning(spec: RaceSpec) -> str:
    """A sentence: what is searched for this race's fair rates, and what decides."""
    steps, starts = counted(spec.num_steps, "step"), len(spec.starts)
    question = next(iter(spec.questions()), None)
    looked_at = starts if question is None else len(searched_starts(question))
    medians = ""
    if starts > 1:
        some = f"{looked_at:,} of the {starts:,}" if looked_at < starts else f"the {starts:,}"
        medians = f" Medians over {some} starts."
    race = (
        f"exactly this race: its surface and shape, start, noise, seed, schedules, {steps}, "
        f"{spec.dtype} and the rule's other knobs"
    )
    rates = (
        f"{len(GRID)} learning rates from {GRID[0]:g} to {GRID[-1]:g}, of {2 * PARTS - 2} around "
        "the best of them and of the class's default"
    )
    lowest = lowest_loss(spec.surface)
    tenth = f"no step from inside the window crosses more than {LONGEST_STEP:.0%} of it"
    if lowest == -np.inf:
        decides = (
            "the one that ends lowest, for this surface has no lower bound; a rate counts only "
            f"where {tenth}"
        )
    else:
        decides = (
            f"the one that needs the fewest steps to tolerance {spec.tolerance:g}; where none gets "
            "there, the one that ends lowest"
        )
        if lowest is None:
            decides += (
                ". The lowest loss found takes the place of the unknown minimum; where runs escape "
                f"downwards the one that ends lowest is taken, if {tenth}"
            )
    return f"Fair, searched for {race}: of {rates}, {decides}.{medians}"
