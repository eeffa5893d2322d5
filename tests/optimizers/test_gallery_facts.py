"""What every rule must tell the gallery; a rule that does not is named."""

from __future__ import annotations

import pytest

from optviz.analysis.memory import in_copies, state_per_param
from optviz.catalog import switches
from optviz.catalog.description import describe
from optviz.figures.theme import _PLACES
from optviz.optimizers import OPTIMIZERS, Optimizer
from optviz.optimizers.base import KINDS
from optviz.specs.text import parse_entry

SAID = {"none": 0, "one copy": 1, "two copies": 2, "three copies": 3, "four copies": 4}


def lacking(holds: object) -> list[str]:
    return [key for key, cls in OPTIMIZERS.items() if not holds(cls)]  # pyright: ignore


def test_every_rule_has_a_family() -> None:
    assert lacking(lambda cls: cls.kind in KINDS and cls.kind != "other") == []


def test_every_rule_says_what_it_adds_in_a_few_words() -> None:
    assert lacking(lambda cls: 0 < len(cls.adds) <= 52 and not cls.adds.endswith(".")) == []


def test_every_rule_tells_its_update_in_words() -> None:
    assert lacking(lambda cls: len(cls.in_words) > 40 and cls.in_words.endswith(".")) == []


def test_every_rule_says_who_uses_which_form_where_it_has_switches() -> None:
    assert lacking(lambda cls: cls.variants or not switches(cls)) == []


def test_every_rule_prints_an_equation_its_costs_and_its_paper() -> None:
    def complete(cls: type[Optimizer]) -> bool:
        text = describe(cls)
        told = (text.equations, text.cost, text.memory, text.links, text.year)
        return all(told) and text.summary.endswith(".")

    assert lacking(complete) == []


def test_parents_are_rules_that_exist_or_have_a_published_name() -> None:
    assert lacking(lambda cls: all(p in OPTIMIZERS or p in _PLACES for p in cls.parents)) == []
    assert lacking(lambda cls: cls.name not in cls.parents) == []


def test_only_founders_build_on_nothing() -> None:
    founders = ("gradient", "second order", "line search", "baseline", "sign", "rate-free")
    assert lacking(lambda cls: cls.parents or cls.kind in founders) == []


@pytest.mark.parametrize("key", OPTIMIZERS)
def test_variants_can_be_selected(key: str) -> None:
    for variant in OPTIMIZERS[key].variants:
        assert variant.what
        assert variant.who
        if variant.settings:
            parse_entry(f"{key}:{variant.settings}", OPTIMIZERS)


@pytest.mark.parametrize("key", OPTIMIZERS)
def test_the_memory_that_is_claimed_is_the_memory_that_is_kept(key: str) -> None:
    said = describe(OPTIMIZERS[key]).memory
    counted = state_per_param(OPTIMIZERS[key])
    assert counted is not None
    for words, copies in SAID.items():
        if said.removesuffix(" of params") == words:
            assert counted == pytest.approx(copies, abs=0.01)


def test_a_rule_that_extends_another_inherits_its_family_and_nothing_it_said() -> None:
    class Extended(OPTIMIZERS["adam"]):
        pass

    assert Extended.kind == "adaptive"
    assert Extended.parents == ("adam",)
    assert (Extended.adds, Extended.in_words, Extended.variants) == ("", "", ())


def test_copies_in_words() -> None:
    assert [in_copies(n) for n in (None, 0.0, 6e-5, 2.0, 1.0156, 16384.0)] == [
        "–",
        "none",
        "none",
        "2 × params",
        "1.02 × params",
        "16,384 × params",
    ]
