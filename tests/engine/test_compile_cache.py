"""What optviz leaves as it is in a program that uses it, and what it changes when asked to."""

import json
import os
import subprocess
import sys

USE = """
import json, locale, os, signal, sys, threading, warnings
import jax, numpy as np

def state():
    return {
        "jax": {k: repr(v) for k, v in jax.config.values.items()},
        "environment": dict(os.environ),
        "warnings": [repr(f) for f in warnings.filters],
        "signals": [repr(signal.getsignal(s)) for s in (signal.SIGINT, signal.SIGTERM)],
        "numpy": [repr(np.geterr()), repr(np.random.get_state()[1][:4])],
        "python": [sys.getrecursionlimit(), sys.path, repr(sys.excepthook), os.getcwd()],
        "locale": locale.setlocale(locale.LC_ALL),
        "affinity": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [],
        "nice": os.nice(0) if hasattr(os, "nice") else 0,
        "threads": threading.active_count(),
    }

before = state()
import optviz
optviz.race("ravine", ["sgd"], num_steps=5).to_json()
optviz.sweep("ravine", "sgd", {"learning_rate": [0.1, 0.2]}, num_steps=5)
optviz.train("synthetic", "linear", ["sgd"], epochs=1, limit=64)
after = state()
changed = [k for k in before if before[k] != after[k]]
before_asked = jax.config.jax_compilation_cache_dir
optviz.enable_compile_cache()
optviz.race("ravine", ["adam"], num_steps=5)
print(json.dumps([changed, before_asked, jax.config.jax_compilation_cache_dir]))
"""


def test_a_program_that_uses_optviz_keeps_its_own_settings_unless_it_asks(tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")}
    done = subprocess.run(
        [sys.executable, "-c", USE],
        env=environment | {"OPTVIZ_CACHE": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    changed, cache, asked = json.loads(done.stdout.splitlines()[-1])
    assert changed == []
    assert cache is None
    assert asked == str(tmp_path / "jax")
    assert any((tmp_path / "jax").iterdir())
