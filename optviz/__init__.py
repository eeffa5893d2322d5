"""optviz: see how optimizers behave, on 2D surfaces and on networks, with one JAX rule for both."""

from typing import TYPE_CHECKING, Any

from optviz import optimizers, schedules, surfaces
from optviz.api import Race, race
from optviz.engine.machine.compile_cache import enable as enable_compile_cache
from optviz.optimizers import OPTIMIZERS
from optviz.schedules import SCHEDULES
from optviz.specs import Budget
from optviz.surfaces import SURFACES
from optviz.surfaces.expression import expression

if TYPE_CHECKING:
    from optviz.api.sweep import sweep
    from optviz.api.train import train
    from optviz.data import DATASETS
    from optviz.networks import NETWORKS

__version__ = "0.1.0"

__all__ = [
    "DATASETS",
    "NETWORKS",
    "OPTIMIZERS",
    "SCHEDULES",
    "SURFACES",
    "Budget",
    "Race",
    "enable_compile_cache",
    "expression",
    "optimizers",
    "race",
    "schedules",
    "surfaces",
    "sweep",
    "train",
]

# What needs the network layers is imported when it is first asked for: races start without them.
_LATER = {
    "DATASETS": "optviz.data",
    "NETWORKS": "optviz.networks",
    "sweep": "optviz.api.sweep",
    "train": "optviz.api.train",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'optviz' has no attribute {name!r}")
    from importlib import import_module

    globals()[name] = value = getattr(import_module(_LATER[name]), name)
    return value
