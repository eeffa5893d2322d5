"""Race optimizers down a surface and write the race to files."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from optviz.api import WRITERS, run_race
from optviz.cli.flags import add_flags, said
from optviz.cli.output import check_out
from optviz.cli.outputs import refuse, write_all
from optviz.engine.machine import compile_cache
from optviz.optimizers import OPTIMIZERS
from optviz.specs import RaceSpec, Run
from optviz.specs.surface import parse_surface
from optviz.specs.text import parse_point
from optviz.surfaces.expression import expression

EXAMPLE = (
    "optviz race rosenbrock -O adam:learning_rate=0.05 -O momentum --schedule cosine "
    "--start=-1.2,1 --steps 500 --out race.html"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("surface", nargs="?", help="KEY or KEY:knob=value; see optviz list")
    parser.add_argument("--expression", metavar="TEXT", help="a formula in x and y instead")
    parser.add_argument("--xlim", metavar="LOW,HIGH", help="window of an expression")
    parser.add_argument("--ylim", metavar="LOW,HIGH", help="window of an expression")
    parser.add_argument(
        "-O",
        "--optimizer",
        action="append",
        metavar="KEY:knob=value",
        help="a rule, optionally @schedule and #label; repeat for more (default: all rules)",
    )
    add_flags(parser, RaceSpec)
    parser.add_argument(
        "--out",
        action="append",
        default=[],
        metavar="FILE",
        help=f"write {' '.join(WRITERS)}; may be given more than once",
    )
    parser.add_argument("--json", action="store_true", help="print the race as JSON")


def run(options: argparse.Namespace) -> None:
    for name in options.out:
        check_out(Path(name), WRITERS)
    spec = spec_of(options)
    compile_cache.enable()
    race = run_race(spec)
    failed = write_all(options.out, race.save)
    if options.json:
        print(json.dumps(race.to_json(), allow_nan=False))
    else:
        print(race.summary().to_string(index=False, na_rep="–", float_format="{:.6g}".format))
    refuse(failed)


def spec_of(options: argparse.Namespace) -> RaceSpec:
    """The spec that the arguments ask for."""
    if (options.surface is None) == (options.expression is None):
        raise ValueError("race needs a surface or --expression, and not both")
    if options.expression is not None:
        limits = {
            axis: parse_point(text, f"--{axis}")
            for axis in ("xlim", "ylim")
            if (text := getattr(options, axis)) is not None
        }
        surface = expression(options.expression, **limits)
    else:
        for axis in ("xlim", "ylim"):
            if getattr(options, axis) is not None:
                raise ValueError(f"--{axis} belongs to --expression: a surface has its own window")
        surface = parse_surface(options.surface)
    runs = tuple(map(Run.parse, options.optimizer or OPTIMIZERS))
    return RaceSpec(surface=surface, runs=runs, **said(options, RaceSpec))
