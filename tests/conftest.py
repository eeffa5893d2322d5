"""How every test runs: strict about dtypes and shapes, every warning an error, no user's files.

The settings go into the environment too, so that processes which a test starts are as strict.
"""

import gc
import itertools
import os
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

_FOLDER = tempfile.TemporaryDirectory(prefix="optviz-tests-", ignore_cleanup_errors=True)

# No test reads or writes what the user has: runs, downloads and caches live in a folder of this
# process. Only JAX's compiled loops are kept from one test run to the next: they are keyed by their
# content, and without them the suite takes about twice as long.
SETTINGS = {
    "OPTVIZ_HOME": str(Path(_FOLDER.name) / "home"),
    "OPTVIZ_CACHE": str(Path(_FOLDER.name) / "cache"),
    "JAX_NUMPY_DTYPE_PROMOTION": "strict",
    "JAX_NUMPY_RANK_PROMOTION": "raise",
    "JAX_COMPILATION_CACHE_DIR": str(user_cache_path("optviz") / "tests-jax"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    # Where in the sources an operation stands: to say it for each takes one part in seventeen.
    "JAX_TRACEBACK_IN_LOCATIONS_LIMIT": "0",
}
# The workers share the cores: a program that is divided to be compiled on all of them costs more.
QUICK = ["--xla_cpu_parallel_codegen_split_count=1"]
if version("jaxlib").startswith("0.10."):
    # It compiles in two thirds of the time where it does not fuse operations through MLIR. Later
    # ones do not know the flag, and would abort.
    QUICK.append("--xla_cpu_use_fusion_emitters=false")
SETTINGS["XLA_FLAGS"] = " ".join(dict.fromkeys([*os.environ.get("XLA_FLAGS", "").split(), *QUICK]))
os.environ.update(SETTINGS)

import jax  # noqa: E402  # reads the environment when it is imported
import pytest  # noqa: E402
from jaxtyping import install_import_hook  # noqa: E402

# A worker's heap is large and what it makes is freed without being collected: at Python's own
# thresholds every sixth second goes into looking for garbage.
gc.set_threshold(50_000, 20, 50)

# The shapes and number formats that these modules say are checked in every call of every test.
SHAPED = ("optviz.engine.training.objective", "optviz.networks.losses")
install_import_hook(SHAPED, "beartype.beartype")

# A plug-in may have imported JAX before this file; process-wide, so that threads are strict too.
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_compilation_cache_dir", SETTINGS["JAX_COMPILATION_CACHE_DIR"])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", "error")
    # The workers share the compiled loops: JAX 0.12 may find one that is half written, says so
    # and compiles it itself.
    half_written = "ignore:Error reading persistent compilation cache entry:UserWarning"
    config.addinivalue_line("filterwarnings", half_written)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tests of one file run in one worker: mostly they need the same programs, made once."""
    if item.get_closest_marker("xdist_group") is None:
        item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(item.config.rootpath))))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The pages in a browser are looked at first: they take longest, and mostly they wait."""
    items.sort(key=lambda item: not _in_group(item, "app"))  # stable: the others keep their order


def pytest_collection_finish(session: pytest.Session) -> None:
    """Say so where groups do not hold: each worker would start an app, and compile everything."""
    grouped = session.config.getoption("loadgroup", False)  # pytest-xdist, in a worker
    if grouped and not all("@" in item.nodeid for item in session.items):
        raise pytest.UsageError("this pytest-xdist does not group tests under this pytest")


def _in_group(item: pytest.Item, name: str) -> bool:
    marker = item.get_closest_marker("xdist_group")
    return marker is not None and marker.args == (name,)


@pytest.fixture(scope="module")
def compiled_quickly() -> Iterator[None]:
    """Programs that a file makes are hardly optimized: made in half the time, run slower.

    For files that compare within a tolerance. Those that compare bits, and the proofs of the rules,
    run what users run; so no program stays from one file to the next.
    """
    jax.clear_caches()
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
    jax.clear_caches()


MAPPED = Path("/proc/self/maps")  # one line for each region of memory
# Of 65,530 that Linux gives a process; with about 0.3 MB for each, a worker needs less than 3 GB.
MOST_MAPPED = 3_000
CHECK_EVERY = 20  # tests

_tests = itertools.count(1)


def pytest_runtest_teardown() -> None:
    """Let go of compiled programs before a worker runs out of memory, or of regions of it.

    Each has a few, and the catalogue makes tens of thousands; at the limit the process would abort.
    """
    if next(_tests) % CHECK_EVERY == 0 and MAPPED.exists():
        with MAPPED.open("rb") as lines:
            mapped = sum(1 for _ in lines)
        if mapped > MOST_MAPPED:
            jax.clear_caches()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A real browser; without one the browser tests fail, for they are never skipped."""
    from browser import FLAGS, installed
    from playwright.sync_api import sync_playwright

    path = installed()
    if path is None:
        pytest.fail("no Chrome or Chromium: run `python tests/browser.py`")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()
