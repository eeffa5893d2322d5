"""A run as text, `adam:learning_rate=0.05@cosine#Mine`, and back."""

import itertools

import jax
import numpy as np
import pytest

from optviz.catalog import defaults, knobs, switches
from optviz.optimizers import OPTIMIZERS
from optviz.schedules import SCHEDULES
from optviz.specs import Run, entry_text, parse_entry
from optviz.specs.run import labels
from optviz.specs.text import value_text
from optviz.surfaces import SURFACES

CATALOGS = [OPTIMIZERS, SURFACES, SCHEDULES]
ENTRIES = [pytest.param(cls, c, id=cls.name) for c in CATALOGS for cls in c.values()]


def random_entry(cls, rng):
    """An entry with random knobs, ugly digits and extremes among them, and random switches."""
    values = {}
    for name, info in knobs(cls).items():
        low, high = info.typical
        number = rng.choice([rng.uniform(low, high), low, high, np.nextafter(high, low)])
        values[name] = int(number) if info.integer else float(number)
    for name, info in switches(cls).items():
        if info.traced:  # numbers of any length: other ones in the same order
            scale = rng.uniform(0.1, 1)
            values[name] = jax.tree.map(lambda value, s=scale: s * value, defaults(cls)[name])
        else:
            values[name] = info.options[rng.integers(len(info.options))]
    chosen = [name for name in values if rng.random() < 0.7]
    return cls(**{name: values[name] for name in chosen})


@pytest.mark.parametrize(("cls", "catalog"), ENTRIES)
def test_entries_read_back_exactly(cls, catalog):
    rng = np.random.default_rng(0)
    for _ in range(30):
        entry = random_entry(cls, rng)
        text = entry_text(entry)
        again, given = parse_entry(text, catalog)
        assert again == entry
        assert entry_text(again, given) == text
        changed = [n for n, v in defaults(cls).items() if getattr(entry, n) != v]
        assert list(given) == changed


@pytest.mark.parametrize(("cls", "catalog"), ENTRIES)
def test_defaults_are_the_bare_key(cls, catalog):
    assert entry_text(cls()) == cls.name
    assert parse_entry(cls.name, catalog) == (cls(), ())


LABELS = [None, "Mine", "a#b", "a@b~c:d=e,f", "50 % & more?", "é ∇ 日本", "#", "x=1", "' \" < > \\"]


@pytest.mark.parametrize("cls", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_runs_read_back_exactly(cls):
    rng = np.random.default_rng(1)
    traced = [name for name, info in knobs(cls).items() if not info.static]
    for turn in range(30):
        rule = random_entry(cls, rng)
        scheduled = rng.permutation(traced)[: rng.integers(len(traced) + 1)]
        kinds = list(SCHEDULES.values())
        schedules = tuple(
            (str(name), random_entry(kinds[rng.integers(len(kinds))], rng)) for name in scheduled
        )
        run = Run.of(rule, schedules=schedules, label=LABELS[turn % len(LABELS)])
        assert Run.parse(run.text()) == run
        assert Run.parse(run.text()).text() == run.text()
        assert hash(Run.parse(run.text())) == hash(run)


def test_what_was_said_is_kept_even_where_it_is_the_default():
    """`adam:learning_rate=0.001` says its rate: nobody may tune it away."""
    said = Run.parse("adam:learning_rate=0.001")
    assert said.given == ("learning_rate",)
    assert said.optimizer == Run.parse("adam").optimizer
    assert Run.parse("adam").given == ()
    assert said.text() == "adam:learning_rate=0.001"
    assert said != Run.parse("adam")


def test_forms_that_people_type():
    run = Run.parse(" adam : learning_rate = 5e-2 , b1=.5, eps_inside_sqrt=TRUE @cosine # My run ")
    assert run.optimizer == OPTIMIZERS["adam"](learning_rate=0.05, b1=0.5, eps_inside_sqrt=True)
    assert run.schedules == (("learning_rate", SCHEDULES["cosine"]()),)
    assert run.label == "My run"
    run = Run.parse("momentum@step:factor=0.1@momentum~exponential:k=0.5")
    assert run.schedule_of("momentum") == SCHEDULES["exponential"](k=0.5)
    assert run.schedule_of("learning_rate") == SCHEDULES["step"](factor=0.1)
    assert run.schedule_of("dampening") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("adan", r"^unknown optimizer 'adan' \(did you mean 'adam'\?\); known: .*adamw"),
        ("", r"^unknown optimizer ''"),
        ("ADAM", r"^unknown optimizer 'ADAM'"),
        (
            "adam:b3=1",
            r"^unknown knob of adam 'b3' \(did you mean 'b[12]'\?\); known: learning_rate",
        ),
        ("adam:learning_rat=1", r"did you mean 'learning_rate'"),
        ("adam:b1", r"^adam: expected name=value, got 'b1'$"),
        ("adam:b1=1.2", r"^Adam\.b1 must lie in \[0, 1\), got 1\.2$"),
        ("adam:b1=a", r"^Adam\.b1 must be a number, got 'a'$"),
        ("adam:b1=nan", r"^Adam\.b1 must be a finite number, got 'nan'$"),
        ("adam:learning_rate=inf", r"^Adam\.learning_rate must be a finite number, got 'inf'$"),
        ("adam:b1=0.5,b1=0.6", r"^adam: b1 is given twice$"),
        ("adam:eps_inside_sqrt=2", r"^Adam\.eps_inside_sqrt must be one of false, true, got '2'$"),
        (
            "adam:bias_correction=x",
            r"^Adam\.bias_correction must be one of power, constant, .* 'x'$",
        ),
        ("adam@cosin", r"^unknown schedule 'cosin' \(did you mean 'cosine'\?\)"),
        ("adam@cosine:final=-1", r"^Cosine\.final must lie in \[0, inf\), got -1\.0$"),
        ("adam@momentum~cosine", r"^Adam has no knob 'momentum' to schedule$"),
        ("adam@", r"^unknown schedule ''"),
        ("adam:__class__=1", r"^unknown knob of adam '__class__'"),
        ("../../etc/passwd", r"^unknown optimizer '\.\./\.\./etc/passwd'"),
        ("__import__('os')", r"^unknown optimizer "),
    ],
)
def test_what_does_not_read_is_refused_in_one_line(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        Run.parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (1.0, "1"),
        (1e-8, "1e-08"),
        (1e22, "1e+22"),
        (0.1 + 0.2, "0.30000000000000004"),
        (np.float64(0.05), "0.05"),
        (True, "true"),
        (3, "3"),
        ((8, 4), "8x4"),
        ("power", "power"),
    ],
)
def test_values_have_their_shortest_text(value, text):
    assert value_text(value) == text


def test_labels_tell_runs_apart():
    def names(*texts):
        return labels([Run.parse(text) for text in texts])

    assert names("adam", "sgd") == ("Adam", "SGD")
    assert names("adam", "adam:learning_rate=0.1") == (
        "Adam (learning_rate=0.001)",
        "Adam (learning_rate=0.1)",
    )
    assert names("adam@cosine", "adam") == ("Adam (cosine)", "Adam (constant)")
    assert names("adam:b1=0.5,b2=0.9", "adam:b1=0.6,b2=0.9") == ("Adam (b1=0.5)", "Adam (b1=0.6)")
    assert names("adam", "adam") == ("Adam #1", "Adam #2")
    assert names("adam#Mine", "adam") == ("Mine", "Adam")
    assert names("adam#A", "sgd#A") == ("A #1", "A #2")


def test_labels_are_all_different_whatever_is_asked():
    texts = ["adam", "adam#Adam", "adam#Adam #1", "sgd#Adam", "adam:b1=0.5", "adam#Adam (b1=0.5)"]
    for count in range(1, len(texts) + 1):
        for chosen in itertools.permutations(texts, count):
            names = labels([Run.parse(text) for text in chosen])
            assert len(set(names)) == len(names), (chosen, names)
