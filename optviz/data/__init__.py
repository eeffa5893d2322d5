"""The data sets: one file each. `DATASETS` finds them by looking at this folder."""

from optviz.catalog import Catalog
from optviz.data.base import Data, Dataset

DATASETS = Catalog("optviz.data", Dataset, "data set")

__all__ = ["DATASETS", "Data", "Dataset"]


def __getattr__(name: str) -> type[Dataset]:
    """`optviz.data.Synthetic`: every entry's class by its own name."""
    if not name.startswith("_"):
        for cls in DATASETS.values():
            if cls.__name__ == name:
                return cls
    raise AttributeError(f"module 'optviz.data' has no attribute {name!r}")
