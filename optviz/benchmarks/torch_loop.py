"""The peer: the same rules in a `torch.optim` loop, as teaching code writes it.

Run by an interpreter that has torch, which need not have optviz: reads one JSON request a line and
answers with one JSON line, so that the caller can alternate between this and its own arm.
"""

import json
import sys
import time

import torch  # pyright: ignore[reportMissingImports]

torch.set_num_threads(1)  # on two numbers, threads only cost

BUILD = {
    "sgd": lambda p, lr, n: torch.optim.SGD(p, lr=lr),
    "momentum": lambda p, lr, n: torch.optim.SGD(p, lr=lr, momentum=n["momentum"]),
    "nesterov": lambda p, lr, n: torch.optim.SGD(p, lr=lr, momentum=n["momentum"], nesterov=True),
    "adagrad": lambda p, lr, n: torch.optim.Adagrad(p, lr=lr),
    "rmsprop": lambda p, lr, n: torch.optim.RMSprop(p, lr=lr),
    "adadelta": lambda p, lr, n: torch.optim.Adadelta(p, lr=lr),
    "adam": lambda p, lr, n: torch.optim.Adam(p, lr=lr, betas=(n["b1"], 0.999)),
    "adamw": lambda p, lr, n: torch.optim.AdamW(p, lr=lr, betas=(n["b1"], 0.999)),
}


def rosenbrock(point, b):
    x, y = point
    return (1 - x) ** 2 + b * (y - x**2) ** 2


def descend(rule, rate, numbers):
    point = torch.tensor(numbers["start"], dtype=torch.float64, requires_grad=True)
    optimizer = BUILD[rule]([point], rate, numbers)
    path, losses = [numbers["start"]], []
    for _ in range(numbers["num_steps"]):
        optimizer.zero_grad()
        loss = rosenbrock(point, numbers["b"])
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
        path.append(point.detach().numpy().tolist())
    return path, losses


def main():
    for line in sys.stdin:
        request = json.loads(line)
        start = time.perf_counter()
        ends = [descend(rule, rate, request)[0][-1] for rule, rate in request["rates"].items()]
        took = time.perf_counter() - start
        print(json.dumps({"seconds": took, "ends": ends, "torch": torch.__version__}), flush=True)


if __name__ == "__main__":
    main()
