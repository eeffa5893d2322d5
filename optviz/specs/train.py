"""A training as it was asked for, and its forms as a link and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, TypeAlias

from optviz.catalog import validate
from optviz.data import DATASETS, Dataset
from optviz.networks import NETWORKS, Network
from optviz.networks.losses import LOSSES
from optviz.optimizers.base import Problem
from optviz.schedules import Schedule
from optviz.specs.checks import check_whole
from optviz.specs.run import Run, labels
from optviz.specs.schedule import parse_schedule
from optviz.specs.text import entry_text, parse_entry, parse_number, parse_whole, value_text

MAX_EPOCHS, MAX_BATCH, MAX_IMAGES, MAX_RUNS = 1000, 50_000, 10**7, 32
REDUCTIONS = ("mean", "sum")


@cache
def _num_params(network: Network) -> int:
    return network.num_params()


@dataclass(frozen=True)
class TrainSpec:
    """Everything that decides a training: equal specs give equal trainings on one machine.

    Attributes:
        dataset: the images; where `directory` is given, only the kind of its files.
        network: what is trained.
        runs: who trains it; all from the same weights, on the same batches.
        epochs: passes over the training images.
        batch_size: images in a step; the last batch of an epoch may be smaller.
        schedule: of the learning rate, for every run that has none of its own.
        seed: of the weights and of the order of the images.
        limit: how many training images are used, from the first on; None: all.
        validation: share of the training images that is set aside to validate with, before
            `limit`; None: the test images are validated with.
        loss: a key of `LOSSES`.
        reduction: whether a step's loss, and so its gradient, is the "mean" over the images of the
            batch or their "sum"; recorded losses are means.
        directory: a folder with CIFAR-10's batch files. In JSON, but never in a link: a link may
            not name a file.
    """

    dataset: Dataset
    network: Network
    runs: tuple[Run, ...]
    epochs: int = 2
    batch_size: int = 128
    schedule: Schedule | None = None
    seed: int = 0
    limit: int | None = None
    validation: float | None = None
    loss: str = "cross_entropy"
    reduction: str = "mean"
    directory: str | None = None

    def check(self) -> None:
        """Raise `ValueError`, one line with who, what is allowed and what came."""
        validate(self.dataset)
        validate(self.network)
        self.network.check()
        if not 1 <= len(self.runs) <= MAX_RUNS:
            raise ValueError(
                f"a training needs 1 to {MAX_RUNS} optimizers, got {len(self.runs) or 'none'}"
            )
        for run in self.runs:
            run.check()
            if run.optimizer.max_params is not None:  # counting the parameters takes a moment
                run.check_on(self.problem)
        if self.schedule is not None:
            validate(self.schedule)
        check_whole("epochs", self.epochs, 1, MAX_EPOCHS)
        check_whole("batch_size", self.batch_size, 1, MAX_BATCH)
        check_whole("seed", self.seed, 0, 2**31 - 1)
        if self.limit is not None:
            check_whole("limit", self.limit, 1, MAX_IMAGES)
        share = self.validation
        if share is not None and not (isinstance(share, float) and 0 < share < 1):
            raise ValueError(f"validation must lie in (0, 1), got {share!r}")
        if self.loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}, got {self.loss!r}")
        if self.reduction not in REDUCTIONS:
            raise ValueError(f"reduction must be mean or sum, got {self.reduction!r}")

    @property
    def problem(self) -> Problem:
        """What decides which rules can run."""
        whole = self.limit is not None and self.batch_size >= self.limit
        return Problem(self.network.label, _num_params(self.network), True, whole)

    @property
    def labels(self) -> tuple[str, ...]:
        return labels(self.resolved())

    def resolved(self) -> tuple[Run, ...]:
        """The runs with every schedule filled in."""
        return tuple(self._fill(run) for run in self.runs)

    def _fill(self, run: Run) -> Run:
        has_rate = hasattr(run.optimizer, "learning_rate")
        if self.schedule is None or not has_rate or run.schedule_of("learning_rate") is not None:
            return run
        return replace(run, schedules=(*run.schedules, ("learning_rate", self.schedule)))

    # Links ------------------------------------------------------------------------------------

    def to_query(self) -> dict[str, list[str]]:
        """The parameters of a link, without what is at its default and without `directory`."""
        query = {name: [values] for name, values in self._texts().items()}
        query["run"] = [run.text() for run in self.runs]
        return query

    def _texts(self) -> dict[str, str]:
        texts = {"dataset": entry_text(self.dataset), "network": entry_text(self.network)}
        if self.schedule is not None:
            texts["schedule"] = entry_text(self.schedule)
        for field in fields(self):
            if field.name in _SCALARS and getattr(self, field.name) != field.default:
                texts[field.name] = value_text(getattr(self, field.name))
        return texts

    @classmethod
    def from_query(
        cls, query: Mapping[str, Sequence[str]], base: TrainSpec
    ) -> tuple[TrainSpec, list[str]]:
        """Read a link; what is damaged keeps the value of `base` and is reported.

        Returns:
            The spec, and one line for everything that was ignored.
        """
        spec, problems = base, []
        for name, values in query.items():
            if name not in _READERS:
                problems.append(f"{name!r} is not a setting of a training")
            elif values:
                try:
                    changed = _READERS[name](spec, values)
                    changed.check()
                except ValueError as error:
                    problems.append(f"{name}: {error}")
                else:
                    spec = changed
        return spec, problems

    # JSON -------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data that `from_json` reads back."""
        return {
            "dataset": entry_text(self.dataset),
            "network": entry_text(self.network),
            "runs": [run.text() for run in self.runs],
            "schedule": entry_text(self.schedule) if self.schedule else None,
            **{name: getattr(self, name) for name in (*_SCALARS, "directory")},
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> TrainSpec:
        """The spec that `to_json` wrote, checked again.

        Raises:
            ValueError: a value that no training can have.
        """
        schedule = record["schedule"]
        spec = cls(
            dataset=parse_entry(record["dataset"], DATASETS)[0],
            network=parse_entry(record["network"], NETWORKS)[0],
            runs=tuple(map(Run.parse, record["runs"])),
            schedule=parse_schedule(schedule) if schedule else None,
            # A setting that the record is older than has its default.
            **{name: record[name] for name in (*_SCALARS, "directory") if name in record},
        )
        spec.check()
        return spec


_SCALARS = ("epochs", "batch_size", "seed", "limit", "validation", "loss", "reduction")
Reader: TypeAlias = Callable[[TrainSpec, Sequence[str]], TrainSpec]

_READERS: dict[str, Reader] = {
    "dataset": lambda s, v: replace(s, dataset=parse_entry(v[0], DATASETS)[0]),
    "network": lambda s, v: replace(s, network=parse_entry(v[0], NETWORKS)[0]),
    "run": lambda s, v: replace(s, runs=tuple(map(Run.parse, v))),
    "schedule": lambda s, v: replace(s, schedule=parse_schedule(v[0])),
    "epochs": lambda s, v: replace(s, epochs=parse_whole(v[0], "epochs")),
    "batch_size": lambda s, v: replace(s, batch_size=parse_whole(v[0], "batch_size")),
    "seed": lambda s, v: replace(s, seed=parse_whole(v[0], "seed")),
    "limit": lambda s, v: replace(s, limit=parse_whole(v[0], "limit")),
    "validation": lambda s, v: replace(s, validation=parse_number(v[0], "validation")),
    "loss": lambda s, v: replace(s, loss=v[0]),
    "reduction": lambda s, v: replace(s, reduction=v[0]),
}
