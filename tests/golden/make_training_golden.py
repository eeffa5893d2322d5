"""Make `torch_training.npz`: PyTorch trains tiny networks, every rule that it has, step for step.

Run it by an interpreter that has torch 2.13.0 and NumPy; optviz is not needed:

    python tests/golden/make_training_golden.py

What is stored is trained in float64, so that a comparison has the rounding of one side only. The
same in float32 must stay within half of the tolerance: a case in which rounding decides a sign
would prove nothing, and is refused here. Non-linearities have no kink, lest a machine that rounds
otherwise takes the other side of one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn, optim
from torch.nn import functional
from torch.optim import lr_scheduler
from training_case import batches, extent, images, weights

OUT = Path(__file__).with_name("torch_training.npz")
TOLERANCE = 1e-5
LEAD = 2e-5  # of logits, below which rounding may decide which class wins
RATE = 0.05  # of the cases that look at something else than a rule


class Case(NamedTuple):
    """One training."""

    run: str  # as optviz writes it
    build: Callable[[nn.Module], list[optim.Optimizer]]
    network: str = "mlp"
    num_train: int = 44  # images; in batches of 16 the last one of each epoch is short
    each_step: Callable[[optim.Optimizer], Any] | None = None
    each_epoch: Callable[[optim.Optimizer], Any] | None = None
    steps_on_loss: bool = False  # whether `each_epoch` is told the validation loss


# Networks ----------------------------------------------------------------------------------------


class MLP(nn.Module):
    """optviz: `mlp:hidden=10elu-8tanh` on images of 4x4 pixels."""

    side = 4

    def __init__(self) -> None:
        super().__init__()
        self.hidden_0 = nn.Linear(48, 10)
        self.hidden_1 = nn.Linear(10, 8)
        self.output = nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.elu(self.hidden_0(x.permute(0, 2, 3, 1).flatten(1)))
        return self.output(torch.tanh(self.hidden_1(x)))


class NormedMLP(nn.Module):
    """optviz: `mlp:hidden=10elu-8tanh,batch_norm=true` on images of 4x4 pixels."""

    side = 4

    def __init__(self) -> None:
        super().__init__()
        self.hidden_0, self.hidden_0_norm = nn.Linear(48, 10, bias=False), nn.BatchNorm1d(10)
        self.hidden_1, self.hidden_1_norm = nn.Linear(10, 8, bias=False), nn.BatchNorm1d(8)
        self.output = nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.hidden_0_norm(self.hidden_0(x.permute(0, 2, 3, 1).flatten(1)))
        x = self.hidden_1_norm(self.hidden_1(functional.elu(x)))
        return self.output(torch.tanh(x))


class LeNet(nn.Module):
    """optviz: `lenet:activation=elu` on images of 16x16 pixels."""

    side = 16

    def __init__(self) -> None:
        super().__init__()
        self.conv_0, self.conv_1 = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5)
        self.hidden_0, self.hidden_1 = nn.Linear(16, 120), nn.Linear(120, 84)
        self.output = nn.Linear(84, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.max_pool2d(functional.elu(self.conv_0(x)), 2)
        x = functional.max_pool2d(functional.elu(self.conv_1(x)), 2)
        x = functional.elu(self.hidden_0(x.permute(0, 2, 3, 1).flatten(1)))
        return self.output(functional.elu(self.hidden_1(x)))


class ResNet(nn.Module):
    """optviz: `resnet:width=2,activation=elu` on images of 8x8 pixels."""

    side = 8

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.conv_norm = nn.Conv2d(3, 2, 3, padding=1, bias=False), nn.BatchNorm2d(2)
        channels = 2
        for stage, features in enumerate((2, 4, 8)):
            for index, inputs in enumerate((channels, features)):
                stride = 2 if stage and not index else 1
                conv = nn.Conv2d(inputs, features, 3, stride, padding=1, bias=False)
                name = f"stage_{stage}_block_0_conv_{index}"
                self.add_module(name, conv)
                self.add_module(f"{name}_norm", nn.BatchNorm2d(features))
            channels = features
        self.output = nn.Linear(8, 10)

    def unit(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return self.get_submodule(f"{name}_norm")(self.get_submodule(name)(x))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.elu(self.unit(x, "conv"))
        for stage in range(3):
            y = functional.elu(self.unit(x, f"stage_{stage}_block_0_conv_0"))
            y = self.unit(y, f"stage_{stage}_block_0_conv_1")
            if stage:
                x = functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, x.shape[1]))
            x = functional.elu(x + y)
        return self.output(x.mean((2, 3)))


NETWORKS = {"mlp": MLP, "mlp_norm": NormedMLP, "lenet": LeNet, "resnet": ResNet}
KINDS = {"weight": "kernel", "bias": "bias", "running_mean": "mean", "running_var": "variance"}


def named(network: nn.Module) -> dict[str, torch.Tensor]:
    """The parameters under optviz's names: `hidden_0.weight` is `hidden_0/kernel`."""
    return _named(network.named_parameters())


def statistics(network: nn.Module) -> dict[str, torch.Tensor]:
    """Batch norm's running averages: `conv_norm.running_mean` is `conv_norm/mean`."""
    found = network.named_buffers()
    return _named((name, value) for name, value in found if value.is_floating_point())


def _named(values: Iterable[tuple[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    found = {}
    for name, value in values:
        layer, _, kind = name.rpartition(".")
        scale = layer.endswith("_norm") and kind == "weight"
        found[f"{layer}/{'scale' if scale else KINDS[kind]}"] = value
    return found


def turned(array: np.ndarray, *, back: bool = False) -> np.ndarray:
    """A kernel from (out, in, h, w) to (h, w, in, out) or from (out, in) to (in, out), or back."""
    if array.ndim == 4:
        return array.transpose((3, 2, 0, 1) if back else (2, 3, 1, 0))
    return array.T


def made(name: str, dtype: torch.dtype) -> nn.Module:
    network = NETWORKS[name]().to(dtype)
    parameters = named(network)
    shapes = {n: turned(p.detach().numpy()).shape for n, p in parameters.items()}
    with torch.no_grad():
        for path, value in weights(shapes).items():
            parameters[path].copy_(torch.tensor(turned(value, back=True).copy()))
    return network


# Rules -------------------------------------------------------------------------------------------


def rule(cls: type[optim.Optimizer], **arguments: Any) -> Callable[[nn.Module], list[Any]]:
    return lambda network: [cls(network.parameters(), **arguments)]


def muon(network: nn.Module) -> list[optim.Optimizer]:
    """Muon for the matrices, and AdamW for the rest, as its reference implementation has it."""
    matrices = [p for p in network.parameters() if p.ndim == 2]
    others = [p for p in network.parameters() if p.ndim != 2]
    rest = optim.AdamW(others, lr=3e-4, betas=(0.9, 0.95), eps=1e-10, weight_decay=0)
    return [optim.Muon(matrices, lr=0.02), rest]


def on_weights(cls: type[optim.Optimizer], decay: float, **arguments: Any) -> Callable[..., Any]:
    """Weight decay on what has two or more dimensions."""

    def build(network: nn.Module) -> list[optim.Optimizer]:
        parameters = list(network.parameters())
        groups = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": decay},
            {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0},
        ]
        return [cls(groups, **arguments)]

    return build


SGD, ADAM = optim.SGD, optim.Adam
RULES = [
    Case("sgd:learning_rate=0.1", rule(SGD, lr=0.1)),
    Case("momentum:learning_rate=0.05", rule(SGD, lr=0.05, momentum=0.9)),
    Case(
        "momentum:learning_rate=0.1,momentum=0.8,dampening=0.5",
        rule(SGD, lr=0.1, momentum=0.8, dampening=0.5),
    ),
    Case("nesterov:learning_rate=0.05", rule(SGD, lr=0.05, momentum=0.9, nesterov=True)),
    Case("adagrad:learning_rate=0.02", rule(optim.Adagrad, lr=0.02)),
    Case(
        "adagrad:learning_rate=0.02,eps=0.001,initial_accumulator_value=0.1",
        rule(optim.Adagrad, lr=0.02, eps=1e-3, initial_accumulator_value=0.1),
    ),
    Case("rmsprop:learning_rate=0.002", rule(optim.RMSprop, lr=0.002)),
    Case(
        "rmsprop:learning_rate=0.002,decay=0.9,centered=true,momentum=0.5",
        rule(optim.RMSprop, lr=0.002, alpha=0.9, centered=True, momentum=0.5),
    ),
    Case("rprop:learning_rate=0.002", rule(optim.Rprop, lr=0.002)),
    Case("adadelta", rule(optim.Adadelta, lr=1.0)),
    Case("adam:learning_rate=0.003", rule(ADAM, lr=0.003)),
    Case("adam:learning_rate=0.003,b1=0.8,b2=0.95", rule(ADAM, lr=0.003, betas=(0.8, 0.95))),
    Case(
        "amsgrad:learning_rate=0.003,b2=0.8",
        rule(ADAM, lr=0.003, betas=(0.9, 0.8), amsgrad=True),
    ),
    Case(
        "adamw:learning_rate=0.003,weight_decay=0.1", rule(optim.AdamW, lr=0.003, weight_decay=0.1)
    ),
    Case("adamax:learning_rate=0.003", rule(optim.Adamax, lr=0.003)),
    Case("nadam:learning_rate=0.003", rule(optim.NAdam, lr=0.003)),
    # Not b2 = 0.999: in float32 1 - b2 keeps five digits, which RAdam's rectifier shows (1.3e-5).
    Case("radam:learning_rate=0.02,b2=0.9", rule(optim.RAdam, lr=0.02, betas=(0.9, 0.9))),
    Case("averaged_sgd:learning_rate=0.1,t0=4", rule(optim.ASGD, lr=0.1, t0=4)),
    Case("muon:learning_rate=0.02", muon),
    Case("adafactor:learning_rate=0.05", rule(optim.Adafactor, lr=0.05, eps=(1e-15, 1e-3))),
]
L2 = [
    Case("sgd:learning_rate=0.1", rule(SGD, lr=0.1, weight_decay=0.1)),
    Case("momentum:learning_rate=0.05", rule(SGD, lr=0.05, momentum=0.9, weight_decay=0.1)),
    Case(
        "nesterov:learning_rate=0.05",
        rule(SGD, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.1),
    ),
    Case("adagrad:learning_rate=0.02", rule(optim.Adagrad, lr=0.02, weight_decay=0.1)),
    Case("rmsprop:learning_rate=0.002", rule(optim.RMSprop, lr=0.002, weight_decay=0.1)),
    Case("adadelta", rule(optim.Adadelta, lr=1.0, weight_decay=0.1)),
    Case("adam:learning_rate=0.003", rule(ADAM, lr=0.003, weight_decay=0.1)),
    Case("adamax:learning_rate=0.003", rule(optim.Adamax, lr=0.003, weight_decay=0.1)),
    Case("nadam:learning_rate=0.003", rule(optim.NAdam, lr=0.003, weight_decay=0.1)),
    Case(
        "radam:learning_rate=0.02,b2=0.9",
        rule(optim.RAdam, lr=0.02, betas=(0.9, 0.9), weight_decay=0.1),
    ),
    Case("averaged_sgd:learning_rate=0.1", rule(optim.ASGD, lr=0.1, t0=0, weight_decay=0.1)),
]
DECOUPLED = [
    Case("adam:learning_rate=0.003", rule(optim.AdamW, lr=0.003, weight_decay=0.5)),
    Case(
        "nadam:learning_rate=0.003",
        rule(optim.NAdam, lr=0.003, weight_decay=0.5, decoupled_weight_decay=True),
    ),
    Case(
        "radam:learning_rate=0.02,b2=0.9",
        rule(
            optim.RAdam,
            lr=0.02,
            betas=(0.9, 0.9),
            weight_decay=0.5,
            decoupled_weight_decay=True,
        ),
    ),
    Case(
        "adam:learning_rate=0.003@cosine",
        rule(optim.AdamW, lr=0.003, weight_decay=0.5),
        each_step=lambda o: lr_scheduler.CosineAnnealingLR(o, 18),
    ),
]
ON_WEIGHTS = [
    Case("momentum:learning_rate=0.05", on_weights(SGD, 0.1, lr=0.05, momentum=0.9)),
    Case("adam:learning_rate=0.003", on_weights(ADAM, 0.1, lr=0.003)),
]
DECOUPLED_ON_WEIGHTS = Case("adam:learning_rate=0.003", on_weights(optim.AdamW, 0.5, lr=0.003))
# 6 epochs of 3 steps
BY_STEP: dict[str, Callable[[optim.Optimizer], Any]] = {
    "exponential:k=0.1": lambda o: lr_scheduler.ExponentialLR(o, math.exp(-0.1)),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, 18),
    "multi_step:factor=0.3": lambda o: lr_scheduler.MultiStepLR(o, [9, 14], 0.3),
    "polynomial:power=2": lambda o: lr_scheduler.PolynomialLR(o, 18, 2),
    "inverse_time:k=0.2": lambda o: lr_scheduler.LambdaLR(o, lambda t: 1 / (1 + 0.2 * t)),
    "linear:start=0.1,end=1,share=0.5": lambda o: lr_scheduler.LinearLR(o, 0.1, 1.0, 9),
    "one_cycle": lambda o: lr_scheduler.OneCycleLR(o, RATE, 18, cycle_momentum=False),
}
BY_EPOCH: dict[str, Callable[[optim.Optimizer], Any]] = {
    "step:interval=0.3333333333333333,factor=0.4": lambda o: lr_scheduler.StepLR(o, 2, 0.4),
}
ON_LOSS: dict[str, Callable[[optim.Optimizer], Any]] = {
    "reduce_on_plateau:patience=0,factor=0.3,threshold=0.3": lambda o: (
        lr_scheduler.ReduceLROnPlateau(o, factor=0.3, patience=0, threshold=0.3, eps=0)
    ),
}


def scheduled() -> list[Case]:
    build = rule(SGD, lr=RATE, momentum=0.9)
    text = f"momentum:learning_rate={RATE}@"
    return [
        *(Case(text + name, build, each_step=make) for name, make in BY_STEP.items()),
        *(Case(text + name, build, each_epoch=make) for name, make in BY_EPOCH.items()),
        *(
            Case(text + name, build, each_epoch=make, steps_on_loss=True)
            for name, make in ON_LOSS.items()
        ),
    ]


PAIR = [RULES[1], RULES[10]]  # momentum and Adam
# The last batches have 1, 2, 12 and 80 images; one image alone has a spread in a convolution only.
SHORT = [
    ("resnet", 81, 16),
    ("resnet", 336, 128),
    ("mlp_norm", 50, 16),
    ("mlp_norm", 44, 16),
]
USUAL = {"epochs": 6, "batch_size": 16, "seed": 3}
GROUPS: dict[str, tuple[dict[str, Any], list[Case]]] = {
    "rules": ({}, RULES),
    "schedules": ({}, scheduled()),
    "l2": ({"l2": 0.1}, L2),
    "l2 of weights": ({"l2": 0.1, "decay_on": "weights"}, ON_WEIGHTS),
    "decoupled": ({"weight_decay": 0.5}, DECOUPLED),
    "decoupled on weights": ({"weight_decay": 0.5, "decay_on": "weights"}, [DECOUPLED_ON_WEIGHTS]),
    "label smoothing": ({"label_smoothing": 0.1}, PAIR),
    "sum": ({"reduction": "sum"}, [Case("sgd:learning_rate=0.005", rule(SGD, lr=0.005))]),
    "LeNet": ({}, [PAIR[1]._replace(network="lenet")]),
    "batch norm": ({}, [case._replace(network="resnet", num_train=48) for case in PAIR]),
    # Batch norm sees the images of a short batch, and nothing of what optviz fills it up with.
    **{
        f"batch norm, {network}, {count} images in batches of {size}": (
            {"batch_size": size},
            [case._replace(network=network, num_train=count) for case in PAIR],
        )
        for network, count, size in SHORT
    },
}


# Training ----------------------------------------------------------------------------------------


class Trained(NamedTuple):
    losses: np.ndarray  # (num_steps,)
    start: np.ndarray  # (4,): loss and accuracy on training images, on validation images; in test
    epochs: np.ndarray  # (num_epochs, 6): the same at each end; then means over the epoch's batches
    arrays: dict[str, np.ndarray]  # at the end, in optviz's layout
    lead: float  # the smallest lead of the best class of an image over the second best


def trained(case: Case, settings: dict[str, Any], dtype: torch.dtype) -> Trained:
    data = images(NETWORKS[case.network].side, case.num_train, 20)
    network = made(case.network, dtype)
    optimizers = case.build(network)
    by_step = [case.each_step(o) for o in optimizers] if case.each_step else []
    by_epoch = [case.each_epoch(o) for o in optimizers] if case.each_epoch else []
    smoothing = settings.get("label_smoothing", 0.0)
    count = len(data["train_y"])

    def seen(part: str, chosen: np.ndarray | slice) -> tuple[torch.Tensor, torch.Tensor]:
        pixels = data["train_x"].astype(np.float64)
        mean, std = pixels.mean((0, 1, 2)), pixels.std((0, 1, 2))
        x = (data[f"{part}_x"][chosen] - mean) / std
        x = torch.tensor(x.transpose(0, 3, 1, 2).copy(), dtype=dtype)
        return x, torch.tensor(data[f"{part}_y"][chosen].astype(np.int64))

    def numbers(
        logits: torch.Tensor, y: torch.Tensor, smoothing: float
    ) -> tuple[torch.Tensor, int]:
        first, second = logits.detach().topk(2).values.T
        leads.append(float((first - second).min()))
        loss = functional.cross_entropy(logits, y, label_smoothing=smoothing)
        return loss, int((logits.argmax(1) == y).sum())

    def tested() -> list[float]:
        network.eval()
        found = []
        with torch.no_grad():
            for part in ("train", "test"):
                x, y = seen(part, slice(None))
                loss, right = numbers(network(x), y, 0.0)  # optviz tests without smoothing
                found += [loss.item(), right / len(y)]
        return found

    losses, epochs, leads = [], [], []
    start = tested()
    for epoch in range(settings["epochs"]):
        network.train()
        total = correct = 0.0
        for chosen in batches(count, settings["batch_size"], settings["seed"], epoch):
            x, y = seen("train", chosen)
            loss, right = numbers(network(x), y, smoothing)
            network.zero_grad()
            (loss * len(y) if settings.get("reduction") == "sum" else loss).backward()
            for optimizer in optimizers:
                optimizer.step()
            for scheduler in by_step:
                scheduler.step()
            losses.append(loss.item())
            total, correct = total + loss.item() * len(y), correct + right
        kept = use_means(network, optimizers)
        ends = tested()
        put_back(network, kept)
        for scheduler in by_epoch:
            scheduler.step(*([ends[2]] if case.steps_on_loss else []))
        epochs.append((*ends, total / count, correct / count))
    last = {**named(network), **statistics(network)}
    arrays = {n: turned(p.detach().numpy()) for n, p in last.items()}
    return Trained(np.array(losses), np.array(start), np.array(epochs), arrays, min(leads))


def use_means(network: nn.Module, optimizers: list[optim.Optimizer]) -> list[torch.Tensor]:
    """Put the averages of a rule that keeps them in place of the weights, which are returned."""
    kept = [p.detach().clone() for p in network.parameters()]
    for parameter in network.parameters():
        for optimizer in optimizers:
            if "ax" in optimizer.state.get(parameter, {}):
                parameter.data.copy_(optimizer.state[parameter]["ax"])
    return kept


def put_back(network: nn.Module, kept: list[torch.Tensor]) -> None:
    for parameter, value in zip(network.parameters(), kept, strict=True):
        parameter.data.copy_(value)


def apart(one: Trained, other: Trained) -> float:
    """The largest difference, relative to the numbers, and in arrays to their `extent`."""
    pairs = [(one.losses, other.losses), (one.start, other.start), (one.epochs, other.epochs)]
    ratios = [np.abs(a - b) / np.maximum(np.abs(b), 1e-9) for a, b in pairs]
    ratios += [np.abs(a - other.arrays[n]) / extent(other.arrays, n) for n, a in one.arrays.items()]
    return max(float(ratio.max()) for ratio in ratios)


def main() -> None:
    # Muon rounds its matrices to bfloat16 for speed, to two digits: here it does not, so that
    # what is stored is its formula.
    torch.Tensor.bfloat16 = lambda self: self.clone()
    stored: dict[str, np.ndarray] = {}
    cases = []
    for group, (extra, members) in GROUPS.items():
        settings = {**USUAL, **extra}
        for case in members:
            exact, single = (trained(case, settings, t) for t in (torch.float64, torch.float32))
            off = apart(single, exact)
            print(f"{group:20} {case.run:70} {exact.losses[-1]:.4f} {off:.0e} {exact.lead:.0e}")
            assert off < TOLERANCE / 2, "rounding decides this case: choose another"
            assert exact.lead > LEAD, "rounding decides an accuracy: choose other images"
            number = len(cases)
            cases.append(
                {
                    "group": group,
                    "network": case.network,
                    "num_train": case.num_train,
                    "run": case.run,
                    "settings": settings,
                }
            )
            for name in ("losses", "start", "epochs"):
                stored[f"{name}_{number}"] = getattr(exact, name)
            arrays = [exact.arrays[name].ravel() for name in sorted(exact.arrays)]
            stored[f"arrays_{number}"] = np.concatenate(arrays).astype(np.float32)
    np.savez_compressed(OUT, torch=torch.__version__, cases=json.dumps(cases), **stored)
    print(f"{OUT.name}: {len(cases)} trainings, {OUT.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
