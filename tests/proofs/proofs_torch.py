"""Paths that PyTorch's own optimizers took: `tests/golden`."""

import json
from functools import cache
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from proof_kit import Proof, error_of, walk

from optviz.engine.machine.precision import cast, on_cpu
from optviz.engine.surfaces.descend import Job, descend
from optviz.optimizers import OPTIMIZERS
from optviz.surfaces import SURFACES

FOLDER = Path(__file__).parents[1] / "golden"
TOLERANCE = 1e-9

# rule -> (PyTorch's class, convention)
PEERS = {
    "sgd": ("SGD", "plain gradient descent"),
    "momentum": ("SGD", "rate outside the velocity, not damped unless dampening is set"),
    "nesterov": ("SGD(nesterov=True)", "library form, rate outside the velocity, not damped"),
    "adagrad": ("Adagrad", "ε outside the root"),
    "rmsprop": ("RMSprop", "ε outside the root, no bias correction; centred and momentum too"),
    "adadelta": ("Adadelta", "ε inside both roots, a rate on the step"),
    "adam": ("Adam", "ε outside the root, bias correction 1 - bᵗ"),
    "adamw": ("AdamW", "decay decoupled, times the rate; ε outside the root"),
    "rprop": ("Rprop", "no step after a change of sign, no backtracking"),
    "adamax": ("Adamax", "ε added before the maximum, mean damped and corrected"),
    "nadam": ("NAdam", "momentum of the look-ahead climbs; ε outside the root"),
    "radam": ("RAdam", "threshold 5, ε added before the correction of the root"),
    "amsgrad": ("Adam(amsgrad=True)", "maximum before the bias correction, ε outside the root"),
    "averaged_sgd": ("ASGD", "mean from step t0 on, rate falls, decay coupled to it"),
    "adafactor": ("Adafactor", "floor on the mean square, decay decoupled, relative step"),
}


@cache
def load(name):
    return dict(np.load(FOLDER / name))


def cases(name, rule):
    """(case, sampled path, horizon) of a rule at a constant rate."""
    data = load(name)
    for case, path, horizon in zip(
        json.loads(str(data["cases"])), data["params"], data["horizon"], strict=True
    ):
        if case["rule"] == rule and case["schedule"] is None:
            yield case, path, int(horizon)


def file_of(rule):
    return next(name for name in ("torch.npz", "torch_more.npz") if any(cases(name, rule)))


def measure(rule):
    data, worst = load(file_of(rule)), 0.0
    num_steps, sampled = int(data["num_steps"]), data["sampled"]
    for case, path, horizon in cases(file_of(rule), rule):
        job = Job(OPTIMIZERS[rule](**case["fields"]), {})
        start = np.array(case["start"])
        ours = descend([job], SURFACES[case["surface"]](), start, num_steps=num_steps).params[0]
        seen = sampled < horizon
        worst = max(worst, error_of(ours[sampled[seen]], path[seen]))
    return worst


def proof(rule):
    cls, convention = PEERS[rule]
    data = load(file_of(rule))
    found = [(case, horizon) for case, _, horizon in cases(file_of(rule), rule)]
    shortest, longest = min(h for _, h in found) - 1, int(data["num_steps"])
    surfaces = len({case["surface"] for case, _ in found})
    settings = len({case["label"] for case, _ in found})
    until = "" if shortest >= longest else ", to where PyTorch itself is one rounding error apart"
    return Proof(
        rule,
        f"torch.optim.{cls} {str(data['torch']).split('+')[0]}",
        f"{surfaces} surfaces, {settings} setting{'s' * (settings > 1)}{until}",
        longest,
        TOLERANCE,
        convention,
        lambda: measure(rule),
    )


def adafactor_matrix():
    """Adafactor on a 4 × 3 matrix: there its moments are factored."""
    data = load("torch_more.npz")
    sampled, num_steps = data["sampled"], int(data["num_steps"])
    worst = 0.0
    with on_cpu("float64"):
        inputs, targets = jnp.asarray(data["matrix_inputs"]), jnp.asarray(data["matrix_targets"])

        def loss(w, step):
            return jnp.sum((inputs @ w - targets) ** 2) / 2

        for case in json.loads(str(data["matrices"])).values():
            rule = cast(OPTIMIZERS["adafactor"](**case["fields"]), "float64")
            ours = np.asarray(walk(rule, loss, jnp.asarray(data["matrix_start"]), num_steps))
            seen = sampled < case["horizon"]
            assert seen.sum() >= 20
            worst = max(worst, error_of(ours[sampled[seen]], np.array(case["params"])[seen]))
    return worst


PROOFS = (
    *map(proof, PEERS),
    Proof(
        "adafactor",
        f"torch.optim.Adafactor {str(load('torch_more.npz')['torch']).split('+')[0]}",
        "a 4 × 3 matrix, 2 settings, to where PyTorch itself is one rounding error apart",
        500,
        TOLERANCE,
        "row and column means of the last two axes",
        adafactor_matrix,
    ),
)
