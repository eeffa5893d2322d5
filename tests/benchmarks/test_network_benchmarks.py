"""The benchmark of networks runs and reports, without the web app; its numbers are not judged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from optviz import benchmarks
from optviz.benchmarks import network_gpu, network_speed
from optviz.cli import main
from optviz.engine.training.events import Steps

# Stands for an interpreter with torch: whatever the program, a step takes it 10 ms.
PEER = f"""#!{sys.executable}
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    about, fit = {{"torch": "2.0", "cuda": True}}, {{"accuracies": [0.2], "seconds": [1]}}
    answers = {{"about": about, "fit": fit}}
    steps = 0.01 * request.get("steps", 0) * len(request.get("rules", ()))
    print(json.dumps(answers.get(request["task"], {{"seconds": steps}})), flush=True)
"""

# A GPU machine has the numerical core alone; and everything is as small as can be.
CODE = """
import json, sys
for name in ("streamlit", "plotly", "pandas"):
    sys.modules[name] = None
from optviz import benchmarks
from optviz.benchmarks import network_accuracy as accuracy, network_gpu as gpu, networks
from optviz.benchmarks import network_speed as speed, network_startup as startup
tiny, peer, out = "mlp:hidden=4", *sys.argv[1:]
data = "synthetic:num_train=64,num_test=20"
networks.NETWORKS, speed.LIMITS, speed.RULES = (tiny,), {tiny: 1.0}, ("sgd", "adam")
speed.RUNS, speed.NUM_TRAIN, speed.SECONDS, speed.PEER_SECONDS = 2, 512, 0.05, 0.05
startup.REPEATS = 1
accuracy.SEEDS, accuracy.EPOCHS = 2, 1
accuracy.EXPECTED = {"adam:learning_rate=0.001": 0.1}
gpu.NETWORKS, gpu.RUNS, gpu.FAST, gpu.FAST_BATCH = (tiny,), 2, tiny, 16
gpu.SIDE, gpu.PRODUCTS, gpu.REPEATS, gpu.EPOCHS, gpu.SEEDS = 16, 2, 1, 2, 2
benchmarks.run("networks", out=out, rounds=1, torch_python=peer, data=data)
with networks.torch_peer(peer, "torch_networks.py") as ask:
    print(json.dumps(gpu.measure(1, "cpu", ask, data)), file=sys.stderr)
"""


def test_networks_are_measured_with_the_core_alone(tmp_path):
    peer, out = tmp_path / "python", tmp_path / "networks.json"
    peer.write_text(PEER)
    peer.chmod(0o755)
    command = [sys.executable, "-c", CODE, str(peer), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert not done.returncode, done.stderr

    result = json.loads(out.read_text())
    measured = result["measured"]
    title = "Multilayer perceptron, 2 runs of Adam"
    assert measured[f"{title}: PyTorch eager, default layout, a run-step"]["median"] == (
        pytest.approx(10)
    )
    mine = measured[f"{title}: optviz, a run-step"]["median"]
    bars = {row["what"]: row for row in result["bars"]}
    assert bars[f"{title}: speed over default layout"]["value"] == pytest.approx(10 / mine)
    assert bars["Multilayer perceptron: programs compiled for new numbers"]["value"] == 0
    first = measured["Multilayer perceptron: first losses, empty cache"]["median"]
    assert first > measured["Multilayer perceptron: of which compiling, empty cache"]["median"] > 0
    seeds = measured["LeNet, 1 epochs, adam:learning_rate=0.001, % of each seed"]
    average = measured["LeNet, 1 epochs, adam:learning_rate=0.001, % on average"]
    assert len(seeds) == 2
    assert average == pytest.approx(sum(seeds) / 2, abs=0.01)
    assert any("GPU were not measured" in note for note in result["notes"])

    measured, bars = json.loads(done.stderr.splitlines()[-1])
    share = measured["Multilayer perceptron, 2 runs of Adam, bfloat16: optviz, % of the peak"]
    assert share > 0
    assert measured["fast net: PyTorch's reference, % of each seed"] == [20.0]
    assert "fast net: mean seconds to 94 %" in measured
    assert len(bars) == 3


def test_a_window_counts_what_is_told_once_all_have_begun(monkeypatch):
    clock = iter([1.0, 2.0, 2.5, 4.0])
    monkeypatch.setattr(network_speed.time, "perf_counter", lambda: next(clock))
    window = network_speed.Window(2, seconds=1.5)
    for run, count in ((0, 10), (1, 10), (0, 4), (1, 6)):
        assert not window.over
        window.see(Steps("steps", run, 0, [1.0] * count, [1.0] * count, 0.0, 0.0))
    assert window.over
    assert window.ms_per_step == pytest.approx(200)  # 10 steps in 2 s


def test_mean_seconds_to_an_accuracy():
    curves = [[(1.0, 0.2), (2.0, 0.5)], [(3.0, 0.4), (6.0, 0.7)]]
    assert network_gpu.mean_seconds(curves, 0.3) == pytest.approx(2)
    assert network_gpu.mean_seconds(curves, 0.6) == pytest.approx(4)
    assert network_gpu.mean_seconds(curves, 0.7) == "not reached"


def test_what_cannot_be_measured_is_refused(capsys):
    with pytest.raises(ValueError, match="JAX computes on the cpu here, not on the gpu"):
        benchmarks.run("networks", "gpu")
    assert main(["bench", "race", "--data", "somewhere"]) == 2
    assert "benchmark race has no option 'data'" in capsys.readouterr().err
