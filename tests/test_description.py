"""Docstrings are read as they are written."""

from __future__ import annotations

import pytest

from optviz.catalog import Entry
from optviz.catalog.description import describe, stacked
from optviz.schedules import SCHEDULES


class Told(Entry):
    r"""One line.

    In words: Take a step: not far,
    and not back.

    With step $t = 1, 2, \dots$

    $$a = b \qquad
      c = \frac{d}{e}$$

    Prose that goes
    on. Cost per step: one gradient, e.g. 1.5 of them. Memory: two copies
    of params. More prose.

    Variants:
        far: the paper (Algorithm 1), others
        near (`size=1,at="a:b"`): a library
        with a mean: of all steps (`mean=true`):
            somebody whose name
            is long
        nobody's

    Reference: First & Second 1964, https://doi.org/10.1016/0041-5553(64)90137-5; and
    Third 1999, https://example.org/a.pdf
    """


class Silent(Entry):
    """Nothing else."""


def test_parts() -> None:
    text = describe(Told)
    assert text.summary == "One line."
    assert text.equations == (r"a = b \qquad c = \frac{d}{e}",)
    assert [part.text for part in text.parts if not part.is_math] == [
        r"With step $t = 1, 2, \dots$",
        "Prose that goes on. More prose.",
    ]
    assert text.in_words == "Take a step: not far, and not back."
    assert text.memory == "two copies of params"
    assert text.variants == (
        ("far", "the paper (Algorithm 1), others", ""),
        ("near", "a library", 'size=1,at="a:b"'),
        ("with a mean: of all steps", "somebody whose name is long", "mean=true"),
        ("nobody's", "", ""),
    )
    assert text.year == 1964
    assert text.links == (
        "https://doi.org/10.1016/0041-5553(64)90137-5",
        "https://example.org/a.pdf",
    )
    assert text.citation.startswith("First & Second 1964")
    assert "http" not in text.citation


def test_a_link_amid_a_reference_leaves_no_hole() -> None:
    text = describe(SCHEDULES["one_cycle"])
    assert text.links == ("https://arxiv.org/abs/1708.07120",)
    assert text.citation.startswith("Smith & Topin 2018, with the steps of")


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_says_how_it_goes(name: str) -> None:
    text = describe(SCHEDULES[name])
    assert text.equations or "$" in text.summary or any("$" in part.text for part in text.parts)
    assert not any("Reference" in part.text for part in text.parts)


def test_what_is_not_said_is_empty() -> None:
    text = describe(Silent)
    assert (text.in_words, text.cost, text.memory, text.reference) == ("", "", "", "")
    assert (text.parts, text.variants, text.links) == ((), (), ())
    assert text.year is None


def test_equations_are_stacked_where_they_are_set_apart_and_nowhere_else() -> None:
    assert stacked("a = b") == "a = b"
    assert stacked(r"a \qquad b").count(r"\\") == 1
    assert stacked(r"\begin{cases} a \qquad b \end{cases}").count(r"\\") == 0
    assert stacked(r"\text{a \qquad b}").startswith(r"\text")
    assert stacked(r"\{a\} \qquad b").count("gathered") == 2
