"""optviz: see how optimizers behave, on 2D surfaces and on networks, with one JAX rule for both."""

from optviz import optimizers, schedules, surfaces
from optviz.api import Race, race
from optviz.optimizers import OPTIMIZERS
from optviz.schedules import SCHEDULES
from optviz.surfaces import SURFACES
from optviz.surfaces.expression import expression

__version__ = "0.1.0"

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SURFACES",
    "Race",
    "expression",
    "optimizers",
    "race",
    "schedules",
    "surfaces",
]
