"""What the schedules page draws: names of its runs, and the player's message."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from optviz.analysis.race.effective_step import effective_steps
from optviz.api import Race
from optviz.catalog import knobs
from optviz.engine.surfaces.descend import factors_of
from optviz.engine.surfaces.ground import lowest_loss, window
from optviz.figures.theme import plain_styles
from optviz.kept import kept
from optviz.player.race import curves, pack_race
from optviz.player.thinning import series
from optviz.schedules import Schedule
from optviz.schedules.constant import Constant
from optviz.specs import RaceSpec, Run, entry_text
from optviz.specs.labels import unique
from optviz.specs.text import counted
from optviz.ui import cached
from optviz.ui.parts.controls import human, number


def knob_of(spec: RaceSpec) -> str:
    """The knob that the page schedules: the one that its first run schedules."""
    run = spec.runs[0]
    if run.schedules:
        return run.schedules[0][0]
    names = knobs(type(run.optimizer))
    has_rate = "learning_rate" in names or not names
    return "learning_rate" if has_rate else next(iter(names))


def schedule_in(run: Run, knob: str) -> Schedule:
    """The schedule of a run's knob; without one it is constant."""
    return run.schedule_of(knob) or Constant()


def title_of(schedule: Schedule) -> str:
    """`Warm-up × Cosine`."""
    return " × ".join(part.label for part in schedule.parts)


def titles(spec: RaceSpec) -> tuple[str, ...]:
    """A name for each run, all different: schedules, and what tells them apart."""
    runs, knob = spec.resolved(), knob_of(spec)
    mixed = len({run.optimizer.label for run in runs}) > 1
    names = [run.label or _title(run, knob, mixed) for run in runs]
    counts = Counter(names)
    for i, run in enumerate(runs):
        if counts[names[i]] > 1 and not run.label:
            twins = [r for r in runs if _title(r, knob, mixed) == _title(run, knob, mixed)]
            names[i] += _difference(run, twins, knob)
    return tuple(unique(names, "{} #{}"))


def _title(run: Run, knob: str, mixed: bool) -> str:
    """The schedule's shape, that of the run's other knobs, and its rule where rules differ."""
    rule = f"{run.optimizer.label}: " if mixed else ""
    others = (
        f", {human(name)}: {title_of(schedule)}"
        for name, schedule in run.schedules
        if name != knob and not isinstance(schedule, Constant)
    )
    return rule + title_of(schedule_in(run, knob)) + "".join(others)


def _difference(run: Run, twins: list[Run], knob: str) -> str:
    """What tells a run from those with the same shape: its base value, the schedule's knobs."""
    parts = []
    if len({getattr(twin.optimizer, knob, None) for twin in twins}) > 1:
        value = getattr(run.optimizer, knob, None)
        parts.append(run.optimizer.label if value is None else number(value))
    if len({schedule_in(twin, knob) for twin in twins}) > 1:
        said = entry_text(schedule_in(run, knob)).partition(":")[2]
        parts.append(said.replace("_", " ") or "as it comes")
    return f" ({', '.join(parts)})" if parts else ""


@kept(megabytes=128)
def view(spec: RaceSpec) -> tuple[Race, bytes]:
    """The race of a page, its runs named after their schedules, and the player's message."""
    race = replace(cached.race(spec), labels=titles(spec))
    styles = plain_styles(len(race.labels))
    surface, knob = spec.surface, knob_of(spec)
    title = human(knob).capitalize()
    first = race.params if race.params.ndim == 3 else race.params[:, 0]
    over = max(1, spec.num_steps // 20)
    steps = effective_steps(surface, first, noise=spec.noise, seed=spec.seed, window=over)
    payload = pack_race(
        race,
        surface=surface,
        grid=window(surface),
        minimum=lowest_loss(surface),
        levels=surface.level_scale,
        draggable=True,
        race_id=race.id,
        styles=styles,
        above=[curves(title, human(knob), knob_values(race, knob), "linear")],
        below=[
            _effective(
                steps,
                over,
                "of the first start " if race.params.ndim > 3 else "",
                any(style.dash for style in styles),
            )
        ],
        steps_per_epoch=spec.steps_per_epoch,
    )
    return race, payload


def knob_values(race: Race, knob: str) -> np.ndarray:
    """(R, N) or (R, S, N) what the scheduled knob is at each step."""
    if knob == "learning_rate":
        return race.learning_rates
    spec, rows = race.spec, []
    for run in spec.resolved():
        value = getattr(run.optimizer, knob, np.nan)  # a link may name another rule as well
        schedule = run.schedule_of(knob) or Constant()
        factors = factors_of(schedule, spec.num_steps, spec.steps_per_epoch, spec.dtype)
        rows.append(value * factors)
    return np.array(rows)


def _effective(steps: np.ndarray, over: int, whose: str, dashes: bool) -> dict[str, Any]:
    """x and y, told apart by a dash, or by their width where a dash tells runs apart.

    They part only where a rule has a rate for each coordinate.
    """
    style, told = ("thin", "x thick, y thin") if dashes else ("dashed", "x solid, y dashed")
    panel = curves(
        f"Effective step {whose}over {counted(over, 'step')}: {told}",
        "|update| / |gradient|",
        steps[..., 0],
        "log",
    )
    for run, values in enumerate(steps[..., 1]):
        panel["series"].append({**series(run, values), "name": "y", "style": style})
    for curve in panel["series"]:
        curve.setdefault("name", "x")
    return panel
