"""A training as it was asked for, and its forms as a link and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import islice
from typing import Any

from optviz.catalog import validate
from optviz.data import DATASETS, Dataset
from optviz.networks import NETWORKS, Network
from optviz.networks.losses import LOSSES
from optviz.optimizers.base import Problem
from optviz.schedules import Schedule
from optviz.specs.checks import check_choice, check_real, check_whole
from optviz.specs.run import Run
from optviz.specs.schedule import parse_schedule
from optviz.specs.text import (
    entry_text,
    parse_entry,
    value_text,
)
from optviz.specs.train_text import READERS, SCALARS
from optviz.specs.variations import Member, arms, members, vary_entry, vary_runs

MAX_EPOCHS, MAX_BATCH, MAX_IMAGES, MAX_RUNS, MAX_CROP = 1000, 50_000, 10**7, 32, 16
MAX_MEMBERS = 256
REDUCTIONS = ("mean", "sum")
DECAYED = ("all", "weights")
NORMALISATIONS = ("mean_std", "mean", "mean_image", "none")
PRECISIONS = ("float32", "bfloat16")


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
        seeds: how many seeds every rule is trained with: `seed`, `seed + 1`, …
        vary: variations of these settings, each `field=value|value` with a field of this class, or
            `network.FIELD`, `dataset.FIELD`, or `run.KNOB` of every rule that has it.
        grid: whether variations are combined with each other; else one changes at a time.
        limit: how many training images are used, from the first on; None: all.
        validation: share of the training images that is set aside to validate with, before
            `limit`; None: the test images are validated with.
        loss: a key of `LOSSES`.
        reduction: whether a step's loss, and so its gradient, is the "mean" over the images of the
            batch or their "sum"; recorded losses are means.
        label_smoothing: share s of each label that is spread evenly over all classes, in [0, 1).
        l2: λ of the term λ/2·‖w‖² that the rule's loss has beside the data's, so that λw is added
            to the gradient; recorded losses are without it.
        weight_decay: λ of the decoupled form, w ← w − learning_rate·λ·w beside the rule's update.
        decay_on: what both shrink: "all" parameters, as PyTorch does, or "weights" alone: arrays
            of two or more dimensions, neither biases nor batch norm.
        normalise: what images are reduced to: per channel zero "mean" and unit "std", zero mean
            only, less the "mean_image", or "none": divided by 255.
        flip: whether each training image is mirrored with probability 1/2 whenever it is seen.
        crop: pixels by which training images are shifted at most, in either direction; what comes
            in from outside is reflected.
        precision: number format of the forward and backward pass; weights and rules stay float32.
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
    seeds: int = 1
    vary: tuple[str, ...] = ()
    grid: bool = False
    limit: int | None = None
    validation: float | None = None
    loss: str = "cross_entropy"
    reduction: str = "mean"
    label_smoothing: float = 0.0
    l2: float = 0.0
    weight_decay: float = 0.0
    decay_on: str = "all"
    normalise: str = "mean_std"
    flip: bool = False
    crop: int = 0
    precision: str = "float32"
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
        check_whole("seeds", self.seeds, 1, MAX_MEMBERS)
        check_whole("seed", self.seed, 0, 2**31 - self.seeds)
        if self.limit is not None:
            check_whole("limit", self.limit, 1, MAX_IMAGES)
        share = self.validation
        if share is not None and not (isinstance(share, float) and 0 < share < 1):
            raise ValueError(f"validation must lie in (0, 1), got {share!r}")
        check_choice("loss", self.loss, LOSSES)
        check_choice("reduction", self.reduction, REDUCTIONS)
        check_choice("decay_on", self.decay_on, DECAYED)
        check_choice("normalise", self.normalise, NORMALISATIONS)
        check_choice("precision", self.precision, PRECISIONS)
        check_real("l2", self.l2, 0, 1e6)
        check_real("weight_decay", self.weight_decay, 0, 1e6)
        check_whole("crop", self.crop, 0, MAX_CROP)
        self._check_together()
        if self.vary or self.seeds > 1:
            self._check_members()

    def _check_together(self) -> None:
        """Refuse settings that contradict each other."""
        smoothing = self.label_smoothing
        if not (isinstance(smoothing, (int, float)) and 0 <= smoothing < 1):
            raise ValueError(f"label_smoothing must lie in [0, 1), got {smoothing!r}")
        if self.batch_size == 1 and self.network.uses_batch_statistics:
            raise ValueError(
                f"batch norm ({self.network.label}) needs a batch_size of at least 2, got 1: "
                "one image has no spread"
            )
        if smoothing and not LOSSES[self.loss].smooths:
            raise ValueError(f"label_smoothing has no meaning with the loss {self.loss!r}")
        for run in self.runs:
            if self.weight_decay and not hasattr(run.optimizer, "learning_rate"):
                raise ValueError(
                    f"weight_decay shrinks by learning_rate times itself, and "
                    f"{run.optimizer.label} has no learning rate; use l2"
                )

    def _check_members(self) -> None:
        found = [settings for _, settings in islice(arms(self), MAX_MEMBERS + 1)]
        count = len(found) * len(self.runs) * self.seeds
        if count > MAX_MEMBERS:
            raise ValueError(
                f"a training has at most {MAX_MEMBERS} runs (optimizers x variations x seeds), "
                f"got {count:,} or more"
            )
        for settings in found:
            replace(settings, seeds=1).check()

    @property
    def problem(self) -> Problem:
        """What decides which rules can run."""
        whole = self.limit is not None and self.batch_size >= self.limit
        return Problem(self.network.label, _num_params(self.network), True, whole)

    def members(self) -> tuple[Member, ...]:
        """Every single training: each variation with each optimizer and each seed, in this order.

        Raises:
            ValueError: a variation that cannot be read.
        """
        return members(self)

    @property
    def labels(self) -> tuple[str, ...]:
        """One label a member, all different."""
        return tuple(member.label for member in self.members())

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
        if field not in READERS or field in ("run", "vary", "grid", "seeds"):
            raise ValueError(
                f"vary must name a setting such as batch_size or network.activation, got {field!r}"
            )
        return READERS[field](self, [text])

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
        if self.vary:
            query["vary"] = list(self.vary)
        return query

    def _texts(self) -> dict[str, str]:
        texts = {"dataset": entry_text(self.dataset), "network": entry_text(self.network)}
        if self.schedule is not None:
            texts["schedule"] = entry_text(self.schedule)
        for field in fields(self):
            if field.name in SCALARS and getattr(self, field.name) != field.default:
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
            if name not in READERS:
                problems.append(f"{name!r} is not a setting of a training")
            elif values:
                try:
                    changed = READERS[name](spec, values)
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
            "vary": list(self.vary),
            **{name: getattr(self, name) for name in (*SCALARS, "directory")},
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
            vary=tuple(record.get("vary", ())),
            # A setting that the record is older than has its default.
            **{name: record[name] for name in (*SCALARS, "directory") if name in record},
        )
        spec.check()
        return spec
