"""Results that are kept, to be asked for again: as many as fit into a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import wraps
from sys import getsizeof
from threading import Lock
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
MEGABYTE = 10**6


def size_of(value: Any) -> int:
    """Bytes that a value holds, those of arrays above all; what is there twice counts once."""
    return _size(value, set())


def _size(value: Any, seen: set[int]) -> int:
    base = getattr(value, "base", None)
    if hasattr(value, "nbytes") and hasattr(base, "nbytes"):
        value = base  # a view keeps all of the array that it looks at
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if hasattr(value, "nbytes"):
        return int(value.nbytes)
    parts: Iterable[Any] = ()
    if isinstance(value, Mapping):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, (list, tuple, set, frozenset)):
        parts = value
    elif is_dataclass(value) and not isinstance(value, type):
        parts = [getattr(value, field.name) for field in fields(value)]
    return getsizeof(value, 64) + sum(_size(part, seen) for part in parts)


def kept(megabytes: float) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function of hashable arguments so that its results are kept.

    What was not asked for the longest goes first. A result that is larger than all room there is
    is kept alone, until another comes, for whoever asked for it is likely to ask again: so results
    are to be bounded themselves. Two threads that ask for the same at once may both compute it.

    Args:
        megabytes: 10⁶ bytes that all results and their arguments may take.
    """
    room = int(megabytes * MEGABYTE)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        found: OrderedDict[Any, tuple[R, int]] = OrderedDict()
        total, lock = 0, Lock()

        @wraps(function)
        def asked(*args: P.args, **kwargs: P.kwargs) -> R:
            nonlocal total
            key = (args, tuple(sorted(kwargs.items())))
            with lock:
                if key in found:
                    found.move_to_end(key)
                    return found[key][0]
            value = function(*args, **kwargs)
            size = size_of((key, value))
            with lock:
                _, before = found.pop(key, (None, 0))  # another thread may have been as quick
                found[key] = value, size
                total += size - before  # not summed anew: an ordered dictionary hashes every key
                while total > room and len(found) > 1:
                    _, (_, size) = found.popitem(last=False)
                    total -= size
            return value

        def clear() -> None:
            nonlocal total
            with lock:
                found.clear()
                total = 0

        def held() -> int:
            return total

        asked.cache_clear = clear  # pyright: ignore[reportAttributeAccessIssue]
        asked.held = held  # pyright: ignore[reportAttributeAccessIssue]
        return asked

    return decorate
