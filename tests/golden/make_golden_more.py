"""Make `torch_more.npz`: PyTorch's optimizers beyond the lectures', as `make_golden.py` does.

Run it in the same environment:

    python tests/golden/make_golden_more.py

The point is one vector here, not two numbers, because Adafactor looks at whole arrays; and the path
of averaged SGD is that of its mean. `matrix` holds Adafactor on a 4 × 3 matrix, where it factors.
"""

import json
from pathlib import Path

import numpy as np
import torch
from make_golden import NUM_STEPS, SAMPLED, SURFACES, TWIN
from torch import optim

OUT = Path(__file__).with_name("torch_more.npz")

# label -> (key in optviz, knobs and switches there, PyTorch's class, its arguments, share of the
# surface's rate, whether its steps are gradients)
RULES = {
    "rprop": ("rprop", {}, optim.Rprop, {}, 0.2, False),
    "rprop other": (
        "rprop",
        {"eta_minus": 0.4, "eta_plus": 1.1, "min_step": 1e-4, "max_step": 0.05},
        optim.Rprop,
        {"etas": (0.4, 1.1), "step_sizes": (1e-4, 0.05)},
        0.2,
        False,
    ),
    "adamax": ("adamax", {}, optim.Adamax, {}, 1.0, False),
    "adamax other": (
        "adamax",
        {"b1": 0.7, "b2": 0.95, "eps": 1e-3},
        optim.Adamax,
        {"betas": (0.7, 0.95), "eps": 1e-3},
        1.0,
        False,
    ),
    "nadam": ("nadam", {}, optim.NAdam, {}, 1.0, False),
    "nadam other": (
        "nadam",
        {"b1": 0.7, "b2": 0.95, "eps": 1e-3, "momentum_decay": 0.1},
        optim.NAdam,
        {"betas": (0.7, 0.95), "eps": 1e-3, "momentum_decay": 0.1},
        1.0,
        False,
    ),
    "radam": ("radam", {}, optim.RAdam, {}, 0.1, True),
    "radam other": (
        "radam",
        {"b1": 0.7, "b2": 0.95, "eps": 1e-3},
        optim.RAdam,
        {"betas": (0.7, 0.95), "eps": 1e-3},
        0.1,
        True,
    ),
    "amsgrad": ("amsgrad", {}, optim.Adam, {"amsgrad": True}, 1.0, False),
    "amsgrad other": (
        "amsgrad",
        {"b1": 0.7, "b2": 0.95, "eps": 1e-3},
        optim.Adam,
        {"amsgrad": True, "betas": (0.7, 0.95), "eps": 1e-3},
        1.0,
        False,
    ),
    "averaged_sgd": ("averaged_sgd", {}, optim.ASGD, {"t0": 0}, 1.0, True),
    "averaged_sgd other": (
        "averaged_sgd",
        {"lambd": 0.1, "alpha": 0.6, "t0": 50.0},
        optim.ASGD,
        {"lambd": 0.1, "alpha": 0.6, "t0": 50.0},
        1.0,
        True,
    ),
    "adafactor": ("adafactor", {}, optim.Adafactor, {"eps": (1e-15, 1e-3)}, 1.0, False),
    "adafactor other": (
        "adafactor",
        {
            "decay_rate": 0.5,
            "eps1": 1e-6,
            "eps2": 0.1,
            "clipping_threshold": 1.5,
            "weight_decay": 0.1,
        },
        optim.Adafactor,
        {"beta2_decay": -0.5, "eps": (1e-6, 0.1), "d": 1.5, "weight_decay": 0.1},
        1.0,
        False,
    ),
}

GENERATOR = np.random.default_rng(0)
MATRIX = {
    "inputs": GENERATOR.standard_normal((6, 4)),
    "targets": GENERATOR.standard_normal((6, 3)),
    "start": GENERATOR.standard_normal((4, 3)),
}


def path(formula, start, cls, arguments, rate, shake=None):
    """(NUM_STEPS + 1, …): the points, or their mean where the rule keeps one."""
    point = torch.tensor(start, requires_grad=True)
    optimizer = cls([point], lr=rate, **arguments)
    points = [np.array(start)]
    for step in range(NUM_STEPS):
        optimizer.zero_grad()
        formula(point if shake is None else point * torch.tensor(shake[step])).backward()
        optimizer.step()
        points.append(optimizer.state[point].get("ax", point).detach().numpy().copy())
    return np.array(points)


def golden(formula, start, *rest):
    """The sampled path, and the step at which a twin one rounding error away has left it."""
    start = np.asarray(start)
    points = path(formula, start, *rest)
    assert np.isfinite(points).all()
    apart = np.zeros(NUM_STEPS + 1, bool)
    for seed, side in enumerate([np.inf, -np.inf]):
        signs = np.random.default_rng(seed).choice([-1, 1], size=(NUM_STEPS, *start.shape))
        shake = 1 + signs * np.finfo(np.float64).eps
        twin = path(formula, np.nextafter(start, side), *rest, shake)
        off = np.abs(points - twin) > TWIN * np.maximum(1, np.abs(points))
        apart |= off.reshape(NUM_STEPS + 1, -1).any(axis=1)
    horizon = int(apart.argmax()) if apart.any() else NUM_STEPS + 1
    return points[SAMPLED], horizon


def main() -> None:
    cases, paths, horizons = [], [], []
    for surface, (formula, start, gradient_rate, other_rate) in SURFACES.items():
        for label, (rule, fields, cls, arguments, share, is_gradient) in RULES.items():
            rate = share * (gradient_rate if is_gradient else other_rate)
            points, horizon = golden(lambda p, f=formula: f(*p), start, cls, arguments, rate)
            fields = {"learning_rate": rate, **fields}
            case = {"surface": surface, "start": start, "rule": rule, "label": label}
            cases.append(case | {"fields": fields, "schedule": None})
            paths.append(points)
            horizons.append(horizon)
            print(f"{surface:17} {label:20} {horizon:4d} {points[-1]}")
    inputs, targets = torch.tensor(MATRIX["inputs"]), torch.tensor(MATRIX["targets"])
    matrices = {}
    for label in ("adafactor", "adafactor other"):
        _, fields, cls, arguments, _, _ = RULES[label]
        points, horizon = golden(
            lambda w: ((inputs @ w - targets) ** 2).sum() / 2, MATRIX["start"], cls, arguments, 0.05
        )
        matrices[label] = {"fields": {"learning_rate": 0.05, **fields}, "horizon": horizon}
        matrices[label]["params"] = points.tolist()
        print(f"matrix {label} {horizon}")
    np.savez_compressed(
        OUT,
        torch=torch.__version__,
        num_steps=NUM_STEPS,
        sampled=SAMPLED,
        cases=json.dumps(cases),
        params=np.array(paths),
        horizon=np.array(horizons),
        matrices=json.dumps(matrices),
        **{f"matrix_{name}": value for name, value in MATRIX.items()},
    )
    print(f"{OUT.name}: {len(cases)} paths, {OUT.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
