"""List the optimizers, surfaces, schedules, networks and data sets."""

from __future__ import annotations

import argparse
import json
import math
from importlib import import_module
from typing import Any

from optviz.catalog import Catalog, Entry, defaults, knobs, source, summary, switches
from optviz.specs.text import value_text

EXAMPLE = "optviz list optimizers --json"

KINDS = ("optimizers", "surfaces", "schedules", "networks", "datasets")
PACKAGES = {"datasets": "data"}  # where the folder is not named like the kind


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", nargs="?", choices=KINDS, help="one kind only")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> None:
    kinds = [options.kind] if options.kind else KINDS
    if options.json:
        listing = [{"kind": kind, **describe(c)} for kind in kinds for c in catalog(kind).values()]
        print(json.dumps(listing, indent=2, allow_nan=False))
        return
    for kind in kinds:
        print(kind if len(kinds) == 1 else f"{kind}:")
        for cls in catalog(kind).values():
            fields = [f"{n}={value_text(v)}" for n, v in defaults(cls).items()]
            print(f"  {cls.name:<18} {summary(cls)}")
            if fields:
                print(f"  {'':<18} {', '.join(fields)}")


def catalog(kind: str) -> Catalog[Any]:
    """The catalogue of a kind; imported only when asked for, because layers take a moment."""
    return getattr(import_module(f"optviz.{PACKAGES.get(kind, kind)}"), kind.upper())


def describe(cls: type[Entry]) -> dict[str, Any]:
    """An entry class as JSON data; an unbounded end of a domain is null."""
    base = defaults(cls)
    return {
        "key": cls.name,
        "label": cls.label,
        "summary": summary(cls),
        "knobs": {
            name: {
                "default": base[name],
                "domain": [end if math.isfinite(end) else None for end in info.domain],
                "typical": list(info.typical),
                "log": info.log,
                "help": info.help,
            }
            for name, info in knobs(cls).items()
        },
        "switches": {
            name: {"default": base[name], "options": list(info.options), "help": info.help}
            for name, info in switches(cls).items()
        },
        "source": source(cls),
    }
