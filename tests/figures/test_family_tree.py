"""The family tree: a row for everybody, circles cut, names escaped."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from optviz.figures.family_tree import Member, family_tree, places, year_positions
from optviz.figures.theme import DARK


def member(key: str, year: int | None, *parents: str, adds: str = "something") -> Member:
    return Member(key, key.upper(), year, "kind", parents, adds)


FAMILY = [
    member("c", 2015, "b", "x"),
    member("a", 1951),
    member("b", 2011, "a", "missing"),
    member("x", 1964, "a"),
    member("alone", None),
]


def test_everybody_has_a_row_below_the_main_parent() -> None:
    found = places(FAMILY)
    assert sorted(place.row for place in found.values()) == list(range(5))
    assert [found[key].depth for key in ("a", "x", "b", "c", "alone")] == [0, 1, 1, 2, 0]
    assert found["a"].row < found["x"].row < found["b"].row < found["c"].row


def test_a_circle_is_cut() -> None:
    found = places([member("a", 2000, "b"), member("b", 2001, "a"), member("c", 2002, "c")])
    assert len(found) == 3


def test_years_keep_their_order_on_the_axis() -> None:
    at = year_positions([2015, 1951, 1964])
    assert list(at) == [1951, 1964, 2015]
    assert at[1951] == 0 < at[1964] < at[2015] == 1
    assert year_positions([2000]) == {2000: 0.0}


@pytest.mark.parametrize("narrow", [False, True])
def test_the_picture_is_well_formed_and_escapes_names(narrow: bool) -> None:
    evil = [*FAMILY, Member("e", "<script>&", 2020, "k", ("a",), '"><img src=x>')]
    text = family_tree(evil, link="?rule={key}", bright={"a"}, narrow=narrow, theme=DARK)
    root = ET.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{space}a")) == 6
    assert "<script" not in text
    assert "<img" not in text


def test_fifty_rows_do_not_touch() -> None:
    many = [member(f"m{i}", 1990 + i % 30, "m0" if i else "") for i in range(50)]
    height = float(ET.fromstring(family_tree(many)).attrib["viewBox"].split()[3])
    assert height >= 50 * 20
