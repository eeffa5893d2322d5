"""A training as it was asked for, and its forms as a link and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, Self

from optviz.catalog import shown
from optviz.data import DATASETS, Dataset
from optviz.networks import NETWORKS, Network
from optviz.networks.losses import LOSSES
from optviz.optimizers.base import Problem
from optviz.schedules import Schedule
from optviz.specs.budget import TRAINING, Budget, check_affordable, training_cost
from optviz.specs.link import Spec
from optviz.specs.run import Run, runs_of, with_schedule
from optviz.specs.setting import (
    Rule,
    a_schedule,
    entry_of,
    flag,
    one_of,
    optional,
    parameters,
    real,
    setting,
    settings,
    spec_from_json,
    spec_to_json,
    whole,
)
from optviz.specs.variations import (
    MAX_GRID,
    Member,
    arms,
    axes_of,
    members,
    merged,
    vary_entry,
    vary_runs,
)

MAX_EPOCHS, MAX_BATCH, MAX_IMAGES, MAX_RUNS, MAX_CROP = 1000, 50_000, 10**7, 32, 16
MAX_MEMBERS = 256
MOST_KNOWN_IMAGES = 50_000  # of a data set that does not say how many it has: CIFAR-10's
STRONGEST = 1e6  # of what shrinks weights
REDUCTIONS = ("mean", "sum")
DECAYED = ("all", "weights")
NORMALISATIONS = ("mean_std", "mean", "mean_image", "none")
PRECISIONS = ("float32", "bfloat16")
_STRENGTHS = (0.0, *(float(f"{m}e-{k}") for k in (5, 4, 3, 2, 1) for m in (1, 2, 5)))
_SHARES = (0.02, 0.05, 0.1, 0.2, 0.5)
_NONE = {0.0: "none"}


def _check_texts(who: str, value: Any) -> None:
    if not isinstance(value, tuple) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"{who} must be a tuple of texts, got {shown(value)}")


def _check_folder(who: str, value: Any) -> None:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{who} must be the path of a folder, got {shown(value)}")


def _check_network(who: str, value: Any) -> None:
    entry_of(NETWORKS).check(who, value)
    value.check()


NETWORK = replace(entry_of(NETWORKS), check=_check_network)
VARY = Rule(_check_texts, lambda text, _: text, many=MAX_GRID)
FOLDER = Rule(_check_folder, lambda text, _: text)


@dataclass(frozen=True)
class TrainSpec(Spec):
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
            to the gradient, both at the point where the rule takes its gradient; recorded losses
            are without it.
        weight_decay: λ of the decoupled form, w ← w − learning_rate·λ·w beside the rule's update;
            of a rule that takes its gradient elsewhere, less learning_rate·λ times that point.
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

    what = "a training"
    dataset: Dataset = setting(entry_of(DATASETS), flag="")
    network: Network = setting(NETWORK, flag="")
    runs: tuple[Run, ...] = setting(runs_of(MAX_RUNS, "a training"), link="run", flag="")
    epochs: int = setting(
        whole(1, MAX_EPOCHS),
        2,
        label="Epochs",
        help="Passes over the training images.",
        offer=(*range(1, 11), 15, 20, 30, 50, 100),
    )
    batch_size: int = setting(
        whole(1, MAX_BATCH),
        128,
        label="Batch size",
        help="Images in a step: fewer make the gradient noisier and the epoch longer.",
        offer=[2**k for k in range(12)],
    )
    schedule: Schedule | None = setting(
        optional(a_schedule()),
        None,
        label="Schedule",
        help="Of every learning rate without a schedule of its own; warmup*cosine is a product.",
        form="KEY:knob=value",
    )
    seed: int = setting(
        whole(0, 2**31 - 1),
        0,
        label="Seed",
        help="Of the first weights and of the order of the images; the same for every rule.",
    )
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
    limit: int | None = setting(
        optional(whole(1, MAX_IMAGES)),
        None,
        label="Training images",
        help="Train with the first so many images only.",
        offer=(100, 500, 1000, 2000, 5000, 10_000, 20_000, None),
        words={None: "all"},
    )
    validation: float | None = setting(
        optional(real(0, 1, "neither")),
        None,
        label="Validate with",
        help="Share of the training images that is set aside to validate with, or the test images.",
        offer=(None, *_SHARES),
        words={None: "the test images"}
        | {share: f"{share:.0%} of the training images" for share in _SHARES},
    )
    loss: str = setting(
        one_of(LOSSES),
        "cross_entropy",
        label="Loss",
        help="What training minimises.",
        words={name: loss.label for name, loss in LOSSES.items()},
    )
    reduction: str = setting(
        one_of(REDUCTIONS),
        "mean",
        label="Gradient of the",
        help="Whether a step follows the mean of the batch's losses, or their sum.",
        words={"mean": "mean over the batch", "sum": "sum over the batch"},
    )
    label_smoothing: float = setting(
        real(0, 1, "left"),
        0.0,
        label="Label smoothing",
        help="Share of each label that is spread over all classes, so that the network stays "
        "less sure.",
        offer=(0.0, 0.05, 0.1, 0.2, 0.3),
        words=_NONE,
    )
    l2: float = setting(
        real(0, STRONGEST),
        0.0,
        label="L2 penalty",
        help="λ of the term λ/2·‖w‖² in the loss: its gradient goes through the rule.",
        offer=_STRENGTHS,
        words=_NONE,
    )
    weight_decay: float = setting(
        real(0, STRONGEST),
        0.0,
        label="Weight decay",
        help="λ of w ← w − learning rate · λ · w, beside the rule's own step, as in AdamW.",
        offer=_STRENGTHS,
        words=_NONE,
    )
    decay_on: str = setting(
        one_of(DECAYED),
        "all",
        label="Shrink",
        help="Whether both also shrink biases and the scales of batch norm.",
        words={"all": "all parameters", "weights": "weights only"},
    )
    normalise: str = setting(
        one_of(NORMALISATIONS),
        "mean_std",
        label="Normalise",
        help="What is done to the images before the network sees them.",
        words={
            "mean_std": "mean 0, deviation 1 per channel",
            "mean": "mean 0 per channel",
            "mean_image": "less the mean image",
            "none": "only divide by 255",
        },
    )
    flip: bool = setting(
        flag(), False, label="Mirror at random", help="Each training image, half of the times."
    )
    crop: int = setting(
        whole(0, MAX_CROP),
        0,
        label="Shift at random",
        help="By at most so many pixels; what comes in from outside is reflected.",
        offer=(0, 1, 2, 3, 4, 6, 8),
        words={0: "none"},
    )
    precision: str = setting(
        one_of(PRECISIONS),
        "float32",
        label="Number format",
        help="Of the forward and backward pass; weights and rules stay at 32 bits. "
        "16 bits are faster on a GPU.",
        words={"float32": "32 bits", "bfloat16": "16 bits"},
    )
    directory: str | None = setting(FOLDER, None, link="", flag="")

    def check(self) -> None:
        """Raise `ValueError`, one line with who, what is allowed and what came."""
        super().check()
        for run in self.runs:
            if run.optimizer.max_params is not None:  # counting the parameters takes a moment
                run.check_on(self.problem)
        self._check_together()
        if self.vary or self.seeds > 1:
            self._check_members()

    def check_affordable(self, budget: Budget = TRAINING) -> None:
        """Raise `ValueError` where the training takes more than it may; asked before it begins.

        Not a part of `check`: what was trained elsewhere with more is still a training.

        Args:
            budget: what it may take.
        """
        tried = [one for _, one in arms(self)]
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

    def _check_together(self) -> None:
        """Refuse settings that contradict each other."""
        if self.seed + self.seeds > 2**31:
            raise ValueError(
                f"seed must be a whole number from 0 to {2**31 - self.seeds:,} with "
                f"{self.seeds} seeds, got {self.seed}"
            )
        if self.batch_size < self.network.smallest_batch:
            raise ValueError(
                f"batch norm ({self.network.label}) needs a batch_size of at least "
                f"{self.network.smallest_batch}, got {self.batch_size}: one image has no spread"
            )
        if self.label_smoothing and not LOSSES[self.loss].smooths:
            raise ValueError(f"label_smoothing has no meaning with the loss {self.loss!r}")
        for run in self.runs:
            if self.weight_decay and not hasattr(run.optimizer, "learning_rate"):
                raise ValueError(
                    f"weight_decay shrinks by learning_rate times itself, and "
                    f"{run.optimizer.label} has no learning rate; use l2"
                )

    def num_used(self, count: int) -> int:
        """How many of `count` training images are trained with.

        Raises:
            ValueError: nothing is left to train or to validate with.
        """
        aside = self.num_aside(count)
        if self.validation is not None:
            self.check_split(count - aside, aside)
        return min(count - aside, self.limit or count)

    def full_batch(self, images: int) -> int:
        """Images in every batch of an epoch but its last: no more than there are to train with."""
        return min(self.batch_size, images)

    def num_aside(self, count: int) -> int:
        """How many of `count` training images are set aside to validate with."""
        return 0 if self.validation is None else round(self.validation * count)

    def check_split(self, train: int, validate: int) -> None:
        """Refuse to train or to validate with no image."""
        for what, left in (("train", train), ("validate", validate)):
            if not left:
                raise ValueError(
                    f"no image is left to {what} with (validation={self.validation!r})"
                )

    def check_batches(self, count: int) -> None:
        """Refuse `count` images of which an epoch's last batch would hold too few for batch norm.

        PyTorch refuses such a batch, too, when it comes to it.
        """
        last = count % self.batch_size or self.batch_size
        if last < self.network.smallest_batch:
            raise ValueError(
                f"batch norm ({self.network.label}) needs at least {self.network.smallest_batch} "
                f"images in a batch: with {count:,} images and a batch_size of "
                f"{self.batch_size:,}, the last batch of an epoch has {last}; "
                "take another batch_size or limit"
            )

    def _check_members(self) -> None:
        found = [one for _, one in islice(arms(self), MAX_MEMBERS + 1)]
        count = len(found) * len(self.runs) * self.seeds
        if count > MAX_MEMBERS:
            raise ValueError(
                f"a training has at most {MAX_MEMBERS} runs (optimizers x variations x seeds), "
                f"got {count:,} or more"
            )
        for one in found:
            replace(one, seeds=1).check()

    @property
    def problem(self) -> Problem:
        """What decides which rules can run."""
        whole = self.limit is not None and self.batch_size >= self.limit
        return Problem(self.network.label, self.network.num_params(), True, whole)

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
_VARIED = frozenset(parameters(TrainSpec)) - {"run", "vary", "grid", "seeds"}
