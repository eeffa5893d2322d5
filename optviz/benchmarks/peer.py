"""PyTorch as a peer: a program that stays in a process of its own and answers line by line."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

VARIABLE = "OPTVIZ_TORCH_PYTHON"
NONE = f"no torch arm: give --torch-python PATH or set {VARIABLE}"

Ask: TypeAlias = Callable[[Mapping[str, Any]], dict[str, Any]]  # a request -> its answer


@contextmanager
def torch_peer(interpreter: str | None, program: str) -> Iterator[Ask | None]:
    """Start a program of this folder with torch; None where no interpreter has it.

    Args:
        interpreter: one that can import torch; None: `OPTVIZ_TORCH_PYTHON`, else this one where it
            has torch.
        program: file name of the program, which reads one JSON request a line and answers each
            with one JSON line.
    """
    interpreter = interpreter or os.environ.get(VARIABLE)
    if interpreter is None and importlib.util.find_spec("torch") is not None:
        interpreter = sys.executable
    if interpreter is None:
        yield None
        return
    command = [interpreter, str(Path(__file__).with_name(program))]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(request: Mapping[str, Any]) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # the empty answer says so
        line = process.stdout.readline()
        if not line:
            raise ValueError(f"{interpreter} cannot run {program}: is torch installed there?")
        return json.loads(line)

    try:
        yield ask
    finally:
        process.communicate()
