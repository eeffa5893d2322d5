"""Where optviz keeps things on this computer."""

import os
from pathlib import Path

import platformdirs


def cache() -> Path:
    """What can be made or fetched again: `$OPTVIZ_CACHE`, else the user's cache of the system."""
    return Path(os.environ.get("OPTVIZ_CACHE") or platformdirs.user_cache_dir("optviz"))


def home() -> Path:
    """Trainings: `$OPTVIZ_HOME`, else the user's data folder of the system."""
    return Path(os.environ.get("OPTVIZ_HOME") or platformdirs.user_data_dir("optviz"))
