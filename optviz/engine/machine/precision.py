"""Number format and device of a computation, as one scope.

The scope is thread-local and threads do not inherit it: whoever starts a thread enters it there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import jax
import numpy as np

from optviz.catalog import Entry

T = TypeVar("T", bound=Entry)


@cache
def cpu() -> Any:
    """The host: races are loops over a few numbers, which a GPU would only slow down."""
    return jax.local_devices(backend="cpu")[0]


@contextmanager
def on_cpu(dtype: str) -> Iterator[None]:
    """Compute on the host in `dtype`; results must leave as NumPy arrays.

    What is too large for `dtype` is infinite there, without a warning: engines look for it.
    """
    x64, device = jax.enable_x64(dtype == "float64"), jax.default_device(cpu())
    with x64, device, np.errstate(over="ignore"):
        yield


def cast(item: T, dtype: str) -> T:
    """The entry with every knob in one fixed number format.

    A Python float, a Python int and a NumPy scalar in the same place are three compilations.
    """
    return jax.tree.map(np.dtype(dtype).type, item)
