"""Links are read whole and checked once; those that were published read as they always did."""

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from optviz.data import Synthetic
from optviz.networks import MLP, LeNet
from optviz.schedules import SCHEDULES
from optviz.specs import RaceSpec, Run
from optviz.specs.experiment import TrainSpec
from optviz.specs.setting import choices, defaults, parameters, plain, settings
from optviz.specs.text import parse_number, parse_whole
from optviz.surfaces import SURFACES

BASES = {
    "race": RaceSpec(SURFACES["ravine"](), (Run.parse("sgd"), Run.parse("momentum"))),
    "train": TrainSpec(
        Synthetic(), LeNet(), (Run.parse("sgd:learning_rate=0.1"), Run.parse("adam"))
    ),
}
PUBLISHED = json.loads(Path(__file__).with_name("links.json").read_text("utf-8"))
TRAIN = BASES["train"]


def read(base, link):
    return type(base).from_query(parse_qs(link, keep_blank_values=True), base)


@pytest.mark.parametrize("known", PUBLISHED, ids=lambda known: known["link"])
def test_published_links_read_as_they_did(known):
    spec, problems = read(BASES[known["kind"]], known["link"])
    assert problems == []
    assert spec.to_query() == parse_qs(known["reads"])
    again, problems = read(BASES[known["kind"]], known["reads"])
    assert (again, problems) == (spec, [])


ORDERS = [
    # many seeds are too many for the runs of the base, not for those of the link
    "seeds=100&run=sgd",
    "run=sgd&seeds=100",
    # what is varied belongs to another network than the base's
    "vary=network.shortcut%3Dprojection&network=resnet",
    "network=resnet&vary=network.shortcut%3Dprojection",
    "batch_size=1&network=linear",
    "label_smoothing=0&loss=hinge",
    "loss=hinge&label_smoothing=0",
    "weight_decay=0.1&run=sgd",
    "seed=2147483600&seeds=48",
    "vary=run.momentum%3D0.5&run=momentum",
    "vary=run.b1%3D0.5&grid=true&seeds=100&run=adam",
]


@pytest.mark.parametrize("link", ORDERS)
def test_the_order_of_a_link_does_not_matter(link):
    base = replace(
        TRAIN,
        network=MLP(),
        runs=tuple(map(Run.parse, ("sgd", "adam", "momentum"))),
        label_smoothing=0.1,
    )
    spec, problems = read(base, link)
    assert problems == []
    for parameter, texts in parse_qs(link).items():
        assert spec.to_query().get(parameter, ["0"]) == texts


def test_what_a_link_says_goes_before_what_it_leaves_unsaid():
    """A link is silent about defaults: smoothing is at its own, since the loss is said."""
    base = replace(TRAIN, label_smoothing=0.1, epochs=7)
    spec, problems = read(base, "loss=hinge")
    assert (spec, problems) == (replace(base, loss="hinge", label_smoothing=0.0), [])


@pytest.mark.parametrize(
    ("link", "kept", "lines"),
    [
        (
            "loss=hinge&label_smoothing=0.1&epochs=5",
            {"loss": "hinge", "epochs": 5},
            ["label_smoothing: label_smoothing has no meaning with the loss 'hinge'"],
        ),
        (
            "seeds=200&epochs=5",
            {"epochs": 5},
            [
                "seeds: a training has at most 256 runs (optimizers x variations x seeds), "
                "got 400 or more"
            ],
        ),
        (
            "vary=run.b1%3D0.5&vary=run.rho%3D0.5&seed=3",
            {"vary": ("run.b1=0.5",), "seed": 3},
            ["vary: vary: none of the rules has 'rho'"],
        ),
        (
            "batch_size=1&network=lenet:batch_norm%3Dtrue&loss=hinge&label_smoothing=0.5&seed=3",
            {"seed": 3, "loss": "hinge", "batch_size": 1},
            [
                "network: batch norm (LeNet) needs a batch_size of at least 2, got 1: "
                "one image has no spread",
                "label_smoothing: label_smoothing has no meaning with the loss 'hinge'",
            ],
        ),
        ("epochs=3&epochs=5", {"epochs": 3}, ["epochs: only the first of 2 is read"]),
        ("epochs=&seed=3", {"seed": 3}, []),
        ("run=sgd&run=adan&run=adam", {"runs": (Run.parse("sgd"), Run.parse("adam"))}, None),
    ],
)
def test_what_is_refused_is_named_and_the_rest_is_kept(link, kept, lines):
    spec, problems = read(TRAIN, link)
    assert spec == replace(TRAIN, **kept)
    if lines is None:
        assert len(problems) == 1
    else:
        assert sorted(problems) == sorted(lines)


def test_a_rule_that_cannot_run_here_leaves_the_others():
    link = "surface=matrix_regression&run=sgd&run=brute_force&run=muon"
    spec, problems = read(BASES["race"], link)
    assert [run.optimizer.name for run in spec.runs] == ["sgd", "muon"]
    assert len(problems) == 1
    assert problems[0].startswith("run: ")


@pytest.mark.parametrize("kind", BASES)
def test_every_setting_has_a_link_and_a_default_that_it_reads_back(kind):
    base = BASES[kind]
    said = {
        "run": "rprop",
        "start": "1,2;3,4",
        "num_steps": "7",
        "schedule": "cosine",
        "noise": "0.5",
        "seed": "3",
        "tolerance": "0.01",
        "dtype": "float32",
        "rates": "0.1",
        "steps_per_epoch": "5",
        "dataset": "cifar10",
        "network": "linear",
        "seeds": "2",
        "vary": "batch_size=3",
    }
    for parameter, field in parameters(type(base)).items():
        text = said.get(parameter) or _offered(type(base), field)
        spec, problems = type(base).from_query({parameter: [text]}, base)
        assert problems == []
        assert getattr(spec, field) != getattr(base, field)
        assert spec.to_query()[parameter] == [text]
        assert type(base).from_query(spec.to_query(), base) == (spec, [])
        assert plain(spec) == replace(plain(base), **_without_default(spec))
    assert set(settings(type(base))) - set(parameters(type(base)).values()) <= {
        "surface",
        "directory",
    }


def _offered(cls, field):
    """Text of a value that the page offers and that is not the default."""
    default = defaults(cls)[field]
    values = (v for v in choices(cls)[field].offer if v is not None and v != default)
    return settings(cls)[field].text(next(values))


def _without_default(spec):
    names = ("surface", "dataset", "network", "runs")
    return {name: getattr(spec, name) for name in names if hasattr(spec, name)}


def test_schedules_are_refused_for_what_they_are():
    with pytest.raises(ValueError, match=r"^schedule must be a Schedule, got 'cosine'$"):
        replace(TRAIN, schedule="cosine").check()
    replace(TRAIN, schedule=SCHEDULES["cosine"]() * SCHEDULES["step"]()).check()


# Numbers that only Python reads as such: ten, digits of other scripts, sixteen.
@pytest.mark.parametrize("text", ["1_0", "٣", "１０", "0x10", "1e1_0", "", " ", "--1", "1e", "½"])
def test_only_plain_numbers_are_numbers(text):
    for parse in (parse_number, parse_whole):
        with pytest.raises(ValueError, match=r"^it must be a number, got"):
            parse(text, "it")
    for link in (
        {"num_steps": [text + " "]},
        {"start": [f"{text};1"]},
        {"run": [f"sgd:learning_rate={text}"]},
        {"schedule": [f"multi_step:milestones={text}x0.5"]},
        {"rates": [f"{text}!"]},
        {"surface": [f"ravine:angle={text}"]},
    ):
        spec, problems = RaceSpec.from_query(link, BASES["race"])
        assert spec == BASES["race"]
        assert len(problems) == 1


@pytest.mark.parametrize("text", ["x", "0.5x", "x0.5", "0.5xx0.7", "0/1", "a"])
def test_lists_of_numbers_are_read_whole(text):
    spec, problems = RaceSpec.from_query(
        {"schedule": [f"multi_step:milestones={text}"]}, BASES["race"]
    )
    assert spec == BASES["race"]
    assert len(problems) == 1
    assert problems[0].startswith("schedule: MultiStep.milestones must be a number, got '")


@pytest.mark.parametrize("text", ["10", "+1e1", " 10 ", "1E1", "10.", "010"])
def test_numbers_as_people_write_them(text):
    assert parse_number(text, "it") == parse_whole(text, "it") == 10
    assert parse_number(".5", "it") == 0.5


@pytest.mark.parametrize(
    "link",
    [
        {"x" * 100_000: ["1"]},
        {"run": ["y" * 100_000]},
        {"surface": ["z" * 100_000]},
        {"num_steps": ["1" * 100_000]},
        {"seed": [str(10**4000)]},
        {"start": ["1," + "2" * 100_000]},
        {"schedule": ["*".join(["cosine"] * 10_000)]},
        {"expression": ["x+" * 50_000 + "x"]},
        {"dtype": ["\x00\n" * 50_000]},
        {f"p{k}": ["1"] for k in range(1000)},
        {"run": ["%%% "] * 3000},
    ],
    ids=lambda link: next(iter(link))[:10],
)
def test_long_links_have_short_lines(link):
    spec, problems = RaceSpec.from_query(link, BASES["race"])
    assert spec == BASES["race"]
    assert problems
    assert all(len(line) < 1000 and line.isprintable() for line in problems)
