"""`optviz bench networks`: training networks, against PyTorch in the same run.

Needs the numerical core alone, so that it runs on a GPU machine without the web app.
"""

from __future__ import annotations

from typing import Any

from optviz.benchmarks.peer import NONE, torch_peer
from optviz.engine.machine.host_memory import keep_freed_memory

NETWORKS = ("lenet", "resnet")  # whose start-up is timed


def measure(
    *,
    device: str = "cpu",
    rounds: int = 5,
    torch_python: str | None = None,
    data: str | None = None,
) -> dict[str, Any]:
    """Time steps and start-ups, and look at accuracies.

    Args:
        device: "cpu", or "gpu", where many runs at once and the fast net are measured.
        rounds: how often the arms take turns.
        torch_python: an interpreter that can import torch; None: `OPTVIZ_TORCH_PYTHON`, else this
            one where it has torch, else no torch arm.
        data: a folder with CIFAR-10's files; None: what needs real images is left out.

    Raises:
        ValueError: JAX computes on another device than was asked for.
    """
    import jax

    from optviz.benchmarks import network_accuracy, network_gpu, network_speed, network_startup

    keep_freed_memory()  # as in the process of a training
    found = jax.default_backend()
    if found != device:
        raise ValueError(
            f"JAX computes on the {found} here, not on the {device}: "
            "set JAX_PLATFORMS, or install optviz[cuda]"
        )
    notes = [] if data else ["no accuracies: give --data DIR, a folder with CIFAR-10's files"]
    with torch_peer(torch_python, "torch_networks.py") as ask:
        if ask is None:
            notes.append(NONE)
        else:
            about = ask({"task": "about"})
            notes.append(f"torch {about['torch']}")
            if device == "gpu" and not about["cuda"]:
                notes.append("no torch arm: it has no CUDA")
                ask = None
        timed = NETWORKS
        if device == "cpu":
            measured, bars = network_speed.on_cpu(rounds, ask)
            notes.append("rows of the GPU were not measured: this is a CPU")
        else:
            measured, bars = network_gpu.measure(rounds, device, ask, data)
            timed += (network_gpu.FAST,)
    others = [network_startup.measure(timed)]
    if data:
        others.append(network_accuracy.measure(data))
    for more, further in others:
        measured |= more
        bars += further
    return {
        "command": f"optviz bench networks --device {device}",
        "task": "a step of one run in a training of several, batches of 128, compilation apart",
        "rounds": rounds,
        "measured": measured,
        "bars": bars,
        "notes": notes,
    }
