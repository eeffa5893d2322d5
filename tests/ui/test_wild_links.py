"""Links as nobody writes them: never an exception, one short line for each thing that is wrong."""

from __future__ import annotations

import random

import pytest
from drive import lines, opened

from optviz.catalog import knobs, switches
from optviz.data import DATASETS, Synthetic
from optviz.networks import MLP, NETWORKS
from optviz.optimizers import OPTIMIZERS
from optviz.schedules import SCHEDULES
from optviz.specs import RaceSpec, Run, SweepSpec
from optviz.specs.experiment import TrainSpec
from optviz.specs.setting import parameters
from optviz.specs.sweep import Axis
from optviz.surfaces import SURFACES
from optviz.ui import cached
from optviz.ui.schedules.view import view

NUMBERS = (
    *("1e308", "-1e308", "1e300", "5e-324", "1e-308", "-0", "0", "1e39", "1e150", "-1", "1", "0.5"),
    *(
        "nan",
        "inf",
        "-inf",
        "1e400",
        "1_0",
        "٣",
        "1e",
        "--1",
        "",
        " 7 ",
        "99999",
        "1e12",
        "3" * 400,
    ),
)
JUNK = ("", "\x00", "%41", "é" * 300, "a" * 100_000, "x=y", "@@", "#", "*", "../../etc/passwd", "⁦b⁩")
FORMULAS = ("log(x)", "1/x", "exp(exp(x))", "0", "x**64", "sqrt(x*y)", "x +", "__import__('os')")
BASES = {
    "race": RaceSpec(SURFACES["ravine"](), (Run.parse("sgd:learning_rate=0.01"),), num_steps=12),
    "sweep": SweepSpec(
        SURFACES["ravine"](), Run.parse("momentum"), (Axis.parse("learning_rate=0.1|0.2"),)
    ),
    "train": TrainSpec(Synthetic(), MLP(hidden="4"), (Run.parse("sgd"), Run.parse("adam"))),
}


class Wild:
    """Random links, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def number(self) -> str:
        return self.rng.choice(NUMBERS)

    def entry(self, catalog: dict) -> str:
        key = self.rng.choice(list(catalog))
        cls = catalog[key]
        pairs = [f"{name}={self.number()}" for name in knobs(cls) if self.rng.random() < 0.3]
        pairs += [
            f"{name}={self.rng.choice([*map(str, info.options), self.number(), '0/1x1/2'])}"
            for name, info in switches(cls).items()
            if self.rng.random() < 0.2
        ]
        return key + (":" + ",".join(pairs) if pairs else "")

    def schedule(self) -> str:
        return "*".join(self.entry(SCHEDULES) for _ in range(self.rng.choice([1, 1, 2])))

    def run(self, rules: dict) -> str:
        text = self.entry(rules)
        if self.rng.random() < 0.3:
            text += "@" + self.rng.choice(["", "momentum~", "b1~", "nonsense~"]) + self.schedule()
        return text + (f"#{self.rng.choice(JUNK)}" if self.rng.random() < 0.2 else "")

    def value(self, parameter: str, rules: dict) -> str:
        if self.rng.random() < 0.1:
            return self.rng.choice(JUNK)
        of = {"surface": SURFACES, "dataset": DATASETS, "network": NETWORKS}
        if parameter in of:
            return self.entry(of[parameter])
        pair = f"{self.number()},{self.number()}"
        return {
            "run": lambda: self.run(rules),
            "schedule": self.schedule,
            "expression": lambda: self.rng.choice(FORMULAS),
            "start": lambda: self.rng.choice([pair, f"{pair};{pair}", f"{pair};", "1,1;2,2"]),
            "xlim": lambda: self.rng.choice([pair, "1,1e308", "5,1", "0,5e-324", "-1,1"]),
            "ylim": lambda: self.rng.choice([pair, "-1e12,1e12", "2,2", "-1,1"]),
            "grid": lambda: self.rng.choice(
                [f"b1={pair}", f"momentum={self.number()}:{self.number()}:{self.number()}:log"]
            ),
            "vary": lambda: f"{self.rng.choice(['l2', 'run.b1', 'network.x'])}={self.number()}",
        }.get(parameter, self.number)()

    def link(self, names: list[str], rules: dict) -> dict[str, list[str]]:
        chosen = self.rng.sample(names, self.rng.randint(1, min(6, len(names))))
        return {
            name: [self.value(name, rules) for _ in range(self.rng.choice([1, 1, 1, 3]))]
            for name in chosen
        }


@pytest.mark.parametrize("kind", BASES)
def test_every_link_is_read_into_a_sound_spec(kind: str) -> None:
    base, wild = BASES[kind], Wild(0)
    names = [*parameters(type(base)), "nonsense", "__class__"]
    names += [] if kind == "train" else ["surface", "expression", "xlim", "ylim"]
    for _ in range(150):
        spec, problems = type(base).from_query(wild.link(names, OPTIMIZERS), base)
        spec.check()
        assert all(line.isprintable() and len(line) < 1000 for line in problems), problems
        again = type(base).from_query(spec.to_query(), base)
        assert again == (spec, [])


def test_every_link_races_or_says_why_not() -> None:
    """Numbers at the ends of what floats hold, in every place that takes one."""
    base, wild = BASES["race"], Wild(1)
    rules = {key: OPTIMIZERS[key] for key in ("sgd", "adam")}
    names = ["surface", "xlim", "run", "start", "noise", "tolerance", "seed", "dtype", "rates"]
    shown, refused = 0, []
    for place in range(15):
        link = wild.link(names, rules) | {"expression": [FORMULAS[place % 5]]} | {"rates": ["0.1"]}
        if place % 3:
            del link["expression"]
            link["surface"] = [wild.rng.choice(["ravine", "saddle:b=1e308", "rosenbrock:b=5e-324"])]
        spec, _ = RaceSpec.from_query(link, base)
        for show in (cached.payload, view):
            try:
                show(spec)
            except ValueError as error:
                refused.append(str(error))
            else:
                shown += 1
    assert shown > 10
    assert all("\n" not in line and len(line) < 1000 for line in refused)


PAGES = {
    "app.py": [
        {"expression": "log(x)", "xlim": "1,1e308", "start": "1,1;2,2", "run": "sgd"},
        {"surface": "saddle:b=1e308", "run": "sgd", "rates": "default", "num_steps": "20"},
    ],
    "30_schedules.py": [
        {"run": ["lbfgs", "sgd@cosine", "adam"], "num_steps": "20", "rates": "default"},
        {"run": "momentum@momentum~cosine", "noise": "1e30", "num_steps": "20"},
    ],
    "20_networks.py": [
        {"vary": ["batch_size=8", "batch_size=16"], "network": "mlp:hidden=9x9"},
        {"seeds": "1e308", "epochs": "1_0", "job": "../../etc", "checkpoint": "٣", "vary": "x"},
    ],
    "25_trainings.py": [{"search": "%" * 5000, "compare": "a,b", "nonsense": "\x00"}],
    "40_optimizers.py": [
        {
            "rule": "a" * 100_000,
            "view": "x",
            "kind": ["y", "z"],
            "surface": "\x00",
            "find": "(" * 999,
        },
        {"rule": "newton", "surface": "saddle", "view": "tree", "find": "é"},
    ],
    "50_gradient_check.py": [
        {"network": "mlp:hidden=9x9", "at": "1e308,-0", "dtype": "float8", "broken": "maybe"},
        {"expression": "1/x", "at": "5e-324,1e308"},
        {"surface": "rosenbrock", "at": "1e308,1e308"},
        {"expression": "x" * 100_000},
    ],
}


@pytest.mark.parametrize(
    ("page", "query"), [(page, query) for page, queries in PAGES.items() for query in queries]
)
def test_every_page_draws_every_link(page: str, query: dict[str, str | list[str]]) -> None:
    test = opened(page if page == "app.py" else f"pages/{page}", **query)
    told = lines(test)
    assert not [line for line in told if "a fault of optviz" in line]
    assert all(len(line) < 1500 for line in told)
