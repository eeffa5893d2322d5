"""What a request may take: refused before it is begun, in one line that says what would fit."""

import re
from dataclasses import replace

import pytest

import optviz
from optviz.analysis.gradient.check import gradient_check
from optviz.analysis.network_cost import cost
from optviz.data import Cifar10, Synthetic
from optviz.networks import MLP, NETWORKS, LeNet, Linear, ResNet
from optviz.runs import jobs
from optviz.runs.training import run_training
from optviz.specs import Budget, RaceSpec, Run
from optviz.specs.budget import (
    CHECK,
    RACE,
    check_affordable,
    gradient_check_cost,
    in_time,
    race_cost,
    rate_search_cost,
    sweep_cost,
)
from optviz.specs.experiment import TrainSpec
from optviz.surfaces import SURFACES

BASE = RaceSpec(SURFACES["ravine"](), (Run.parse("sgd"),))
CLOUD = tuple((1 + i / 1024, 1.0) for i in range(1024))


def test_a_link_that_asks_for_everything_at_once_is_refused():
    query = {
        "run": ["sgd"] * 64,
        "start": [";".join(f"{x},{y}" for x, y in CLOUD)],
        "num_steps": ["100000"],
    }
    spec, problems = RaceSpec.from_query(query, BASE)
    spec.check()
    assert RACE.holds(race_cost(len(spec.runs), len(spec.starts), spec.num_steps))
    assert problems == [
        "start: a race may need at most 2 GB and 2 minutes, and 64 optimizers x 1,024 starts x "
        "100,000 steps need about 920 GB and 1.8 hours: 2 starts would fit"
    ]
    assert (len(spec.runs), len(spec.starts), spec.num_steps) == (64, 1, 100_000)


@pytest.mark.parametrize("sizes", [(64, 1024, 100_000), (64, 64, 100_000), (40, 700, 2_000)])
def test_what_is_said_to_fit_fits_and_no_more(sizes):
    named = dict(zip(("optimizers", "starts", "steps"), sizes, strict=True))
    with pytest.raises(ValueError, match="would fit") as caught:
        check_affordable("a race", RACE, race_cost, named)
    said = re.findall(r"([\d,]+) (optimizer|start|step)s?\b(?=.* would fit)", str(caught.value))
    said = [(text, name) for text, name in said if int(text.replace(",", "")) not in sizes]
    assert said
    for text, name in said:
        most = int(text.replace(",", ""))
        assert RACE.holds(race_cost(*(named | {f"{name}s": most}).values()))
        assert not RACE.holds(race_cost(*(named | {f"{name}s": most + 1}).values()))


def test_what_links_asked_for_so_far_still_fits():
    for sizes in ((64, 1, 100_000), (8, 64, 2_000), (36, 16, 500), (1, 1024, 1_000)):
        assert RACE.holds(race_cost(*sizes, num_fair=sizes[0])), sizes


def test_costs_grow_with_everything():
    base = race_cost(4, 8, 3_000)
    for more in ((8, 8, 3_000), (4, 16, 3_000), (4, 8, 30_000)):
        assert race_cost(*more) > base
        assert race_cost(*more).seconds > base.seconds
    assert race_cost(4, 8, 3_000, num_fair=4).seconds > base.seconds
    assert rate_search_cost(8, 4, 300).seconds == 2 * rate_search_cost(4, 4, 300).seconds
    assert rate_search_cost(1, 1024, 100_000) == rate_search_cost(1, 1, 100_000)
    assert rate_search_cost(0, 4, 300) == (0, 0)
    assert sweep_cost(100, 300, passes=2).seconds == 2 * sweep_cost(100, 300).seconds


def test_python_may_give_more_and_less():
    small = Budget(gigabytes=0.001, seconds=1)
    with pytest.raises(ValueError, match=r"^a race may need at most 1 MB and 1 s, and 1 optim"):
        optviz.race("ravine", ["sgd"], num_steps=100_000, budget=small)
    large = replace(BASE, start=CLOUD, num_steps=20_000)
    with pytest.raises(ValueError, match="1,024 starts"):
        large.check()
    large.check(Budget(gigabytes=32, seconds=600))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.034, "0.034 s"), (60, "60 s"), (600, "10 minutes"), (6553, "1.8 hours"), (8e5, "9.3 days")],
)
def test_times_in_words(seconds, text):
    assert in_time(seconds) == text


TRAINED = TrainSpec(Cifar10(), ResNet(), (Run.parse("sgd"), Run.parse("adam")))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"epochs": 1000, "seeds": 128},
            r"256 runs x 1,000 epochs x 128 images a batch need about .* days: .* would fit",
        ),
        ({"batch_size": 50_000}, r"2 runs x 2 epochs x 50,000 images a batch need about 50 GB and"),
        ({"vary": ("batch_size=50000",)}, r"4 runs x 2 epochs x 50,000 images a batch need about"),
        (
            {"network": MLP(hidden="-".join(["4096"] * 32)), "epochs": 1000},
            r"2 runs x 1,000 epochs x 128 images a batch need about .* days: 160 epochs would fit",
        ),
    ],
)
def test_a_training_is_refused_before_it_begins(change, message, tmp_path, monkeypatch):
    monkeypatch.setenv("OPTVIZ_HOME", str(tmp_path))
    spec = replace(TRAINED, **change)
    spec.check()  # what was trained elsewhere with more is still a training
    with pytest.raises(ValueError, match=r"^a training may need at most 16 GB and 30 days, and "):
        spec.check_affordable()
    with pytest.raises(ValueError, match=message) as caught:
        jobs.start(spec)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=message):
        run_training(spec)
    assert jobs.list_jobs() == []
    spec.check_affordable(Budget(gigabytes=100, seconds=1e9))


def test_trainings_as_people_run_them_fit():
    for network in (ResNet(), LeNet(), MLP(), LeNet(activation="tanh")):
        replace(TRAINED, network=network, epochs=200, batch_size=1024).check_affordable()
    small = replace(TRAINED, dataset=Synthetic(num_train=100), batch_size=50_000, epochs=1000)
    small.check_affordable()  # a batch has no more images than there are
    replace(TRAINED, limit=500, batch_size=50_000).check_affordable()


def test_activations_are_those_that_the_layers_put_out():
    for network in (ResNet(), LeNet(), MLP(hidden="30-20")):
        assert network.num_activations == cost(network).activations
    assert Linear().num_activations == 10


def test_a_check_of_a_huge_network_is_refused_before_it_begins():
    huge = MLP(hidden="-".join(["4096"] * 32))
    with pytest.raises(ValueError, match=r"^a gradient check may need at most 2 GB and 10 min"):
        gradient_check(huge)
    for network in NETWORKS.values():  # as they stand, all can be checked
        assert CHECK.holds(gradient_check_cost(network().num_params(), 6))
