"""Train a network with several optimizers: from the same weights, on the same batches."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from optviz.cli.output import check_place
from optviz.cli.reports import Report, print_result, say
from optviz.folders import replace_file
from optviz.specs.text import parse_number, parse_whole

if TYPE_CHECKING:
    from optviz.specs.train import TrainSpec

EXAMPLE = (
    "optviz train --data synthetic --network lenet -O sgd:learning_rate=0.05 -O adam --epochs 2"
)

# Settings that `TrainSpec` reads from text by itself.
AS_TEXT = ("label_smoothing", "l2", "weight_decay", "decay_on", "normalise", "crop", "precision")


def add_arguments(parser: argparse.ArgumentParser) -> None:
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
    parser.add_argument(
        "--schedule",
        metavar="KEY:knob=value",
        help="of every learning rate; warmup*cosine is a product",
    )
    parser.add_argument("--epochs", default="2", help="passes over the training images")
    parser.add_argument("--batch-size", default="128", help="images in a step")
    parser.add_argument("--seed", default="0", help="of the weights and the order of the images")
    parser.add_argument("--seeds", default="1", help="train with so many seeds, from --seed on")
    parser.add_argument(
        "--vary",
        action="append",
        metavar="FIELD=VALUE|VALUE",
        help="train with other settings too, such as batch_size=32|64, network.activation=tanh|elu "
        "or run.learning_rate=0.1|0.01; repeat for more",
    )
    parser.add_argument("--grid", action="store_true", help="combine variations with each other")
    parser.add_argument("--limit", help="use the first so many training images only")
    parser.add_argument("--validation", help="share of the training images to validate with")
    parser.add_argument("--loss", default="cross_entropy", help="cross_entropy, …")
    parser.add_argument("--reduction", default="mean", help="mean or sum of the batch's losses")
    parser.add_argument("--label-smoothing", help="share of each label spread over all classes")
    parser.add_argument("--l2", help="λ of the loss's term λ/2·‖w‖²")
    parser.add_argument("--weight-decay", help="λ of w ← w − learning_rate·λ·w")
    parser.add_argument("--decay-on", help="what both shrink: all or weights (no biases)")
    parser.add_argument("--normalise", help="of the images: mean_std, mean, mean_image or none")
    parser.add_argument("--flip", action="store_true", help="mirror images half of the time")
    parser.add_argument("--crop", help="shift images by at most so many pixels")
    parser.add_argument("--precision", help="of the passes: float32 or bfloat16")
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
    # The layers of networks take a moment to import; `optviz --help` need not wait for them.
    from optviz.networks import NETWORKS
    from optviz.runs.training import parse_data
    from optviz.specs import Run, parse_entry
    from optviz.specs.schedule import parse_schedule
    from optviz.specs.train import TrainSpec

    dataset, directory = parse_data(options.data)
    spec = TrainSpec(
        dataset=dataset,
        network=parse_entry(options.network, NETWORKS)[0],
        runs=tuple(map(Run.parse, options.optimizer or ("sgd", "adam"))),
        epochs=parse_whole(options.epochs, "--epochs"),
        batch_size=parse_whole(options.batch_size, "--batch-size"),
        schedule=parse_schedule(options.schedule) if options.schedule else None,
        seed=parse_whole(options.seed, "--seed"),
        seeds=parse_whole(options.seeds, "--seeds"),
        vary=tuple(options.vary or ()),
        grid=options.grid,
        limit=parse_whole(options.limit, "--limit") if options.limit else None,
        validation=parse_number(options.validation, "--validation") if options.validation else None,
        loss=options.loss,
        reduction=options.reduction,
        flip=options.flip,
        directory=directory,
    )
    for name in AS_TEXT:
        if (text := getattr(options, name)) is not None:
            spec = spec.changed(name, text)
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
