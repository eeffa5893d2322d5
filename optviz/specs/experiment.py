"""An experiment: trainings with several rules, variations and seeds, asked for as one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from typing import Any, NamedTuple, Self

from optviz.catalog import shown
from optviz.specs.budget import TRAINING, Budget, check_affordable, training_cost
from optviz.specs.labels import unique
from optviz.specs.rules import flag, whole
from optviz.specs.run import Run, labels, runs_of, with_schedule
from optviz.specs.setting import (
    Rule,
    parameters,
    setting,
    settings,
    spec_from_json,
    spec_to_json,
)
from optviz.specs.training import MAX_IMAGES, Training, TrainingSettings
from optviz.specs.variations import axes_of, merged, vary_entry, vary_runs

MAX_RUNS, MAX_MEMBERS = 32, 256
MAX_GRID = 1024  # combinations, before those that say the same are left out
MOST_KNOWN_IMAGES = 50_000  # of a data set that does not say how many it has: CIFAR-10's


def _check_texts(who: str, value: Any) -> None:
    if not isinstance(value, tuple) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"{who} must be a tuple of texts, got {shown(value)}")


VARY = Rule(_check_texts, lambda text, _: text, many=MAX_GRID)


class Member(NamedTuple):
    """One single training of an experiment."""

    label: str  # unlike those of the other members
    spec: Training
    arm: str  # what was varied, such as `batch size 64`; empty: nothing
    run: int  # index into the experiment's runs
    seed: int
    series: str  # the label of its group: without the seed

    @property
    def group(self) -> tuple[str, int]:
        """The same for members that differ in their seed only."""
        return (self.arm, self.run)


@dataclass(frozen=True)
class TrainSpec(TrainingSettings):
    """Everything that decides an experiment: equal specs give equal trainings on one machine.

    Attributes:
        runs: who trains; all from the same weights, on the same batches.
        seeds: how many seeds every rule is trained with: `seed`, `seed + 1`, …
        vary: variations of the settings, each `field=value|value` with a field of a training, or
            `network.FIELD`, `dataset.FIELD`, or `run.KNOB` of every rule that has it.
        grid: whether variations are combined with each other; else one changes at a time.
    """

    what = "a training"  # as people say it
    runs: tuple[Run, ...] = setting(runs_of(MAX_RUNS, "a training"), link="run", flag="")
    _: KW_ONLY
    seeds: int = setting(
        whole(1, MAX_MEMBERS),
        1,
        label="Number of seeds",
        help="Train everything again with the next seeds, to see how much is chance.",
    )
    vary: tuple[str, ...] = setting(
        VARY,
        (),
        label="Variations",
        help="Train with other settings too, such as batch_size=32|64, "
        "network.activation=tanh|elu or run.learning_rate=0.1|0.01.",
        form="FIELD=VALUE|VALUE",
    )
    grid: bool = setting(
        flag(), False, label="All combinations", help="Combine variations with each other."
    )

    def check(self) -> None:
        """Raise `ValueError`, one line with who, what is allowed and what came."""
        super().check()
        for run in self.runs:
            self.check_with(run)
        if self.seed + self.seeds > 2**31:
            raise ValueError(
                f"seed must be a whole number from 0 to {2**31 - self.seeds:,} with "
                f"{self.seeds} seeds, got {self.seed}"
            )
        if self.vary or self.seeds > 1:
            self._check_members()

    def check_affordable(self, budget: Budget = TRAINING) -> None:
        """Raise `ValueError` where the training takes more than it may; asked before it begins.

        Not a part of `check`: what was trained elsewhere with more is still a training.

        Args:
            budget: what it may take.
        """
        tried = [one for _, one in self.arms()]
        num_runs = len(tried) * len(self.runs) * self.seeds
        for one in tried:  # each as if all were like it, so that the dearest decides
            images = getattr(one.dataset, "num_train", MOST_KNOWN_IMAGES)
            cost = partial(
                training_cost,
                images=min(int(images), one.limit or MAX_IMAGES),
                num_params=one.network.num_params(),
                num_activations=one.network.num_activations,
            )
            sizes = {"runs": num_runs, "epochs": one.epochs, "images a batch": one.batch_size}
            check_affordable("a training", budget, cost, sizes)

    def _check_members(self) -> None:
        found = [one for _, one in islice(self.arms(), MAX_MEMBERS + 1)]
        count = len(found) * len(self.runs) * self.seeds
        if count > MAX_MEMBERS:
            raise ValueError(
                f"a training has at most {MAX_MEMBERS} runs (optimizers x variations x seeds), "
                f"got {count:,} or more"
            )
        for one in found:
            replace(one, seeds=1).check()

    def members(self) -> tuple[Member, ...]:
        """Every single training: each variation with each optimizer and each seed, in this order.

        Raises:
            ValueError: a variation that cannot be read.
        """
        return _members(self)

    @classmethod
    def of(cls, training: Training) -> TrainSpec:
        """The experiment that repeats one training alone."""
        return cls(**_shared(training), runs=(training.run,))

    def training(self, run: Run, seed: int) -> Training:
        """What one run with one seed needs, of settings without variations."""
        return Training(**{**_shared(self), "seed": seed}, run=run)

    @property
    def labels(self) -> tuple[str, ...]:
        """One label a member, all different."""
        return tuple(member.label for member in self.members())

    def arms(self) -> Iterator[tuple[str, TrainSpec]]:
        """The settings themselves and each variation of them: (name, settings without `vary`).

        One change at a time: the settings, then each value of each variation. As a grid: every
        combination of the values, each variation's own or the settings'.

        Raises:
            ValueError: a variation that cannot be read.
        """
        base = replace(self, vary=(), grid=False)
        axes = list(axes_of(self.vary).values())
        if self.grid:
            size = math.prod(len(axis) + 1 for axis in axes)
            if size > MAX_GRID:
                raise ValueError(f"a grid has at most {MAX_GRID:,} combinations, got {size:,}")
            choices = itertools.product(*([None, *axis] for axis in axes))
        else:
            choices = itertools.chain([()], ((change,) for axis in axes for change in axis))
        seen = set()
        for choice in choices:
            own, changes = base, [change for change in choice if change is not None]
            for field, value in changes:
                own = own.changed(field, value)
            if own in seen:
                continue  # a value that the settings have anyway, or one that is said twice
            seen.add(own)
            yield ", ".join(f"{_words(field)} {value}" for field, value in changes), own

    def changed(self, field: str, text: str) -> TrainSpec:
        """The spec with one setting read from text; see `vary`.

        Raises:
            ValueError: no such setting, or not a value for it.
        """
        part, dot, name = field.partition(".")
        if dot and part in ("network", "dataset"):
            return replace(self, **{part: vary_entry(getattr(self, part), name, text)})
        if dot and part == "run":
            return replace(self, runs=vary_runs(self.runs, name, text))
        if field not in _VARIED:
            raise ValueError(
                "vary must name a setting such as batch_size or network.activation, "
                f"got {shown(field)}"
            )
        return replace(self, **{field: settings(TrainSpec)[field].parse(text, field)})

    def resolved(self) -> tuple[Run, ...]:
        """The runs with every schedule filled in."""
        return tuple(with_schedule(run, self.schedule) for run in self.runs)

    # Links ------------------------------------------------------------------------------------

    @classmethod
    def from_query(  # pyright: ignore[reportIncompatibleMethodOverride]  # of `Self`, as there
        cls, query: Mapping[str, Sequence[str]], base: Self
    ) -> tuple[Self, list[str]]:
        spec, problems = super().from_query(query, base)
        again = len(spec.vary) - len(axes_of(spec.vary))
        if again:
            problems.append("vary: a setting is said again; its values are with its first ones")
            spec = replace(spec, vary=merged(spec.vary))
        return spec, problems

    # JSON -------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data that `from_json` reads back."""
        return spec_to_json(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> TrainSpec:
        """The spec that `to_json` wrote, checked again.

        Raises:
            ValueError: a value that no training can have.
        """
        return spec_from_json(cls, record)


# What can be varied; runs and data sets are by their fields, `run.KNOB` and `dataset.FIELD`.
_VARIED = frozenset(parameters(TrainingSettings))


def _shared(spec: TrainingSettings) -> Any:
    """What a training and an experiment both say."""
    return {name: getattr(spec, name) for name in settings(TrainingSettings)}


@lru_cache(maxsize=64)  # pages and events ask for the same labels again and again
def _members(spec: TrainSpec) -> tuple[Member, ...]:
    """Every variation with every run and every seed, in this order."""
    groups, names = [], []
    for arm, own in spec.arms():
        groups += [(arm, own, index) for index in range(len(own.runs))]
        names += [f"{n} · {arm}" if arm else n for n in labels(own.resolved())]
    found = []
    for (arm, own, index), series in zip(groups, unique(names, "{} #{}"), strict=True):
        for seed in range(own.seed, own.seed + own.seeds):
            label = f"{series} · seed {seed}" if own.seeds > 1 else series
            found.append(
                Member(label, own.training(own.runs[index], seed), arm, index, seed, series)
            )
    return tuple(found)


def _words(field: str) -> str:
    """`network.batch_norm` as it is said: `batch norm`."""
    return field.rpartition(".")[2].replace("_", " ")
