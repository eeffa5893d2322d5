"""Where optviz keeps things on this computer."""

import os
from pathlib import Path


def cache() -> Path:
    """What can be made or fetched again: `$OPTVIZ_CACHE`, else the user's cache of the system."""
    return Path(os.environ.get("OPTVIZ_CACHE") or _of_system("cache"))


def home() -> Path:
    """Trainings: `$OPTVIZ_HOME`, else the user's data folder of the system."""
    return Path(os.environ.get("OPTVIZ_HOME") or _of_system("data"))


def _of_system(kind: str) -> str:
    import platformdirs  # a machine without it names its folders

    return getattr(platformdirs, f"user_{kind}_dir")("optviz")
