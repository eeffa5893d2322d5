"""The schedules: one file per shape. `SCHEDULES` finds them by looking at this folder."""

from optviz.catalog import Catalog
from optviz.schedules.base import Schedule
from optviz.schedules.product import Product

SCHEDULES = Catalog("optviz.schedules", Schedule, "schedule")

__all__ = ["SCHEDULES", "Product", "Schedule"]


def __getattr__(name: str) -> type[Schedule]:
    """`optviz.schedules.Cosine`: every entry's class by its own name."""
    if not name.startswith("_"):
        for cls in SCHEDULES.values():
            if cls.__name__ == name:
                return cls
    raise AttributeError(f"module 'optviz.schedules' has no attribute {name!r}")
