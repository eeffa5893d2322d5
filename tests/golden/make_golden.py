"""Make `torch.npz`: what PyTorch's own optimizers and schedulers do on test surfaces in float64.

Run it in an environment of its own with torch 2.13.0 and NumPy (PyTorch is not a dependency):

    python tests/golden/make_golden.py

Formulas are written here a second time, and gradients are PyTorch's, so that nothing of optviz is
trusted. Every path has two twins, each from a start one unit in the last place away, with gradients
taken one such unit beside the point, at random up or down: what another order of sums does. (The
start alone is not enough. A rule may first forget it and then, hovering around a minimum, magnify
each new rounding.) Where a twin parts from its path no two libraries can agree: the first step at
which they differ by more than `TWIN` is stored as `horizon`, and tests compare the steps before it.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch

NUM_STEPS = 500
TWIN = 1e-11  # relative to max(1, |x|)
# Every early step, then every tenth: an error once made stays in a path.
SAMPLED = np.unique(np.r_[0:21, 0 : NUM_STEPS + 1 : 10])
OUT = Path(__file__).with_name("torch.npz")

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def ravine(x, y):
    turn = 15 * math.pi / 180
    u = x * math.cos(turn) + y * math.sin(turn)
    v = -x * math.sin(turn) + y * math.cos(turn)
    return (u * u + 50 * v * v) / 2


def long_valley(x, y):
    return 10 * x * x + (1 + y * y) ** 0.5 - 1


def rosenbrock(x, y):
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def beale(x, y):
    return (1.5 - x * (1 - y)) ** 2 + (2.25 - x * (1 - y**2)) ** 2 + (2.625 - x * (1 - y**3)) ** 2


def himmelblau(x, y):
    return (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2


def three_hump_camel(x, y):
    return 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2


def styblinski_tang(x, y):
    return ((x**4 - 16 * x**2 + 5 * x) + (y**4 - 16 * y**2 + 5 * y)) / 2


def rastrigin(x, y):
    waves = torch.cos(2 * math.pi * x) + torch.cos(2 * math.pi * y)
    return 20 + x * x + y * y - 10 * waves


def ackley(x, y):
    bowl = -20 * torch.exp(-0.2 * torch.sqrt(0.5 * (x * x + y * y)))
    return (
        bowl
        - torch.exp(0.5 * (torch.cos(2 * math.pi * x) + torch.cos(2 * math.pi * y)))
        + (20 + math.e)
    )


# surface -> (formula, start, rate of the rules whose steps are gradients, rate of the others)
SURFACES = {
    "ravine": (ravine, (-4.0, 1.0), 0.01, 0.1),
    "long_valley": (long_valley, (-1.5, 10.0), 0.02, 0.1),
    "rosenbrock": (rosenbrock, (-1.2, 1.0), 0.0005, 0.05),
    "beale": (beale, (1.0, 1.5), 0.005, 0.05),
    "himmelblau": (himmelblau, (-0.5, -1.0), 0.002, 0.05),
    "three_hump_camel": (three_hump_camel, (-1.9, 2.2), 0.01, 0.05),
    "styblinski_tang": (styblinski_tang, (0.4, 4.4), 0.002, 0.05),
    "rastrigin": (rastrigin, (-3.3, 2.4), 0.0005, 0.02),
    "ackley": (ackley, (2.6, -1.7), 0.01, 0.05),
}

# label -> (key in optviz, knobs and switches there, PyTorch's class, its arguments, share of the
# surface's rate, whether its steps are gradients)
opt = torch.optim
RULES = {
    "sgd": ("sgd", {}, opt.SGD, {}, 1.0, True),
    "momentum": ("momentum", {"momentum": 0.9}, opt.SGD, {"momentum": 0.9}, 0.5, True),
    "momentum dampened": (
        "momentum",
        {"momentum": 0.8, "dampening": 0.3},
        opt.SGD,
        {"momentum": 0.8, "dampening": 0.3},
        1.0,
        True,
    ),
    "nesterov": (
        "nesterov",
        {"momentum": 0.9},
        opt.SGD,
        {"momentum": 0.9, "nesterov": True},
        0.5,
        True,
    ),
    "adagrad": ("adagrad", {}, opt.Adagrad, {}, 5.0, False),
    "adagrad filled": (
        "adagrad",
        {"initial_accumulator_value": 0.7, "eps": 1e-3},
        opt.Adagrad,
        {"initial_accumulator_value": 0.7, "eps": 1e-3},
        5.0,
        False,
    ),
    "rmsprop": ("rmsprop", {}, opt.RMSprop, {}, 0.2, False),
    "rmsprop centered": (
        "rmsprop",
        {"centered": True, "decay": 0.9, "eps": 1e-4},
        opt.RMSprop,
        {"centered": True, "alpha": 0.9, "eps": 1e-4},
        0.1,
        False,
    ),
    "rmsprop momentum": (
        "rmsprop",
        {"momentum": 0.6, "decay": 0.95},
        opt.RMSprop,
        {"momentum": 0.6, "alpha": 0.95},
        0.1,
        False,
    ),
    "rmsprop centered momentum": (
        "rmsprop",
        {"centered": True, "momentum": 0.5, "eps": 1e-3},
        opt.RMSprop,
        {"centered": True, "momentum": 0.5, "eps": 1e-3},
        0.1,
        False,
    ),
    "adadelta": ("adadelta", {}, opt.Adadelta, {}, 20.0, False),
    "adadelta other": (
        "adadelta",
        {"rho": 0.95, "eps": 1e-4},
        opt.Adadelta,
        {"rho": 0.95, "eps": 1e-4},
        10.0,
        False,
    ),
    "adam": ("adam", {}, opt.Adam, {}, 1.0, False),
    "adam other": (
        "adam",
        {"b1": 0.7, "b2": 0.95, "eps": 1e-3},
        opt.Adam,
        {"betas": (0.7, 0.95), "eps": 1e-3},
        1.0,
        False,
    ),
    "adamw": ("adamw", {}, opt.AdamW, {}, 1.0, False),
    "adamw strong": (
        "adamw",
        {"weight_decay": 0.3, "b1": 0.8},
        opt.AdamW,
        {"weight_decay": 0.3, "betas": (0.8, 0.999)},
        1.0,
        False,
    ),
}

# key in optviz -> (its knobs, PyTorch's scheduler); all over a run of NUM_STEPS
lrs = torch.optim.lr_scheduler
SCHEDULES = {
    "constant": ({}, lambda o: lrs.ConstantLR(o, factor=1.0)),
    "step": ({"factor": 0.4, "interval": 0.2}, lambda o: lrs.StepLR(o, NUM_STEPS // 5, 0.4)),
    "exponential": ({"k": 0.004}, lambda o: lrs.ExponentialLR(o, math.exp(-0.004))),
    "inverse_time": ({"k": 0.02}, lambda o: lrs.LambdaLR(o, lambda t: 1 / (1 + 0.02 * t))),
    "annealing": ({"epsilon": 2.5}, lambda o: lrs.LambdaLR(o, lambda t: 1 / (2.5 + t))),
    "cosine": (
        {"final": 0.1},
        lambda o: lrs.CosineAnnealingLR(o, NUM_STEPS, 0.1 * o.param_groups[0]["lr"]),
    ),
}
SCHEDULED_ON = "beale"


def path(formula, start, cls, arguments, rate, scheduler=None, shake=None):
    """(NUM_STEPS + 1, 2) and the (NUM_STEPS,) rates that the scheduler gave.

    `shake` is (NUM_STEPS, 2), factors on the point at which the gradient is taken.
    """
    x, y = (torch.tensor(v, requires_grad=True) for v in start)
    optimizer = cls([x, y], lr=rate, **arguments)
    scheduler = scheduler and scheduler(optimizer)
    points, rates = [[x.item(), y.item()]], []
    for step in range(NUM_STEPS):
        optimizer.zero_grad()
        if shake is None:
            formula(x, y).backward()
        else:
            formula(x * shake[step, 0], y * shake[step, 1]).backward()
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if scheduler:
            scheduler.step()
        points.append([x.item(), y.item()])
    return np.array(points), np.array(rates)


def golden(formula, start, *rest):
    points, rates = path(formula, start, *rest)
    assert np.isfinite(points).all()
    apart = np.zeros(NUM_STEPS + 1, bool)
    for seed, side in enumerate([np.inf, -np.inf]):
        signs = np.random.default_rng(seed).choice([-1, 1], size=(NUM_STEPS, 2))
        shake = 1 + signs * np.finfo(np.float64).eps
        twin, _ = path(formula, np.nextafter(start, side), *rest, shake=shake)
        apart |= (np.abs(points - twin) > TWIN * np.maximum(1, np.abs(points))).any(axis=1)
    horizon = int(apart.argmax()) if apart.any() else NUM_STEPS + 1
    return points[SAMPLED], rates, horizon


def main() -> None:
    cases, paths, horizons, rates = [], [], [], {}
    plain = [(surface, rule, None) for surface in SURFACES for rule in RULES]
    scheduled = [(SCHEDULED_ON, rule, schedule) for rule in RULES for schedule in SCHEDULES]
    for surface, label, schedule in plain + scheduled:
        formula, start, gradient_rate, other_rate = SURFACES[surface]
        rule, fields, cls, arguments, share, is_gradient = RULES[label]
        rate = share * (gradient_rate if is_gradient else other_rate)
        # 1/(ε + t) starts at 1/ε of the base value and falls fast: a larger base keeps it moving.
        rate *= 5.0 if schedule == "annealing" else 1.0
        fields = {"learning_rate": rate, **fields}
        knobs, scheduler = SCHEDULES[schedule] if schedule else ({}, None)
        points, factors, horizon = golden(formula, start, cls, arguments, rate, scheduler)
        if schedule:
            rates[schedule] = factors / rate
        case = {"surface": surface, "start": start, "rule": rule, "label": label, "fields": fields}
        cases.append(case | {"schedule": schedule, "schedule_knobs": knobs})
        paths.append(points)
        horizons.append(horizon)
        print(f"{surface:17} {label:26} {schedule or '':13} {horizon:4d} {points[-1]}")
    np.savez_compressed(
        OUT,
        torch=torch.__version__,
        num_steps=NUM_STEPS,
        sampled=SAMPLED,
        cases=json.dumps(cases),
        params=np.array(paths),
        horizon=np.array(horizons),
        schedules=json.dumps(list(rates)),
        factors=np.array(list(rates.values())),
    )
    print(f"{OUT.name}: {len(cases)} paths, {OUT.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
