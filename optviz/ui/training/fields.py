"""What the pages know about the settings of a training: names, help, and values to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from optviz.networks.losses import LOSSES
from optviz.specs.text import value_text
from optviz.specs.train import DECAYED, NORMALISATIONS, PRECISIONS, REDUCTIONS


class Field(NamedTuple):
    """One setting as people choose it."""

    label: str
    help: str
    values: tuple[Any, ...]  # numbers: suggestions; words and truth values: all there are
    words: Mapping[Any, str] = {}  # what a value is called, where not by itself

    def say(self, value: Any) -> str:
        """The value for people."""
        if value in self.words:
            return self.words[value]
        return f"{value:,}" if type(value) is int else value_text(value)


_STRENGTHS = (0.0, *(float(f"{m}e-{k}") for k in (5, 4, 3, 2, 1) for m in (1, 2, 5)))

LENGTH = {
    "epochs": Field(
        "Epochs", "Passes over the training images.", (*range(1, 11), 15, 20, 30, 50, 100)
    ),
    "batch_size": Field(
        "Batch size",
        "Images in a step: fewer make the gradient noisier and the epoch longer.",
        tuple(2**k for k in range(12)),
    ),
}
LOSS = {
    "loss": Field(
        "Loss",
        "What training minimises.",
        tuple(LOSSES),
        {name: loss.label for name, loss in LOSSES.items()},
    ),
    "label_smoothing": Field(
        "Label smoothing",
        "Share of each label that is spread over all classes, so that the network stays less sure.",
        (0.0, 0.05, 0.1, 0.2, 0.3),
        {0.0: "none"},
    ),
    "reduction": Field(
        "Gradient of the",
        "Whether a step follows the mean of the batch's losses, or their sum.",
        REDUCTIONS,
        {"mean": "mean over the batch", "sum": "sum over the batch"},
    ),
}
DECAY = {
    "l2": Field(
        "L2 penalty",
        "λ of the term λ/2·‖w‖² in the loss: its gradient goes through the rule.",
        _STRENGTHS,
        {0.0: "none"},
    ),
    "weight_decay": Field(
        "Weight decay",
        "λ of w ← w − learning rate · λ · w, beside the rule's own step, as in AdamW.",
        _STRENGTHS,
        {0.0: "none"},
    ),
    "decay_on": Field(
        "Shrink",
        "Whether both also shrink biases and the scales of batch norm.",
        DECAYED,
        {"all": "all parameters", "weights": "weights only"},
    ),
}
IMAGES = {
    "normalise": Field(
        "Normalise",
        "What is done to the images before the network sees them.",
        NORMALISATIONS,
        {
            "mean_std": "mean 0, deviation 1 per channel",
            "mean": "mean 0 per channel",
            "mean_image": "less the mean image",
            "none": "only divide by 255",
        },
    ),
    "flip": Field("Mirror at random", "Each training image, half of the times.", (False, True)),
    "crop": Field(
        "Shift at random",
        "By at most so many pixels; what comes in from outside is reflected.",
        (0, 1, 2, 3, 4, 6, 8),
        {0: "none"},
    ),
}
NUMBERS = {
    "precision": Field(
        "Number format",
        "Of the forward and backward pass; weights and rules stay at 32 bits. "
        "16 bits are faster on a GPU.",
        PRECISIONS,
        {"float32": "32 bits", "bfloat16": "16 bits"},
    ),
}
DATA = {
    "limit": Field(
        "Training images",
        "Train with the first so many images only.",
        (100, 500, 1000, 2000, 5000, 10_000, 20_000, None),
        {None: "all"},
    ),
    "validation": Field(
        "Validate with",
        "Share of the training images that is set aside to validate with, or the test images.",
        (None, 0.02, 0.05, 0.1, 0.2, 0.5),
        {None: "the test images"}
        | {share: f"{share:.0%} of the training images" for share in (0.02, 0.05, 0.1, 0.2, 0.5)},
    ),
}
PROCESS = {  # not of the training's spec, but of how it is run
    "checkpoint_every": Field(
        "Steps between checkpoints",
        "From the last one a training goes on that was stopped or broken off.",
        (None, 1, 10, 50, 100, 500, 1000),
        {None: "half a minute"},
    ),
    "deterministic": Field(
        "Same numbers on any number of cores",
        "Sums are always divided into as many parts; that may be slower.",
        (False, True),
    ),
}
FIELDS: dict[str, Field] = LENGTH | LOSS | DECAY | IMAGES | NUMBERS | DATA
