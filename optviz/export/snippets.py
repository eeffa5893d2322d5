"""The race on screen as Python code and as a command."""

from __future__ import annotations

import shlex
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from optviz.catalog import Entry, defaults
from optviz.schedules import Schedule
from optviz.specs import RaceSpec, entry_text
from optviz.specs.text import point_text, value_text
from optviz.surfaces.expression import Expression

if TYPE_CHECKING:
    from optviz.specs.experiment import TrainSpec


def python_of(spec: RaceSpec) -> str:
    """Code that runs exactly this race, with every learning rate written out."""
    lines = [f"    {_surface(spec)},", "    {"]
    runs, labels = spec.resolved(), spec.labels
    for run, label in zip(runs, labels, strict=True):
        lines.append(
            f"        {label!r}: {_constructor('optimizers', run.optimizer, always=True)},"
        )
    lines.append("    },")
    if spec.start is not None:
        start = list(spec.starts) if spec.has_many_starts else spec.start
        lines.append(f"    start={start},")
    scheduled = {label: run.schedules for run, label in zip(runs, labels, strict=True)}
    if any(scheduled.values()):
        lines.append("    schedule={")
        lines += [f"        {k!r}: {_schedules(v)}," for k, v in scheduled.items() if v]
        lines.append("    },")
    for name in ("num_steps", "noise", "seed", "tolerance", "dtype", "steps_per_epoch"):
        value = getattr(spec, name)
        if name == "num_steps" or value != defaults_of_spec()[name]:
            lines.append(f"    {name}={value!r},")
    body = "\n".join(lines)
    return f"import optviz\n\nrace = optviz.race(\n{body}\n)\nrace.summary()"


def command_of(spec: RaceSpec) -> str:
    """The `optviz race` command that runs exactly this race and writes it as a page."""
    words = ["optviz", "race"]
    if isinstance(spec.surface, Expression):
        words += ["--expression", spec.surface.text]
        words += [
            f"--xlim={point_text(spec.surface.xlim)}",
            f"--ylim={point_text(spec.surface.ylim)}",
        ]
    else:
        words.append(entry_text(spec.surface))
    for run in spec.runs:
        words += ["-O", run.text()]
    if spec.schedule is not None:
        words += ["--schedule", entry_text(spec.schedule)]
    if spec.start is not None:
        text = ";".join(map(point_text, spec.starts))
        words.append(f"--start={text}" + (";" if spec.has_many_starts else ""))
    words += ["--steps", str(spec.num_steps)]
    for name in ("noise", "seed", "tolerance", "dtype", "rates", "steps_per_epoch"):
        if getattr(spec, name) != defaults_of_spec()[name]:
            words += [f"--{name.replace('_', '-')}", value_text(getattr(spec, name))]
    return shlex.join([*words, "--out", "race.html"])


def defaults_of_spec() -> dict[str, Any]:
    return {name: field.default for name, field in RaceSpec.__dataclass_fields__.items()}


def _surface(spec: RaceSpec) -> str:
    surface = spec.surface
    if isinstance(surface, Expression):
        return f"optviz.expression({surface.text!r}, xlim={surface.xlim}, ylim={surface.ylim})"
    text = _constructor("surfaces", surface)
    return repr(surface.name) if text.endswith("()") else text


def _schedules(schedules: tuple[tuple[str, Schedule], ...]) -> str:
    """One schedule of the learning rate, or a mapping from knobs to schedules."""
    texts = {name: _constructor("schedules", schedule) for name, schedule in schedules}
    if set(texts) == {"learning_rate"}:
        return texts["learning_rate"]
    return "{" + ", ".join(f"{name!r}: {text}" for name, text in texts.items()) + "}"


def _constructor(module: str, item: Entry, always: bool = False) -> str:
    """`optviz.optimizers.Adam(learning_rate=0.05)`: the fields that differ, and always the rate."""
    if item.parts[0] is not item:
        return " * ".join(_constructor(module, part) for part in item.parts)
    base = defaults(type(item))
    fields = [
        f"{name}={getattr(item, name)!r}"
        for name in base
        if getattr(item, name) != base[name] or (always and name == "learning_rate")
    ]
    return f"optviz.{module}.{type(item).__name__}({', '.join(fields)})"


def train_command_of(
    spec: TrainSpec, *, checkpoint_every: int | None = None, deterministic: bool = False
) -> str:
    """The `optviz train` command that repeats exactly this training; options as of `jobs.start`."""
    data = spec.directory or entry_text(spec.dataset)
    words = ["optviz", "train", "--data", data, "--network", entry_text(spec.network)]
    for run in spec.runs:
        words += ["-O", run.text()]
    if spec.schedule is not None:
        words += ["--schedule", entry_text(spec.schedule)]
    words += ["--epochs", str(spec.epochs)]
    for change in spec.vary:
        words += ["--vary", change]
    for field in fields(spec):
        value = getattr(spec, field.name)
        if field.name in _SAID or value == field.default:
            continue
        flag = f"--{field.name.replace('_', '-')}"
        words += [flag] if value is True else [flag, value_text(value)]
    if checkpoint_every is not None:
        words += ["--checkpoint-every", str(checkpoint_every)]
    words += ["--deterministic"] if deterministic else []
    return shlex.join(words)


# What `train_command_of` writes in other ways than `--name value`.
_SAID = {"dataset", "directory", "network", "runs", "schedule", "epochs", "vary"}
