"""What is handed to XLA's kernels on a CPU changes the speed, not the gradient."""

import jax
import numpy as np
import pytest
from small_networks import smallest

from optviz.data import Synthetic
from optviz.engine.machine import cpu_compiler
from optviz.engine.training import programs
from optviz.engine.training.data import batches, split
from optviz.engine.training.objective import Recipe, Strengths, Task
from optviz.networks import NETWORKS, LeNet, Linear
from optviz.specs.experiment import TrainSpec

KEY = jax.random.key(0)
DATASET = Synthetic(num_train=64, num_test=10)
cpu_only = pytest.mark.skipif(jax.default_backend() != "cpu", reason="an option for CPUs")


def asked(network):
    spec = TrainSpec(DATASET, network, (), batch_size=32)
    images = split(DATASET.load(), spec).train
    task = Task(network, images, next(batches(64, 32, 0, 0)), Strengths.of(spec))
    return (*programs.weights(network, KEY), task, np.int32(0), KEY), Recipe.of(spec)


@cpu_only
@pytest.mark.parametrize(
    "name", [n for n, kind in NETWORKS.items() if kind.cpu_library is not None]
)
def test_the_kernels_that_were_asked_for_give_the_same_gradient(name):
    network = smallest(NETWORKS[name])
    arguments, recipe = asked(network)
    program = programs.compiled_gradient(network).lower(*arguments, recipe=recipe).compile()
    assert ("ynn_fusion" in program.as_text()) == bool(network.cpu_library)
    found = program(*arguments)
    plain = jax.jit(programs.gradient, static_argnames="recipe")(*arguments, recipe=recipe)
    assert float(found.loss) == pytest.approx(float(plain.loss), rel=1e-5)
    for one, other in zip(jax.tree.leaves(found.grads), jax.tree.leaves(plain.grads), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * float(abs(other).max()))


@pytest.fixture
def all_known(monkeypatch):
    monkeypatch.setattr(cpu_compiler, "_is_known", lambda option, value: True)


@cpu_only
def test_options(all_known):
    emitters, library = cpu_compiler.EMITTERS, cpu_compiler.LIBRARY
    assert cpu_compiler.compiler_options(Linear.cpu_library) == {}
    assert cpu_compiler.compiler_options(LeNet.cpu_library) == {library: ""}
    assert cpu_compiler.loop_options() == {emitters: False, cpu_compiler.LEVEL: 1}


def test_an_xla_without_the_options_computes_all_the_same(monkeypatch):
    monkeypatch.setattr(cpu_compiler, "EMITTERS", "xla_cpu_no_such_option")
    monkeypatch.setattr(cpu_compiler, "LIBRARY", "xla_cpu_no_such_option_either")
    assert cpu_compiler.compiler_options(LeNet.cpu_library) == {}
    assert float(cpu_compiler.compiled_loop(lambda x: x + 1)(np.float32(1))) == 2


def test_what_is_compiled_alike_is_asked_for_once():
    assert cpu_compiler.compiled_loop(abs) is cpu_compiler.compiled_loop(abs)
    assert cpu_compiler.compiled(abs, ()) is cpu_compiler.compiled(abs, ())
