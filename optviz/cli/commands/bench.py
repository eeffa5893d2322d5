"""Measure optviz against its peers and bars, each pair in the same run."""

from __future__ import annotations

import argparse
from pathlib import Path

from optviz.cli.output import check_place

EXAMPLE = "optviz bench race --out race.json"

NAMES = ("race", "maps", "player", "networks")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", default="race", choices=NAMES, help="what to measure")
    parser.add_argument("--device", default="cpu", choices=("cpu", "gpu"), help="where to run")
    parser.add_argument("--out", metavar="FILE", help="write the numbers as .json")
    parser.add_argument(
        "--torch-python",
        metavar="PYTHON",
        help="an interpreter that has PyTorch, to compare with (it is never a dependency)",
    )
    parser.add_argument(
        "--data", metavar="DIR", help="a folder with CIFAR-10's files, for accuracies of networks"
    )


def run(options: argparse.Namespace) -> None:
    from optviz import benchmarks, enable_compile_cache

    enable_compile_cache()
    if options.out:
        if Path(options.out).suffix != ".json":
            raise ValueError(f"--out must end in .json, got {options.out!r}")
        check_place(Path(options.out))
    given = {"torch_python": options.torch_python, "data": options.data}
    extra = {name: value for name, value in given.items() if value}
    benchmarks.run(options.name, options.device, options.out, **extra)
