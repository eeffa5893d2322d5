"""Make `torch_schedules.npz`: the rates of PyTorch's schedulers and of the code written for it.

Run it in optviz's environment, and name the Python of one that has torch 2.13.0:

    python tests/golden/make_schedule_golden.py /path/to/torch/bin/python
"""

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np

from optviz.export.schedule_code import torch_code
from optviz.schedules import SCHEDULES
from optviz.specs import entry_text
from optviz.specs.schedule import parse_schedule

NUM_STEPS, BASE = 120, 0.1
LENGTHS = (1, 2, 7, 49, 120, 300, 1999)  # of the runs of schedules that chance made
MADE, AT_MOST = 85, 60  # so many of them, and steps that are kept of each
HERE = Path(__file__).parent
OUT = HERE / "torch_schedules.npz"

# What PyTorch has itself, what must be written out, and lengths that are no whole steps.
WRITTEN = (
    "annealing:epsilon=2.5",
    "constant",
    "cosine",
    "cosine:final=0.1",
    "exponential:k=0.02",
    "inverse_time:k=0.02",
    "linear:start=0.2,end=1,share=0.3",
    "linear:start=0,end=2,share=0.33",
    "multi_step",
    "multi_step:factor=0.3,milestones=0.1x0.255x0.7",
    "noam:warmup=0.25",
    "one_cycle",
    "one_cycle:shape=linear,peak_at=0.45,start=0.1,final=0.001",
    "one_cycle:start=0,final=0,peak_at=0",
    "one_cycle:start=0,final=0.5,peak_at=0.4",
    "piecewise",
    "piecewise:points=0/1x0.21/0.2x1/3",
    "polynomial",
    "polynomial:final=0.3,power=2",
    "reduce_on_plateau:patience=3,factor=0.5,floor=0.1",
    "step",
    "step:interval=0.17",
    "triangular",
    "triangular:cycle=0.2,rise=0.25,shrink=0.5,low=0.05",
    "triangular:cycle=0.27,rise=0.3,shrink=0.7",
    "warm_restarts",
    "warm_restarts:first_cycle=0.05,growth=1.5,final=0.1",
    "warm_restarts:first_cycle=0.1,growth=1",
    "warmup",
    "warmup:share=0.13,start=0.3",
    "warmup_stable_decay",
    "warmup_stable_decay:shape=cosine,warmup=0,final=0.2",
    "warmup_stable_decay:shape=sqrt,decay=0.37",
    "warmup*cosine:final=0.1",
    "warmup:share=0.12,start=0.1*warm_restarts*step:factor=0.9",
    "cosine*cosine*multi_step",
    "warmup*reduce_on_plateau:patience=2,factor=0.7*cosine:final=0.5",
    "reduce_on_plateau:patience=2,factor=0.7,threshold=0.05,mode=absolute",
    "multi_step:factor=0.5,milestones=0.1x0.103x0.5",
    "step:factor=0,interval=0.4",
    "one_cycle:peak_at=1",
)


def made() -> list[tuple[str, int]]:
    """Schedules and lengths of their runs: every shape, and products."""
    sys.path.insert(0, str(HERE.parent / "schedules"))
    from random_schedules import random_part, random_schedule

    found = []
    for seed in range(MADE):
        chance = random.Random(seed)
        name = list(SCHEDULES)[seed % len(SCHEDULES)]
        part = random_part(name, chance) if seed < MADE * 2 // 3 else random_schedule(chance)
        found.append((entry_text(part), chance.choice(LENGTHS)))
    return found


def kept(num_steps: int) -> list[int]:
    """Steps whose rates are stored."""
    return np.unique(np.linspace(0, num_steps - 1, AT_MOST).round().astype(int)).tolist()


def main(python: str) -> None:
    asked = [(text, NUM_STEPS) for text in WRITTEN] + made()
    codes = [(torch_code(parse_schedule(text), BASE, length), length) for text, length in asked]
    script = [python, str(HERE / "torch_schedules.py")]
    done = subprocess.run(script, input=json.dumps(codes), capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    result = json.loads(done.stdout)
    rates = [
        np.array(values)[kept(length)]
        for values, (_, length) in zip(result["written"], codes, strict=True)
    ]
    np.savez_compressed(
        OUT,
        torch=result["torch"],
        num_steps=NUM_STEPS,
        base=BASE,
        losses=result["losses"],
        own=json.dumps(list(result["own"])),
        own_rates=np.array(list(result["own"].values())),
        written=json.dumps(
            [
                {"text": text, "num_steps": length, "code": code, "steps": kept(length)}
                for (text, length), (code, _) in zip(asked, codes, strict=True)
            ]
        ),
        written_rates=np.concatenate(rates),
    )
    print(f"{OUT.name}: {OUT.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1])
