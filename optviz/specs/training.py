"""One training: what a single run of a rule on a network needs."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

from optviz.catalog import shown
from optviz.data import DATASETS, Dataset
from optviz.networks import NETWORKS, Network
from optviz.networks.losses import LOSSES
from optviz.optimizers.base import Problem
from optviz.schedules import Schedule
from optviz.specs.link import Spec
from optviz.specs.rules import a_schedule, entry_of, flag, one_of, optional, real, whole
from optviz.specs.run import RUN, Run, with_schedule
from optviz.specs.setting import Rule, setting

MAX_EPOCHS, MAX_BATCH, MAX_IMAGES, MAX_CROP = 1000, 50_000, 10**7, 16
STRONGEST = 1e6  # of what shrinks weights
REDUCTIONS = ("mean", "sum")
DECAYED = ("all", "weights")
NORMALISATIONS = ("mean_std", "mean", "mean_image", "none")
PRECISIONS = ("float32", "bfloat16")
_STRENGTHS = (0.0, *(float(f"{m}e-{k}") for k in (5, 4, 3, 2, 1) for m in (1, 2, 5)))
_SHARES = (0.02, 0.05, 0.1, 0.2, 0.5)
_NONE = {0.0: "none"}


def _check_folder(who: str, value: Any) -> None:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{who} must be the path of a folder, got {shown(value)}")


def _check_network(who: str, value: Any) -> None:
    entry_of(NETWORKS).check(who, value)
    value.check()


NETWORK = replace(entry_of(NETWORKS), check=_check_network)
FOLDER = Rule(_check_folder, lambda text, _: text)


@dataclass(frozen=True)
class TrainingSettings(Spec):
    """The settings of a training, whoever trains.

    Attributes:
        dataset: the images; where `directory` is given, only the kind of its files.
        network: what is trained.
        epochs: passes over the training images.
        batch_size: images in a step; the last batch of an epoch may be smaller.
        schedule: of the learning rate of a run that has none of its own.
        seed: of the weights and of the order of the images.
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
    _: KW_ONLY
    epochs: int = setting(
        whole(1, MAX_EPOCHS),
        2,
        label="Epochs",
        help="Passes over the training images.",
        offer=(*range(1, 11), 15, 20, 30, 50, 100),
        about="length",
    )
    batch_size: int = setting(
        whole(1, MAX_BATCH),
        128,
        label="Batch size",
        help="Images in a step: fewer make the gradient noisier and the epoch longer.",
        offer=[2**k for k in range(12)],
        about="length",
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
    limit: int | None = setting(
        optional(whole(1, MAX_IMAGES)),
        None,
        label="Training images",
        help="Train with the first so many images only.",
        offer=(100, 500, 1000, 2000, 5000, 10_000, 20_000, None),
        words={None: "all"},
        about="data",
    )
    validation: float | None = setting(
        optional(real(0, 1, "neither")),
        None,
        label="Validate with",
        help="Share of the training images that is set aside to validate with, or the test images.",
        offer=(None, *_SHARES),
        words={None: "the test images"}
        | {share: f"{share:.0%} of the training images" for share in _SHARES},
        about="data",
    )
    loss: str = setting(
        one_of(LOSSES),
        "cross_entropy",
        label="Loss",
        help="What training minimises.",
        words={name: loss.label for name, loss in LOSSES.items()},
        about="loss",
    )
    reduction: str = setting(
        one_of(REDUCTIONS),
        "mean",
        label="Gradient of the",
        help="Whether a step follows the mean of the batch's losses, or their sum.",
        words={"mean": "mean over the batch", "sum": "sum over the batch"},
        about="loss",
    )
    label_smoothing: float = setting(
        real(0, 1, "left"),
        0.0,
        label="Label smoothing",
        help="Share of each label that is spread over all classes, so that the network stays "
        "less sure.",
        offer=(0.0, 0.05, 0.1, 0.2, 0.3),
        words=_NONE,
        about="loss",
    )
    l2: float = setting(
        real(0, STRONGEST),
        0.0,
        label="L2 penalty",
        help="λ of the term λ/2·‖w‖² in the loss: its gradient goes through the rule.",
        offer=_STRENGTHS,
        words=_NONE,
        about="decay",
    )
    weight_decay: float = setting(
        real(0, STRONGEST),
        0.0,
        label="Weight decay",
        help="λ of w ← w − learning rate · λ · w, beside the rule's own step, as in AdamW.",
        offer=_STRENGTHS,
        words=_NONE,
        about="decay",
    )
    decay_on: str = setting(
        one_of(DECAYED),
        "all",
        label="Shrink",
        help="Whether both also shrink biases and the scales of batch norm.",
        words={"all": "all parameters", "weights": "weights only"},
        about="decay",
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
        about="images",
    )
    flip: bool = setting(
        flag(),
        False,
        label="Mirror at random",
        help="Each training image, half of the times.",
        about="images",
    )
    crop: int = setting(
        whole(0, MAX_CROP),
        0,
        label="Shift at random",
        help="By at most so many pixels; what comes in from outside is reflected.",
        offer=(0, 1, 2, 3, 4, 6, 8),
        words={0: "none"},
        about="images",
    )
    precision: str = setting(
        one_of(PRECISIONS),
        "float32",
        label="Number format",
        help="Of the forward and backward pass; weights and rules stay at 32 bits. "
        "16 bits are faster on a GPU.",
        words={"float32": "32 bits", "bfloat16": "16 bits"},
        about="numbers",
    )
    directory: str | None = setting(FOLDER, None, link="", flag="")

    def check(self) -> None:
        """Raise `ValueError`, one line with who, what is allowed and what came."""
        super().check()
        if self.batch_size < self.network.smallest_batch:
            raise ValueError(
                f"batch norm ({self.network.label}) needs a batch_size of at least "
                f"{self.network.smallest_batch}, got {self.batch_size}: one image has no spread"
            )
        if self.label_smoothing and not LOSSES[self.loss].smooths:
            raise ValueError(f"label_smoothing has no meaning with the loss {self.loss!r}")

    def check_with(self, run: Run) -> None:
        """Refuse a run that these settings cannot be trained with."""
        if run.optimizer.max_params is not None:  # counting the parameters takes a moment
            run.check_on(self.problem)
        if self.weight_decay and not hasattr(run.optimizer, "learning_rate"):
            raise ValueError(
                f"weight_decay shrinks by learning_rate times itself, and "
                f"{run.optimizer.label} has no learning rate; use l2"
            )

    @property
    def problem(self) -> Problem:
        """What decides which rules can run."""
        whole = self.limit is not None and self.batch_size >= self.limit
        return Problem(self.network.label, self.network.num_params(), True, whole)

    # Images -------------------------------------------------------------------------------------

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


@dataclass(frozen=True)
class Training(TrainingSettings):
    """Everything that decides one training: equal ones give equal numbers on one machine.

    Attributes:
        run: who trains.
    """

    run: Run = setting(RUN, flag="")

    def check(self) -> None:
        """Raise `ValueError`, one line with who, what is allowed and what came."""
        super().check()
        self.check_with(self.run)

    def resolved(self) -> Run:
        """The run with its schedule filled in."""
        return with_schedule(self.run, self.schedule)
