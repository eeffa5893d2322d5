"""Make `torch_second_order.npz`: the paths of PyTorch's L-BFGS and Muon in float64.

Run it in an environment of its own with torch 2.13.0 and NumPy (PyTorch is not a dependency):

    python tests/golden/make_golden_second_order.py

One step of optviz is one iteration of PyTorch's L-BFGS, so `max_iter` is 1; its tolerances are 0,
so that it never stops by itself. Twins and horizons are those of `make_golden.py`. A path of L-BFGS
also ends before the first pair with yᵀs ≤ 1e-9: PyTorch leaves pairs below 1e-10 out, optviz those
below rounding.

PyTorch's Muon makes matrices orthogonal in bfloat16, to two digits. So that more can be compared it
is told to stay in float64.
"""

import json
from pathlib import Path

import numpy as np
import torch
from make_golden import SURFACES, TWIN

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.Tensor.bfloat16 = torch.Tensor.clone

NUM_STEPS, MUON_STEPS = 60, 40
OUT = Path(__file__).with_name("torch_second_order.npz")
MEMORIES = (10, 1)


def tilts(noisy):
    """A slope added to the loss, another one at each step: what a mini-batch does to it."""
    steps = np.arange(NUM_STEPS)[:, None]
    return (0.5 if noisy else 0.0) * np.sin(steps * [1.3, 2.1])


def lbfgs(formula, start, memory, noisy, shake=None):
    """Path (steps + 1, 2), evaluations (steps + 1,), and the step from which all is rounding."""
    point = torch.tensor(start, requires_grad=True)
    rule = torch.optim.LBFGS(
        [point],
        lr=1,
        max_iter=1,
        max_eval=1000,
        history_size=memory,
        tolerance_grad=0,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )
    points, counts, grads = [start], [0], []
    for step, tilt in enumerate(tilts(noisy)):
        first = True

        def closure(tilt=tilt, step=step):
            nonlocal first
            rule.zero_grad()
            seen = point if shake is None else point * torch.tensor(shake[step])
            loss = formula(seen[0], seen[1]) + (torch.tensor(tilt) * point).sum()
            loss.backward()
            if first:
                grads.append(point.grad.numpy().copy())
                first = False
            return loss

        rule.step(closure)
        points.append(point.detach().numpy().copy())
        counts.append(rule.state[point]["func_evals"])
    points, grads = np.array(points), np.array(grads)
    curvature = (np.diff(points[:-1], axis=0) * np.diff(grads, axis=0)).sum(axis=1)
    small = np.flatnonzero(np.abs(curvature) <= 1e-9)
    return points, np.array(counts), int(small[0]) + 1 if len(small) else NUM_STEPS + 1


def golden(formula, start, memory, noisy):
    points, counts, horizon = lbfgs(formula, np.array(start), memory, noisy)
    apart = np.zeros(NUM_STEPS + 1, bool)
    for seed, side in enumerate([np.inf, -np.inf]):
        signs = np.random.default_rng(seed).choice([-1, 1], size=(NUM_STEPS, 2))
        shake = 1 + signs * np.finfo(np.float64).eps
        twin, _, _ = lbfgs(formula, np.nextafter(start, side), memory, noisy, shake)
        apart |= (np.abs(points - twin) > TWIN * np.maximum(1, np.abs(points))).any(axis=1)
    return points, counts, min(horizon, int(apart.argmax()) if apart.any() else NUM_STEPS + 1)


def muon(start, inputs, targets, arguments):
    """Path (MUON_STEPS + 1, inputs, outputs) on ‖inputs W - targets‖²/2; in PyTorch W is Wᵀ."""
    weights = torch.nn.Parameter(torch.tensor(start.T))
    rule = torch.optim.Muon([weights], **arguments)
    path = [start]
    for _ in range(MUON_STEPS):
        rule.zero_grad()
        (0.5 * ((torch.tensor(inputs) @ weights.T - torch.tensor(targets)) ** 2).sum()).backward()
        rule.step()
        path.append(weights.detach().numpy().T.copy())
    return np.array(path)


def main():
    cases, paths, counts, horizons = [], [], [], []
    for surface, (formula, start, *_) in SURFACES.items():
        for memory in MEMORIES:
            for noisy in (False, True):
                points, evaluations, horizon = golden(formula, start, memory, noisy)
                case = {"surface": surface, "start": start, "memory": memory, "noisy": noisy}
                cases.append(case)
                paths.append(points)
                counts.append(evaluations)
                horizons.append(horizon)
                print(f"{surface:17} {memory:3} {noisy!s:6} {horizon:3d} {points[-1]}")
    draw = np.random.default_rng(0).standard_normal
    settings = [
        {"lr": 0.02},
        {"lr": 0.05, "momentum": 0.8, "weight_decay": 0.3, "nesterov": False, "ns_steps": 3},
    ]
    matrices = {}
    for shape in [(4, 3), (3, 7), (4, 4)]:
        for number, arguments in enumerate(settings):
            key = f"muon {shape[0]} {shape[1]} {number}"
            inputs, targets = draw((9, shape[0])), draw((9, shape[1]))
            path = muon(draw(shape), inputs, targets, arguments)
            matrices |= {f"{key} path": path, f"{key} inputs": inputs, f"{key} targets": targets}
            print(key, np.abs(path[-1] - path[0]).max())
    np.savez_compressed(
        OUT,
        torch=torch.__version__,
        cases=json.dumps(cases),
        params=np.array(paths),
        evaluations=np.array(counts),
        horizon=np.array(horizons),
        tilts=tilts(True),
        muon=json.dumps(settings),
        **matrices,
    )
    print(f"{OUT.name}: {OUT.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
