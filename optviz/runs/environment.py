"""What a training runs on: versions, device and threads, noted down beside its curves."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from optviz.engine.machine.host_memory import keep_freed_memory

PACKAGES = ("optviz", "jax", "jaxlib", "flax", "numpy")
DETERMINISTIC_THREADS = 2
DETERMINISTIC_FLAG = "--xla_gpu_deterministic_ops=true"
THREADS = "PJRT_NPROC"  # XLA's own variable: into how many parts the CPU's work is divided


def settle(options: Mapping[str, Any], before: Mapping[str, Any] | None) -> None:
    """Set up JAX so that numbers repeat; to be called before it looks for devices.

    Sums are divided among threads, and so their last digits depend on how many there are. Not on
    how many cores these run on: a training goes on with the number of threads it began with,
    wherever that is. A deterministic one has the same number on every machine.

    Args:
        options: of the training; `deterministic` and `platforms` count.
        before: the environment of an earlier attempt.

    Raises:
        ValueError: JAX has started already, and not as a deterministic training needs it.
    """
    deterministic = bool(options.get("deterministic"))
    threads = DETERMINISTIC_THREADS if deterministic else (before or {}).get("threads")
    wanted = {THREADS: str(threads or threads_now())}
    flags = os.environ.get("XLA_FLAGS", "").split()
    if deterministic and DETERMINISTIC_FLAG not in flags:
        wanted["XLA_FLAGS"] = " ".join([*flags, DETERMINISTIC_FLAG])
    if _started():
        if deterministic and any(os.environ.get(name) != wanted[name] for name in wanted):
            raise ValueError("a deterministic training needs a process that has not used JAX yet")
        return
    keep_freed_memory()
    os.environ.update(wanted)
    if options.get("platforms") is not None:
        os.environ["JAX_PLATFORMS"] = options["platforms"]
        if "jax" in sys.modules:  # it has read the variable already
            sys.modules["jax"].config.update("jax_platforms", options["platforms"] or None)


def describe() -> dict[str, Any]:
    """The environment of this process as plain JSON data; starts JAX."""
    import jax

    from optviz.engine.training.train import usable_cores

    devices = jax.devices()
    return {
        "versions": {name: version_of(name) for name in PACKAGES},
        "python": platform.python_version(),
        "system": platform.platform(),
        "platform": devices[0].platform,
        "device": devices[0].device_kind,
        "num_devices": len(devices),
        "cpu": processor(),
        "cores": usable_cores(),
        "threads": threads_now(),
        "commit": commit(),
    }


def difference(now: Mapping[str, Any], before: Mapping[str, Any] | None) -> str | None:
    """In one line what has changed since an earlier attempt that numbers depend on."""
    if not before:
        return None
    names = ("device", "num_devices", "cpu", "threads", "versions")
    changed = [name for name in names if now.get(name) != before.get(name)]
    if not changed:
        return None
    return f"Numbers may differ from the earlier attempt's: other {', '.join(changed)}."


def threads_now() -> int:
    """Into how many parts XLA divides the CPU's work in this process."""
    from optviz.engine.training.train import usable_cores

    text = os.environ.get(THREADS, "")
    return int(text) if text.isascii() and text.isdecimal() and int(text) > 0 else usable_cores()


@cache
def commit() -> str | None:
    """The commit of the package where it lies in a checkout; with `-dirty` after changes."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def _started() -> bool:
    """Whether JAX has looked for its devices; from then on settings have no effect."""
    if "jax" not in sys.modules:
        return False
    from jax._src import xla_bridge  # the public interface does not tell

    return xla_bridge.backends_are_initialized()


def version_of(name: str) -> str | None:
    """Which version of a package is installed; None: it is not."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def processor() -> str:
    """What the processor is called."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
