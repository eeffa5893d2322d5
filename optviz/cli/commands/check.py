"""Check a gradient against finite differences over a range of steps.

Exit code 0: the gradient is right; 1: it is wrong; 2: differences cannot tell (the loss has no
gradient at that point, or rounding hides it), or bad input.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from optviz.analysis import GradientCheck, gradient_check
from optviz.analysis.gradient.verdict import CANNOT_TELL
from optviz.cli.output import check_out
from optviz.cli.outputs import refuse, write_all
from optviz.engine.machine import compile_cache
from optviz.specs.surface import parse_surface
from optviz.specs.text import parse_point, parse_whole
from optviz.surfaces.expression import expression

EXAMPLE = "optviz check rosenbrock --at=-1.2,1 --out check.png"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("surface", nargs="?", help="KEY or KEY:knob=value; see optviz list")
    parser.add_argument("--expression", metavar="TEXT", help="a formula in x and y instead")
    parser.add_argument("--network", metavar="KEY", help="a network at fresh weights instead")
    parser.add_argument("--loss", help="of a network (default cross_entropy)")
    parser.add_argument("--at", metavar="X,Y", help="the point (default: the surface's start)")
    parser.add_argument("--lines", help="random lines through a network's weights (default 6)")
    parser.add_argument("--seed", help="of a network's weights, images and lines (default 0)")
    parser.add_argument("--dtype", help="number format of the verdict: float64 (default), float32")
    parser.add_argument(
        "--out",
        action="append",
        default=[],
        metavar="FILE",
        help="write .png, .csv or .json; may be given more than once",
    )
    parser.add_argument("--json", action="store_true", help="print the check as JSON")


def run(options: argparse.Namespace) -> int:
    from optviz.export.gradient_check import WRITERS, save_check

    for name in options.out:
        check_out(Path(name), WRITERS)
    compile_cache.enable()
    check = check_of(options)
    failed = write_all(options.out, lambda name: save_check(check, Path(name)))
    if options.json:
        print(json.dumps(check.to_json(), allow_nan=False))
    if check.verdict == CANNOT_TELL:
        print(f"optviz: {check.verdict}: {check.reason}", file=sys.stderr)
    elif not options.json:
        print(report(check))
    refuse(failed)
    if check.verdict == CANNOT_TELL:
        return 2
    return 0 if check.passed else 1


def check_of(options: argparse.Namespace) -> GradientCheck:
    """The check that the arguments ask for."""
    given = [options.surface, options.expression, options.network]
    if sum(value is not None for value in given) != 1:
        raise ValueError("check needs a surface, --expression or --network, and only one of them")
    chosen = {} if options.dtype is None else {"dtype": options.dtype}
    if options.network is not None:
        return gradient_check(_network(options), **_network_options(options), **chosen)
    for name in ("loss", "lines", "seed"):
        if getattr(options, name) is not None:
            raise ValueError(f"--{name} belongs to --network")
    at = parse_point(options.at, "--at") if options.at is not None else None
    surface = options.surface and parse_surface(options.surface)
    return gradient_check(surface or expression(options.expression), at, **chosen)


def _network(options: argparse.Namespace) -> Any:
    from optviz.networks import NETWORKS
    from optviz.specs import parse_entry

    if options.at is not None:
        raise ValueError("--at belongs to a surface: a network is checked at fresh weights")
    network = parse_entry(options.network, NETWORKS)[0]
    network.check()
    return network


def _network_options(options: argparse.Namespace) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    if options.loss is not None:
        chosen["loss"] = options.loss
    if options.lines is not None:
        chosen["num_lines"] = parse_whole(options.lines, "--lines")
    if options.seed is not None:
        chosen["seed"] = parse_whole(options.seed, "--seed")
    return chosen


def report(check: GradientCheck) -> str:
    """The check as a few lines of text."""
    import pandas as pd

    from optviz.export.gradient_check import lines_of, valleys_of

    tables = [
        pd.DataFrame(rows).to_string(index=False, na_rep="–", float_format="{:.6g}".format)
        for rows in (lines_of(check), valleys_of(check))
    ]
    return "\n\n".join([f"{check.verdict}: {check.reason}", f"checked {check.how}", *tables])
