"""The settings of a training as the pages show them: which stand together, and in which words."""

from __future__ import annotations

from collections.abc import Mapping

from optviz.specs.experiment import TrainSpec
from optviz.specs.setting import Choice, choices

OF_TRAINING = choices(TrainSpec)


def _some(*names: str) -> dict[str, Choice]:
    return {name: OF_TRAINING[name] for name in names}


LENGTH = _some("epochs", "batch_size")
LOSS = _some("loss", "label_smoothing", "reduction")
DECAY = _some("l2", "weight_decay", "decay_on")
IMAGES = _some("normalise", "flip", "crop")
NUMBERS = _some("precision")
DATA = _some("limit", "validation")
FIELDS: Mapping[str, Choice] = LENGTH | LOSS | DECAY | IMAGES | NUMBERS | DATA
