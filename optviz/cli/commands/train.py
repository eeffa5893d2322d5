"""Train a network with several optimizers: from the same weights, on the same batches."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from optviz.cli.flags import add_flags, said
from optviz.cli.output import check_place
from optviz.cli.reports import Report, print_result, say
from optviz.folders import replace_file
from optviz.specs.text import parse_whole

if TYPE_CHECKING:
    from optviz.specs.experiment import TrainSpec

EXAMPLE = (
    "optviz train --data synthetic --network lenet -O sgd:learning_rate=0.05 -O adam --epochs 2"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    # The layers of networks take a moment to import; other commands need not wait for them.
    from optviz.specs.experiment import TrainSpec

    parser.add_argument(
        "--data",
        default="synthetic",
        metavar="DIR|cifar10|synthetic",
        help="a folder with CIFAR-10's batch files (or its parent), or a data set's key",
    )
    parser.add_argument("--download", action="store_true", help="fetch CIFAR-10 if need be")
    parser.add_argument("--network", default="lenet", help="KEY or KEY:switch=value")
    parser.add_argument(
        "-O",
        "--optimizer",
        action="append",
        metavar="KEY:knob=value",
        help="a rule, optionally @schedule and #label; repeat for more (default: sgd and adam)",
    )
    add_flags(parser, TrainSpec)
    parser.add_argument(
        "--checkpoint-every",
        metavar="STEPS",
        help="steps of a run between two checkpoints (default: about half a minute)",
    )
    parser.add_argument(
        "--deterministic",
        action="store_true",
        help="the same numbers, however many cores there are",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--out", metavar="FILE", help="write the result as .json too")


def spec_of(options: argparse.Namespace) -> TrainSpec:
    """The training that the options ask for.

    Raises:
        ValueError: one line; bad settings.
    """
    from optviz.networks import NETWORKS
    from optviz.runs.training import parse_data
    from optviz.specs import Run, parse_entry
    from optviz.specs.experiment import TrainSpec

    dataset, directory = parse_data(options.data)
    spec = TrainSpec(
        dataset=dataset,
        network=parse_entry(options.network, NETWORKS)[0],
        runs=tuple(map(Run.parse, options.optimizer or ("sgd", "adam"))),
        directory=directory,
        **said(options, TrainSpec),
    )
    spec.check()
    return spec


def run(options: argparse.Namespace) -> None:
    from optviz.runs import jobs

    spec = spec_of(options)
    out = Path(options.out) if options.out else None
    if out is not None:
        if out.suffix != ".json":
            raise ValueError(f"--out must end in .json, got {options.out!r}")
        check_place(out)
    every = options.checkpoint_every
    result = jobs.run_here(
        spec,
        download=options.download,
        checkpoint_every=parse_whole(every, "--checkpoint-every") if every else None,
        deterministic=options.deterministic,
        on_event=Report(),
        say=say,
    )
    if out is not None:
        replace_file(out, json.dumps(result.to_json(), allow_nan=False).encode())
    print_result(result, as_json=options.json)
