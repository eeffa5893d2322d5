"""How entries are found: a folder of files, and every class in them that has a name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from optviz.catalog.entry import Entry
from optviz.catalog.words import unknown

T = TypeVar("T", bound=Entry)


class Catalog(Mapping[str, type[T]], Generic[T]):
    """Key -> entry class for a folder of entries; an unknown key names the closest known one."""

    def __init__(self, package: str, base: type[T], kind: str) -> None:
        self._package, self.base, self.kind = package, base, kind
        self._entries: dict[str, type[T]] | None = None

    def _found(self) -> dict[str, type[T]]:
        if self._entries is None:
            self._entries = discover(self._package, self.base)
        return self._entries

    def register(self, cls: type[T]) -> None:
        """Add an entry from outside the package, such as a plug-in file."""
        known = self._found()
        if cls.name in known and known[cls.name] is not cls:
            raise ValueError(f"{self.kind} {cls.name!r} exists already")
        known[cls.name] = cls

    def __getitem__(self, key: str) -> type[T]:
        try:
            return self._found()[key]
        except KeyError:
            raise UnknownKeyError(unknown(self.kind, key, self._found())) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._found())

    def __len__(self) -> int:
        return len(self._found())

    def __repr__(self) -> str:
        return f"<{len(self)} {self.kind}s: {', '.join(self)}>"


class UnknownKeyError(KeyError, ValueError):
    """A name that no entry has: a `KeyError` of the mapping and bad input at once."""

    def __str__(self) -> str:
        return str(self.args[0])


def discover(package: str, base: type[T]) -> dict[str, type[T]]:
    """Import every module of `package` and collect the subclasses of `base` that have a name.

    Raises:
        ValueError: two entries have one name.
    """
    found: dict[str, type[T]] = {}
    module = importlib.import_module(package)
    for info in sorted(pkgutil.iter_modules(module.__path__), key=lambda m: m.name):
        contents = vars(importlib.import_module(f"{package}.{info.name}"))
        for value in contents.values():
            if not (isinstance(value, type) and issubclass(value, base) and "name" in vars(value)):
                continue
            if found.setdefault(value.name, value) is not value:
                other = found[value.name].__name__
                raise ValueError(f"{other} and {value.__name__} both have the name {value.name!r}")
    return found
