"""The update rules: one file per paper. `OPTIMIZERS` finds them by looking at this folder."""

from optviz.catalog import Catalog
from optviz.optimizers.base import Optimizer, Params, State, StepContext

OPTIMIZERS = Catalog("optviz.optimizers", Optimizer, "optimizer")

__all__ = ["OPTIMIZERS", "Optimizer", "Params", "State", "StepContext"]


def __getattr__(name: str) -> type[Optimizer]:
    """`optviz.optimizers.Adam`: every entry's class by its own name."""
    if name[:1].isupper():  # others are files of this folder, which may be amid their import
        for cls in OPTIMIZERS.values():
            if cls.__name__ == name:
                return cls
    raise AttributeError(f"module 'optviz.optimizers' has no attribute {name!r}")
