"""The test surfaces: one file each. `SURFACES` finds them by looking at this folder."""

from optviz.catalog import Catalog
from optviz.surfaces.base import Point, Surface

SURFACES = Catalog("optviz.surfaces", Surface, "surface")

__all__ = ["SURFACES", "Point", "Surface"]


def __getattr__(name: str) -> type[Surface]:
    """`optviz.surfaces.Rosenbrock`: every entry's class by its own name."""
    if not name.startswith("_"):
        for cls in SURFACES.values():
            if cls.__name__ == name:
                return cls
    raise AttributeError(f"module 'optviz.surfaces' has no attribute {name!r}")
