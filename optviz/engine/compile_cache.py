"""Compiled loops kept on disk, so that a new process starts in half the time."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import jax
from platformdirs import user_cache_path

CACHE_VARIABLE = "OPTVIZ_CACHE"  # a folder that takes the place of the user's cache directory


def cache_folder() -> Path:
    """Where optviz keeps what it can make or fetch again."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else user_cache_path("optviz")


@cache
def enable() -> None:
    """Switch JAX's persistent compilation cache on, unless the user has set one up."""
    if jax.config.jax_compilation_cache_dir is not None:  # pyright: ignore
        return
    folder = cache_folder() / "jax"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # without a writable cache everything works, a second later
    jax.config.update("jax_compilation_cache_dir", str(folder))
    # By default only what compiles for over a second is kept: none of our loops does.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
