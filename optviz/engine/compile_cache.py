"""Compiled loops kept on disk, so that a new process starts in half the time."""

from __future__ import annotations

from functools import cache

import jax

from optviz import folders


@cache
def enable() -> None:
    """Switch JAX's persistent compilation cache on, unless the user has set one up."""
    if jax.config.jax_compilation_cache_dir is not None:  # pyright: ignore
        return
    folder = folders.cache() / "jax"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # without a writable cache everything works, a second later
    jax.config.update("jax_compilation_cache_dir", str(folder))
    # By default only what compiles for over a second is kept: none of our loops does.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
