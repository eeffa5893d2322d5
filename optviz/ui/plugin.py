"""A Python file with further entries, named by the person who starts the app."""

from __future__ import annotations

import importlib.util
import traceback
from pathlib import Path

from optviz.catalog import Catalog, Entry
from optviz.optimizers import OPTIMIZERS
from optviz.schedules import SCHEDULES
from optviz.surfaces import SURFACES

PLUGIN_VARIABLE = "OPTVIZ_PLUGIN"  # names the file to the pages

_loaded: set[Path] = set()  # in this process


def check_plugin(file: Path) -> None:
    """Raise `ValueError` unless that is a Python file."""
    if file.suffix != ".py" or not file.is_file():
        raise ValueError(f"plug-in must be a Python file, got {str(file)!r}")


def load_plugin(file: Path) -> None:
    """Run the file, and add its entries; once in a process.

    Raises:
        ValueError: one line; no such file, an error in it, or an entry whose name is taken.
    """
    check_plugin(file)
    file = file.resolve()
    if file in _loaded:
        return
    spec = importlib.util.spec_from_file_location("optviz_plugin", file)
    assert spec is not None
    assert spec.loader is not None  # it ends in .py
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # anybody's code: it may raise whatever there is
        raise ValueError(_told(file, error)) from error
    catalogs: tuple[Catalog[Entry], ...] = (OPTIMIZERS, SURFACES, SCHEDULES)  # pyright: ignore
    for value in vars(module).values():
        if not (isinstance(value, type) and "name" in vars(value)):
            continue
        for catalog in catalogs:
            if issubclass(value, catalog.base):
                catalog.register(value)
    _loaded.add(file)


def _told(file: Path, error: BaseException) -> str:
    """The last line of the error's own traceback, and the last place in the file."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(file)]
    line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    place = line or (lines[-1] if lines else None)
    where = f", line {place}" if place else ""
    said = traceback.format_exception_only(error)[-1].strip()
    return f"plug-in {str(file)!r}{where}: {said}"
