"""What PyTorch's schedulers do; run by `make_schedule_golden.py` in an environment that has torch.

Reads JSON from stdin: pairs of code that optviz writes for PyTorch and a number of steps. Prints
JSON: the rates of PyTorch's own schedulers, as they are set up here, and those of each code.
"""

import json
import math
import sys

import torch

NUM_STEPS, BASE = 120, 0.1
lrs = torch.optim.lr_scheduler
torch.set_default_dtype(torch.float64)


def losses(num_steps=NUM_STEPS):
    """A loss that falls, rests, rises and falls again."""
    turns = [0.3 * math.sin(1.9 * i) / (1 + 0.05 * i) for i in range(num_steps)]
    return [2 / (1 + 0.05 * i) + turn * (1 + i % 7) / 7 for i, turn in enumerate(turns)]


def below_zero(num_steps):
    """The same loss, lower: its best is negative from the first step on."""
    return [loss - 3 for loss in losses(num_steps)]


def after_warmup(o, steps, scheduler, start=1e-12):
    # LinearLR wants to start above zero.
    rise = lrs.LinearLR(o, start, 1.0, steps)
    return lrs.SequentialLR(o, [rise, scheduler], [steps])


def plateau(**arguments):
    return lambda o: lrs.ReduceLROnPlateau(o, eps=0.0, **arguments)


# text of optviz's schedule -> PyTorch's scheduler
OWN = {
    "step:interval=0.2,factor=0.4": lambda o: lrs.StepLR(o, 24, 0.4),
    "multi_step": lambda o: lrs.MultiStepLR(o, [60, 90], 0.1),
    "multi_step:factor=0.3,milestones=0.1x0.25x0.7": lambda o: lrs.MultiStepLR(
        o, [12, 30, 84], 0.3
    ),
    "exponential:k=0.02": lambda o: lrs.ExponentialLR(o, math.exp(-0.02)),
    "inverse_time:k=0.02": lambda o: lrs.LambdaLR(o, lambda t: 1 / (1 + 0.02 * t)),
    "annealing:epsilon=2.5": lambda o: lrs.LambdaLR(o, lambda t: 1 / (2.5 + t)),
    "polynomial": lambda o: lrs.PolynomialLR(o, NUM_STEPS, 0.9),
    "polynomial:power=2.5": lambda o: lrs.PolynomialLR(o, NUM_STEPS, 2.5),
    "linear:start=0.25,end=1,share=0.5": lambda o: lrs.LinearLR(o, 0.25, 1.0, 60),
    "linear:start=1,end=0.1": lambda o: lrs.LinearLR(o, 1.0, 0.1, NUM_STEPS),
    "cosine:final=0.1": lambda o: lrs.CosineAnnealingLR(o, NUM_STEPS, 0.1 * BASE),
    "warm_restarts:first_cycle=0.125,growth=1": lambda o: lrs.CosineAnnealingWarmRestarts(o, 15, 1),
    "warm_restarts:first_cycle=0.05,final=0.2": lambda o: lrs.CosineAnnealingWarmRestarts(
        o, 6, 2, 0.2 * BASE
    ),
    "warm_restarts:first_cycle=0.025,growth=3": lambda o: lrs.CosineAnnealingWarmRestarts(o, 3, 3),
    "one_cycle": lambda o: lrs.OneCycleLR(o, BASE, NUM_STEPS, cycle_momentum=False),
    "one_cycle:shape=linear,peak_at=0.45,start=0.1,final=0.001": lambda o: lrs.OneCycleLR(
        o,
        BASE,
        NUM_STEPS,
        pct_start=0.45,
        anneal_strategy="linear",
        cycle_momentum=False,
        div_factor=10,
        final_div_factor=100,
    ),
    "triangular": lambda o: lrs.CyclicLR(o, 0.1 * BASE, BASE, 15, cycle_momentum=False),
    "triangular:cycle=0.2,rise=0.25,shrink=0.5,low=0.05": lambda o: lrs.CyclicLR(
        o, 0.05 * BASE, BASE, 6, 18, mode="triangular2", cycle_momentum=False
    ),
    "noam:warmup=0.25": lambda o: lrs.LambdaLR(
        o, lambda t: math.sqrt(30) * min((t + 1) ** -0.5, (t + 1) * 30**-1.5)
    ),
    "warmup:share=0.25*cosine": lambda o: after_warmup(o, 30, lrs.CosineAnnealingLR(o, 90)),
    "warmup:share=0.1,start=0.2*step:interval=0.5,factor=0.3": lambda o: after_warmup(
        o, 12, lrs.StepLR(o, 54, 0.3), 0.2
    ),
    "warmup:share=0.1*exponential:k=0.03": lambda o: after_warmup(
        o, 12, lrs.ExponentialLR(o, math.exp(-0.03))
    ),
    "linear:start=0.1,end=1,share=0.25*exponential:k=0.01": lambda o: lrs.ChainedScheduler(
        [lrs.LinearLR(o, 0.1, 1.0, 30), lrs.ExponentialLR(o, math.exp(-0.01))]
    ),
    "reduce_on_plateau:patience=3,factor=0.5": plateau(factor=0.5, patience=3),
    "reduce_on_plateau:patience=0,factor=0.8,cooldown=5": plateau(
        factor=0.8, patience=0, cooldown=5
    ),
    "reduce_on_plateau:patience=2,factor=0.7,threshold=0.05,floor=0.2": plateau(
        factor=0.7, patience=2, threshold=0.05, min_lr=0.2 * BASE
    ),
    "reduce_on_plateau:patience=1,threshold=0.02,factor=0.9,mode=absolute,cooldown=2": plateau(
        factor=0.9, patience=1, threshold=0.02, threshold_mode="abs", cooldown=2
    ),
}


def follow(optimizer, advance, num_steps=NUM_STEPS):
    """The rate at each step."""
    rates = []
    for step in range(num_steps):
        advance(step)
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
    return rates


def own(make):
    optimizer = torch.optim.SGD(torch.nn.Linear(1, 1).parameters(), lr=BASE)
    scheduler, told = make(optimizer), losses()

    def advance(step):
        if step and isinstance(scheduler, lrs.ReduceLROnPlateau):
            scheduler.step(told[step])
        elif step:
            scheduler.step()

    return follow(optimizer, advance)


def written(code, num_steps):
    names = {"model": torch.nn.Linear(1, 1)}
    exec(code, names)  # noqa: S102  # what optviz writes is what is tested
    told = below_zero(num_steps)

    def advance(step):
        if step and "tell" in names:
            names["tell"](told[step])
        elif step:
            names["scheduler"].step()
        if "set_value" in names:
            names["set_value"](names["optimizer"], step)

    rates = follow(names["optimizer"], advance, num_steps)
    if "tell" not in names:
        names["scheduler"].step()  # as the code says: after the last step too
    return rates


if __name__ == "__main__":
    codes = json.load(sys.stdin)
    result = {
        "torch": torch.__version__,
        "losses": losses(),
        "own": {name: own(make) for name, make in OWN.items()},
        "written": [written(*code) for code in codes],
    }
    json.dump(result, sys.stdout)
