"""Entries: what they declare, how they are found, and what they say about themselves."""

from optviz.catalog.catalog import Catalog, UnknownKeyError, discover
from optviz.catalog.description import describe, docstring, source, summary
from optviz.catalog.entry import (
    Entry,
    Knob,
    Switch,
    defaults,
    entry,
    knob,
    knobs,
    register,
    sequence,
    static_fields,
    switch,
    switches,
    validate,
)
from optviz.catalog.words import MAX_SHOWN, shown, unknown

__all__ = [
    "MAX_SHOWN",
    "Catalog",
    "Entry",
    "Knob",
    "Switch",
    "UnknownKeyError",
    "defaults",
    "describe",
    "discover",
    "docstring",
    "entry",
    "knob",
    "knobs",
    "register",
    "sequence",
    "shown",
    "source",
    "static_fields",
    "summary",
    "switch",
    "switches",
    "unknown",
    "validate",
]
