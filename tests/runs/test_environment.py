"""Numbers do not depend on the cores that happen to be free, and what they depend on is noted."""

import os
import subprocess
import sys

import jax
import pytest

from optviz.runs import environment

SUMS = """
import hashlib, os, sys
cores = int(sys.argv[1])
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
from optviz.runs import environment
environment.settle({"platforms": "cpu"}, {"threads": 3})
import jax, jax.numpy as jnp, numpy as np
x = np.random.default_rng(0).standard_normal((128, 3072)).astype(np.float32)
f = jax.jit(lambda x: (jnp.tanh(x @ x.T).sum(), (x * x).sum()))
print(environment.describe()["threads"], hashlib.md5(np.array(f(x)).tobytes()).hexdigest())
"""


def sums(cores):
    command = [sys.executable, "-c", SUMS, str(cores)]
    env = {name: value for name, value in os.environ.items() if name != environment.THREADS}
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    return done.stdout.split()


def test_threads_decide_and_not_cores():
    threads, numbers = sums(1)
    assert threads == "3"
    assert [threads, numbers] == sums(2)


def test_too_late():
    jax.devices()
    with pytest.raises(ValueError, match="needs a process that has not used JAX yet"):
        environment.settle({"deterministic": True}, None)
    environment.settle({"platforms": "none such"}, {"threads": 99})  # as it is, and noted
    assert environment.difference({"threads": 2}, {"threads": 99}) == (
        "Numbers may differ from the earlier attempt's: other threads."
    )
    assert environment.difference({"threads": 2}, None) is None


def test_what_is_noted():
    found = environment.describe()
    assert found["device"] == jax.devices()[0].device_kind
    assert found["versions"]["jax"] == jax.__version__
    assert environment.difference(found, found) is None


def test_a_spec_is_checked_without_starting_jax():
    """What decides on numbers is set up after that; and the app leaves a GPU to its trainings."""
    code = """
from jax._src import xla_bridge
from optviz.cli.commands.train import add_arguments, spec_of
import argparse
parser = argparse.ArgumentParser()
add_arguments(parser)
spec_of(parser.parse_args(["--network", "resnet", "-O", "adam"]))
assert not xla_bridge.backends_are_initialized()
"""
    subprocess.run([sys.executable, "-c", code], check=True)
