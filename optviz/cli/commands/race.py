"""Race optimizers down a surface and write the race to files."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from optviz.api import WRITERS, run_race
from optviz.cli.output import check_out
from optviz.cli.outputs import refuse, write_all
from optviz.engine import compile_cache
from optviz.optimizers import OPTIMIZERS
from optviz.specs import RaceSpec, Run
from optviz.specs.race import parse_rates
from optviz.specs.schedule import parse_schedule
from optviz.specs.surface import parse_starts, parse_surface
from optviz.specs.text import parse_number, parse_point, parse_whole
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
    parser.add_argument(
        "--schedule",
        metavar="KEY:knob=value",
        help="of every learning rate; warmup*cosine is a product",
    )
    parser.add_argument("--start", metavar="X,Y[;X,Y]", help="one start, or several")
    parser.add_argument("--steps", default="300", help="length of the race (default 300)")
    parser.add_argument("--noise", default="0", help="standard deviation on the gradient")
    parser.add_argument("--seed", default="0", help="of the noise")
    parser.add_argument("--tolerance", default="1e-6", help="share of the first error")
    parser.add_argument(
        "--steps-per-epoch", default="1", help="how often schedules that see the loss see it"
    )
    parser.add_argument("--dtype", default="float64", help="float64 or float32")
    parser.add_argument("--rates", default="tuned", help="tuned, default or one number for all")
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
    runs = map(Run.parse, options.optimizer or OPTIMIZERS)
    return RaceSpec(
        surface=surface,
        runs=tuple(runs),
        start=parse_starts(options.start) if options.start is not None else None,
        num_steps=parse_whole(options.steps, "--steps"),
        schedule=parse_schedule(options.schedule) if options.schedule else None,
        noise=parse_number(options.noise, "--noise"),
        seed=parse_whole(options.seed, "--seed"),
        tolerance=parse_number(options.tolerance, "--tolerance"),
        dtype=options.dtype,
        rates=parse_rates(options.rates),
        steps_per_epoch=parse_whole(options.steps_per_epoch, "--steps-per-epoch"),
    )
