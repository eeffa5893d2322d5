"""A family tree as SVG: who builds on whom, when, and what each adds.

Every member has a row of its own, so that fifty names never overlap. SVG and not Plotly: the names
are links, text stays text on a slide, and the picture follows the page's theme.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from optviz.figures.theme import FONT_FAMILY, Theme, style_of


@dataclass(frozen=True)
class Member:
    """One member of the family; parents that are not members are left out."""

    key: str
    label: str
    year: int | None
    kind: str
    parents: tuple[str, ...]  # keys, the main one first
    adds: str


@dataclass(frozen=True)
class Place:
    """Where a member stands: row from the top, depth below its root, key of its main parent."""

    row: int
    depth: int
    parent: str | None


def places(members: Sequence[Member]) -> dict[str, Place]:
    """Rows in the order of a walk down the tree, elder children first.

    A circle among the parents, which no family has, is cut where it is first met.
    """
    known = {member.key: member for member in members}
    main = {m.key: next((p for p in m.parents if p in known), None) for m in members}
    for key in known:  # cut circles
        seen, at = {key}, main[key]
        while at is not None:
            if at in seen:
                main[key] = None
                break
            seen.add(at)
            at = main[at]

    def born(key: str) -> tuple[int, str]:
        return (known[key].year or 9999, key)

    found: dict[str, Place] = {}

    def walk(key: str, depth: int) -> None:
        found[key] = Place(len(found), depth, main[key])
        for child in sorted((k for k in known if main[k] == key), key=born):
            walk(child, depth + 1)

    for root in sorted((k for k in known if main[k] is None), key=born):
        walk(root, 0)
    return found


def year_positions(years: Collection[int]) -> dict[int, float]:
    """Places from 0 to 1 on an axis that shortens the long gaps between early years."""
    ordered = sorted(set(years))
    at = [0.0]
    for before, after in pairwise(ordered):
        at.append(at[-1] + 1 + math.log2(after - before))
    return {year: place / (at[-1] or 1) for year, place in zip(ordered, at, strict=True)}


def family_tree(
    members: Sequence[Member],
    *,
    link: str | None = None,
    bright: Collection[str] | None = None,
    narrow: bool = False,
    theme: Theme | None = None,
) -> str:
    """The tree as an `<svg>` element.

    Args:
        members: the family.
        link: address of a member's page, with `{key}` in it; None: no links.
        bright: keys that stand out; None: all.
        narrow: for a phone: indented by generation, with what is added beneath the name. Otherwise
            members stand at the year of their paper.
        theme: fixed colours, for a file; None: those of the page around it.
    """
    found = places(members)
    draw = _Narrow(members, found) if narrow else _Wide(members, found)
    text = theme.text if theme else "currentColor"
    paper = theme.background if theme else "none"
    # A halo keeps names readable where a line passes beneath them.
    halo = paper if theme else "var(--st-background-color, transparent)"
    body = [*draw.axis(), *_edges(members, found, draw, bright)]
    for member in members:
        x, y = draw.at(member.key)
        style = style_of(member.key)
        dark = f"light-dark({style.color}, {style.dark_color})"
        faded = "" if bright is None or member.key in bright else ' opacity="0.25"'
        node = (
            f"<g{faded}><title>{escape(_told(member))}</title>"
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5" '
            f'style="fill: {style.color if theme else dark}"/>{draw.text(member, x, y)}</g>'
        )
        if link:
            href = escape(link.format(key=member.key))
            node = f'<a href="{href}" target="_self">{node}</a>'
        body.append(node)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {draw.width} {draw.height}" '
        f'style="color: {text}" role="img" aria-label="Family tree of {len(members)} rules" '
        f"font-family='{FONT_FAMILY}' fill=\"{text}\">"
        f"<style>text {{ paint-order: stroke; stroke: {halo}; stroke-width: 3px; }}</style>"
        f'<rect width="100%" height="100%" fill="{paper}"/>{"".join(body)}</svg>'
    )


class _Wide:
    """Years from left to right; the name and what it adds to the right of the node."""

    width, row, top, left, right, curves = 1240, 25, 46, 24, 400, True

    def __init__(self, members: Sequence[Member], found: dict[str, Place]) -> None:
        self.found = found
        self.height = self.top + self.row * len(found) + 4
        years = [m.year for m in members if m.year] or [2000]
        span = self.width - self.left - self.right
        self.years = {y: self.left + span * p for y, p in year_positions(years).items()}
        self.year_of = {m.key: m.year for m in members}

    def at(self, key: str) -> tuple[float, float]:
        year = self.year_of[key] or max(self.years)
        return self.years[year], self.top + self.row * (self.found[key].row + 0.5)

    def axis(self) -> Iterator[str]:
        last = -math.inf
        for year, x in self.years.items():
            if x - last < 36:
                continue
            last = x
            yield (
                f'<path d="M{x:.1f} 26V{self.height}" stroke="currentColor" opacity="0.1"/>'
                f'<text x="{x:.1f}" y="18" font-size="12.5" text-anchor="middle" opacity="0.7">'
                f"{year}</text>"
            )

    def text(self, member: Member, x: float, y: float) -> str:
        adds = f'<tspan opacity="0.66" dx="7">{escape(cut(member.adds, 52))}</tspan>'
        return (
            f'<text x="{x + 11:.1f}" y="{y + 4.5:.1f}" font-size="14">'
            f'<tspan font-weight="650">{escape(member.label)}</tspan>{adds}</text>'
        )


class _Narrow:
    """Generations from left to right; what it adds beneath the name."""

    width, row, top, left, step, curves = 380, 42, 4, 10, 15, False

    def __init__(self, members: Sequence[Member], found: dict[str, Place]) -> None:
        self.found = found
        self.height = self.top + self.row * len(found) + 4

    def at(self, key: str) -> tuple[float, float]:
        place = self.found[key]
        return self.left + self.step * place.depth, self.top + self.row * (place.row + 0.36)

    def axis(self) -> Iterator[str]:
        return iter(())

    def text(self, member: Member, x: float, y: float) -> str:
        room = int((self.width - x - 12) / 6.3)
        year = f'<tspan opacity="0.6" dx="6">{member.year or ""}</tspan>'
        return (
            f'<text x="{x + 11:.1f}" y="{y + 5:.1f}" font-size="15">'
            f'<tspan font-weight="650">{escape(member.label)}</tspan>{year}</text>'
            f'<text x="{x + 11:.1f}" y="{y + 21:.1f}" font-size="12.5" opacity="0.66">'
            f"{escape(cut(member.adds, room))}</text>"
        )


def _edges(
    members: Sequence[Member],
    found: dict[str, Place],
    draw: _Wide | _Narrow,
    bright: Collection[str] | None,
) -> Iterator[str]:
    """Solid elbows from the main parents, dotted curves from the others where there is room."""
    trunks: dict[tuple[str, bool], float] = {}  # (parent, faded) -> the lowest child
    for member in members:
        x, y = draw.at(member.key)
        faded = bright is not None and member.key not in bright
        for parent in member.parents:
            if parent not in found:
                continue
            px, py = draw.at(parent)
            if parent == found[member.key].parent:
                trunks[parent, faded] = max(y, trunks.get((parent, faded), y))
                yield _path(f"M{px:.1f} {y:.1f}H{x:.1f}", 0.12 if faded else 0.4)
            elif draw.curves:
                path = f"M{px:.1f} {py:.1f}C{px:.1f} {y:.1f} {px:.1f} {y:.1f} {x:.1f} {y:.1f}"
                yield _path(path, 0.08 if faded else 0.42, ' stroke-dasharray="2 4"')
    for (parent, faded), y in trunks.items():
        px, py = draw.at(parent)
        yield _path(f"M{px:.1f} {py:.1f}V{y:.1f}", 0.12 if faded else 0.4)


def _path(path: str, opacity: float, more: str = "") -> str:
    return (
        f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="1.5" '
        f'opacity="{opacity}"{more}/>'
    )


def cut(text: str, length: int) -> str:
    """The text, shortened to `length` characters where it is longer."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _told(member: Member) -> str:
    parts = [member.label, f" ({member.year})" if member.year else "", f", {member.kind}"]
    if member.adds:
        parts.append(f": adds {member.adds}")
    return "".join(parts)
