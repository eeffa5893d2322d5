"""The networks: one file per architecture. `NETWORKS` finds them by looking at this folder."""

from optviz.catalog import Catalog
from optviz.networks.base import Network

NETWORKS = Catalog("optviz.networks", Network, "network")

__all__ = ["NETWORKS", "Network"]


def __getattr__(name: str) -> type[Network]:
    """`optviz.networks.LeNet`: every entry's class by its own name."""
    if not name.startswith("_"):
        for cls in NETWORKS.values():
            if cls.__name__ == name:
                return cls
    raise AttributeError(f"module 'optviz.networks' has no attribute {name!r}")
