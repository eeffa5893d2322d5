"""How the settings of a training are read from text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from optviz.data import DATASETS
from optviz.networks import NETWORKS
from optviz.specs.run import Run
from optviz.specs.schedule import parse_schedule
from optviz.specs.text import parse_entry, parse_flag, parse_number, parse_whole

if TYPE_CHECKING:
    from optviz.specs.train import TrainSpec

_WHOLES = ("epochs", "batch_size", "seed", "seeds", "limit", "crop")
_NUMBERS = ("validation", "label_smoothing", "l2", "weight_decay")
_WORDS = ("loss", "reduction", "decay_on", "normalise", "precision")
_FLAGS = ("grid", "flip")
SCALARS = (*_WHOLES, *_NUMBERS, *_WORDS, *_FLAGS)
Reader: TypeAlias = "Callable[[TrainSpec, Sequence[str]], TrainSpec]"


def _reader(name: str, parse: Callable[[str, str], Any]) -> Reader:
    return lambda spec, texts: replace(spec, **{name: parse(texts[0], name)})


READERS: dict[str, Reader] = {
    "dataset": _reader("dataset", lambda text, _: parse_entry(text, DATASETS)[0]),
    "network": _reader("network", lambda text, _: parse_entry(text, NETWORKS)[0]),
    "run": lambda s, v: replace(s, runs=tuple(map(Run.parse, v))),
    "schedule": _reader("schedule", lambda text, _: parse_schedule(text)),
    "vary": lambda s, v: replace(s, vary=tuple(v)),
    **{name: _reader(name, parse_whole) for name in _WHOLES},
    **{name: _reader(name, parse_number) for name in _NUMBERS},
    **{name: _reader(name, lambda text, _: text) for name in _WORDS},
    **{name: _reader(name, parse_flag) for name in _FLAGS},
}
