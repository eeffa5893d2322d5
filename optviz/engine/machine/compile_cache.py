"""Compiled loops kept on disk, so that a new process starts in half the time."""

from __future__ import annotations

from functools import cache

import jax

from optviz import folders


@cache
def enable() -> None:
    """Switch JAX's persistent compilation cache on for this process, unless one is set up.

    A first race then takes half the time in every process but the first. It is the whole process's
    setting: all that this program compiles with JAX is kept, in the folder `OPTVIZ_CACHE` or the
    system's folder for caches. So the app and the command line do it, and no other call of optviz
    does.
    """
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
