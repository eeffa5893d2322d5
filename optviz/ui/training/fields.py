"""The settings of a training as the pages show them: those about one thing stand together."""

from __future__ import annotations

from collections.abc import Mapping

from optviz.specs.experiment import TrainSpec
from optviz.specs.setting import Choice, choices

OF_TRAINING = choices(TrainSpec)


def _about(topic: str) -> dict[str, Choice]:
    return {name: choice for name, choice in OF_TRAINING.items() if choice.about == topic}


LENGTH, LOSS, DECAY = _about("length"), _about("loss"), _about("decay")
IMAGES, NUMBERS, DATA = _about("images"), _about("numbers"), _about("data")
FIELDS: Mapping[str, Choice] = LENGTH | LOSS | DECAY | IMAGES | NUMBERS | DATA
