"""What every rule must tell the gallery; a rule that does not is named."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from optviz.analysis.memory import in_copies, state_per_param
from optviz.catalog import describe, docstring, entry, switches
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


def faults(cls: type[Optimizer]) -> Iterator[str]:
    """What is wrong with the sections of a docstring, one line each."""
    told, text = docstring(cls), describe(cls)
    read = ["In words"] * bool(text.in_words) + ["Variants"] * bool(text.variants)
    if re.findall(r"^\s*((?:in words|variants?)\b)", told, re.IGNORECASE | re.MULTILINE) != read:
        yield (
            "'In words: …' is one paragraph, and after it comes 'Variants:', alone on its line "
            "before 'Reference:', with its lines indented; each once"
        )
    if not (len(text.in_words) > 40 and text.in_words.endswith(".")):
        yield "'In words: …' must tell one update, in whole sentences"
    if switches(cls) and not text.variants:
        yield "it has switches: 'Variants:' must say who uses which form"
    for variant in text.variants:
        if not variant.who or "`" in variant.what + variant.who:
            yield f"{variant.what!r} must read 'form: users' or 'form (`switch=value`): users'"
        if variant.settings:
            try:
                parse_entry(f"{cls.name}:{variant.settings}", OPTIMIZERS)
            except ValueError as error:
                yield f"{variant.what!r}: {error}"


@pytest.mark.parametrize("key", OPTIMIZERS)
def test_sections_of_a_docstring_are_read_whole(key: str) -> None:
    assert list(faults(OPTIMIZERS[key])) == []


WORDS = "In words: Look at the slope and go a short way straight downhill."
LINE = "Variants:\n    a small floor (`eps=1e-9`): somebody"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (LINE, "must tell one update"),
        (f"In words: too few.\n\n{LINE}", "must tell one update"),
        (f"{WORDS.lower()}\n\n{LINE}", "is one paragraph"),
        (f"{WORDS}\n\n{WORDS}\n\n{LINE}", "each once"),
        (WORDS, "it has switches"),
        (f"{WORDS}\n\nVariants: a small floor", "alone on its line"),
        (f"{WORDS}\n\nVariant:\n    a small floor: somebody", "alone on its line"),
        (f"{WORDS}\n\nReference: x\n\n{LINE}", "before 'Reference:'"),
        (f"{WORDS}\n\nVariants:\n    a small floor", "'a small floor' must read 'form: users'"),
        (f"{WORDS}\n\n{LINE.replace('9`', '9')}", "must read 'form: users'"),
        (f"{WORDS}\n\n{LINE.replace('eps', 'esp')}", "'a small floor': unknown knob of adam 'esp'"),
        (f"{WORDS}\n\n{LINE.replace('1e-9', '-1')}", "eps must lie in [0, inf), got -1"),
    ],
)
def test_a_section_that_cannot_be_read_is_one_clear_line(text: str, line: str) -> None:
    told = type("Told", (OPTIMIZERS["adam"],), {"__doc__": f"One line.\n\n{text}"})
    found = list(faults(told))
    assert any(line in fault for fault in found), found
    assert not any("\n" in fault for fault in found)


def test_a_section_that_is_well_formed_has_no_faults() -> None:
    told = type("Told", (OPTIMIZERS["adam"],), {"__doc__": f"One line.\n\n{WORDS}\n\n{LINE}"})
    assert list(faults(told)) == []


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
def test_the_memory_that_is_claimed_is_the_memory_that_is_kept(key: str) -> None:
    said = describe(OPTIMIZERS[key]).memory
    counted = state_per_param(OPTIMIZERS[key])
    assert counted is not None
    for words, copies in SAID.items():
        if said.removesuffix(" of params") == words:
            assert counted == pytest.approx(copies, abs=0.01)


def test_a_rule_that_extends_another_inherits_its_family_and_nothing_it_said() -> None:
    @entry
    class Extended(OPTIMIZERS["adam"]):
        pass

    text = describe(Extended)
    assert Extended.kind == "adaptive"
    assert Extended.parents == ("adam",)
    assert (Extended.adds, text.in_words, text.variants, text.parts) == ("", "", (), ())


def test_copies_in_words() -> None:
    assert [in_copies(n) for n in (None, 0.0, 6e-5, 2.0, 1.0156, 16384.0)] == [
        "–",
        "none",
        "none",
        "2 × params",
        "1.02 × params",
        "16,384 × params",
    ]
