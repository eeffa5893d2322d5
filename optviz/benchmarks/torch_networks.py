"""The peer: the same networks trained by PyTorch, as teaching code writes it.

Run by an interpreter that has torch, which need not have optviz: reads one JSON request a line and
answers with one JSON line. Programs and networks are kept between requests, so that what is timed
is neither their making nor their compilation.
"""

import json
import sys
import time

import numpy as np
import torch  # pyright: ignore[reportMissingImports]
from torch import nn, optim  # pyright: ignore[reportMissingImports]
from torch.nn import functional  # pyright: ignore[reportMissingImports]

BUILD = {
    "sgd": lambda p, lr: optim.SGD(p, lr=lr),
    "momentum": lambda p, lr: optim.SGD(p, lr=lr, momentum=0.9),
    "nesterov": lambda p, lr: optim.SGD(p, lr=lr, momentum=0.9, nesterov=True),
    "adagrad": lambda p, lr: optim.Adagrad(p, lr=lr),
    "rmsprop": lambda p, lr: optim.RMSprop(p, lr=lr),
    "adadelta": lambda p, lr: optim.Adadelta(p, lr=lr),
    "adam": lambda p, lr: optim.Adam(p, lr=lr),
    "adamw": lambda p, lr: optim.AdamW(p, lr=lr),
}


def lenet(width):
    return nn.Sequential(
        nn.Conv2d(3, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )


class Block(nn.Module):
    """Two convolutions; the shortcut takes every second pixel and fills channels with zeros."""

    def __init__(self, inputs, features, stride):
        super().__init__()
        self.conv_0 = nn.Conv2d(inputs, features, 3, stride, padding=1, bias=False)
        self.norm_0 = nn.BatchNorm2d(features)
        self.conv_1 = nn.Conv2d(features, features, 3, padding=1, bias=False)
        self.norm_1 = nn.BatchNorm2d(features)
        self.stride, self.more = stride, features - inputs

    def forward(self, x):
        y = functional.relu(self.norm_0(self.conv_0(x)))
        y = self.norm_1(self.conv_1(y))
        if self.stride > 1:
            x = functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.more))
        return functional.relu(x + y)


def resnet(width):
    """ResNet-8."""
    return nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        Block(width, width, 1),
        Block(width, 2 * width, 2),
        Block(2 * width, 4 * width, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4 * width, 10),
    )


def unit(inputs, features):
    conv = nn.Conv2d(inputs, features, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(features), nn.ReLU())


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


class Scale(nn.Module):
    def forward(self, x):
        return 0.125 * x


def resnet9(width):
    return nn.Sequential(
        unit(3, width),
        unit(width, 2 * width),
        nn.MaxPool2d(2),
        Residual(unit(2 * width, 2 * width), unit(2 * width, 2 * width)),
        unit(2 * width, 4 * width),
        nn.MaxPool2d(2),
        unit(4 * width, 8 * width),
        nn.MaxPool2d(2),
        Residual(unit(8 * width, 8 * width), unit(8 * width, 8 * width)),
        nn.MaxPool2d(4),
        nn.Flatten(),
        nn.Linear(8 * width, 10, bias=False),
        Scale(),
    )


NETWORKS = {"lenet": lenet, "resnet": resnet, "resnet9": resnet9}


class Machine:
    """Where and how tensors are held and computed with."""

    def __init__(self, request):
        self.device = torch.device(request["device"])
        self.format = getattr(torch, request["layout"])
        self.half = request["precision"] == "bfloat16"
        self.compiled = request["compiled"]
        torch.set_num_threads(request["threads"])

    def network(self, name, width):
        network = NETWORKS[name](width).to(self.device, memory_format=self.format)
        return torch.compile(network) if self.compiled else network

    def images(self, x):
        """(N, 32, 32, 3) uint8 -> (N, 3, 32, 32) float, each channel normalised."""
        x = torch.as_tensor(x).to(self.device).permute(0, 3, 1, 2).float()
        x = (x - x.mean((0, 2, 3), keepdim=True)) / x.std((0, 2, 3), keepdim=True)
        return x.contiguous(memory_format=self.format)

    def loss(self, network, x, y, smoothing=0.0):
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            logits = network(x)
        return functional.cross_entropy(logits.float(), y, label_smoothing=smoothing), logits

    def wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()


class Steps:
    """Some runs with their images, ready to go on."""

    def __init__(self, request):
        self.machine = Machine(request)
        draw = np.random.default_rng(0)
        self.batch, count = request["batch_size"], 4 * request["batch_size"]
        self.x = self.machine.images(draw.integers(256, size=(count, 32, 32, 3), dtype=np.uint8))
        self.y = torch.as_tensor(draw.integers(10, size=count)).to(self.machine.device)
        name, width = request["network"], request["width"]
        networks = [self.machine.network(name, width) for _ in request["rules"]]
        self.runs = [
            (network, BUILD[rule](network.parameters(), 1e-3))
            for network, rule in zip(networks, request["rules"], strict=True)
        ]

    def seconds(self, num_steps):
        """One run after the other, which is kinder to the caches than step by step."""
        self.machine.wait()
        start = time.perf_counter()
        for network, optimizer in self.runs:
            losses = []
            for _ in range(num_steps):
                chosen = torch.randint(len(self.y), (self.batch,), device=self.machine.device)
                optimizer.zero_grad()
                loss, _ = self.machine.loss(network, self.x[chosen], self.y[chosen])
                loss.backward()
                optimizer.step()
                losses.append(loss.detach())
            torch.stack(losses).cpu()
        self.machine.wait()
        return time.perf_counter() - start


READY = {}  # what a request without its number of steps has made


def steps(request):
    num_steps = request.pop("steps")
    torch.set_num_threads(request["threads"])  # another request may have had more
    key = json.dumps(request, sort_keys=True)
    if key not in READY:
        READY[key] = Steps(request)
        READY[key].seconds(3)
    return {"seconds": READY[key].seconds(num_steps)}


def fit(request):
    """Train the reference net with each seed; its accuracy on the test images."""
    machine = Machine(request)
    data = np.load(request["data"])
    x = {part: machine.images(data[f"{part}_x"]) for part in ("train", "test")}
    y = {part: torch.as_tensor(data[f"{part}_y"]).long().to(machine.device) for part in x}
    accuracies, times = [], []
    for seed in request["seeds"]:
        torch.manual_seed(seed)
        network = machine.network(request["network"], request["width"])
        start = time.perf_counter()
        learn(machine, network, x["train"], y["train"], request)
        machine.wait()
        times.append(time.perf_counter() - start)
        network.eval()
        with torch.no_grad():
            right = 0
            for images, labels in zip(x["test"].split(500), y["test"].split(500), strict=True):
                logits = machine.loss(network, images, labels)[1]
                right += int((logits.argmax(1) == labels).sum())
        accuracies.append(right / len(y["test"]))
    return {"accuracies": accuracies, "seconds": times}


def learn(machine, network, x, y, request):
    """Nesterov's momentum, up to a top rate and down again, on flipped and shifted images."""
    size, epochs, crop = request["batch_size"], request["epochs"], request["crop"]
    per_epoch = -(-len(y) // size)
    optimizer = optim.SGD(
        network.parameters(),
        lr=request["learning_rate"],
        momentum=request["momentum"],
        nesterov=True,
        weight_decay=request["l2"],
    )
    times, factors = zip(*request["points"], strict=True)
    scheduler = optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: float(np.interp(step / (epochs * per_epoch), times, factors))
    )
    padded = functional.pad(x, (crop,) * 4, mode="reflect")
    side = torch.arange(x.shape[2], device=x.device)
    for _ in range(epochs):
        for chosen in torch.randperm(len(y), device=x.device).split(size):
            count = len(chosen)
            down, right = torch.randint(2 * crop + 1, (2, count, 1), device=x.device)
            flipped = torch.rand(count, 1, device=x.device) < 0.5
            rows, columns = side + down, torch.where(flipped, side.flip(0), side) + right
            images = padded.permute(0, 2, 3, 1)[
                chosen[:, None, None], rows[:, :, None], columns[:, None]
            ]
            images = images.permute(0, 3, 1, 2).contiguous(memory_format=machine.format)
            optimizer.zero_grad()
            machine.loss(network, images, y[chosen], request["label_smoothing"])[0].backward()
            optimizer.step()
            scheduler.step()


def about(request):
    return {"torch": torch.__version__, "cuda": torch.cuda.is_available()}


TASKS = {"about": about, "steps": steps, "fit": fit}


def main():
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(TASKS[request.pop("task")](request)), flush=True)


if __name__ == "__main__":
    main()
