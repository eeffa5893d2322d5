"""What a class docstring says, in parts: the one source of the gallery, tables and lists.

The shape is: one line; a paragraph `In words: …`; equations between `$$`; prose; the sentences
`Cost per step: …` and `Memory: …`; a section `Variants:`; and `Reference: …` at the end. Any of it
may be missing. A line of the section tells one form, and lines that are indented further go on:

    Variants:
        ε outside the root (`eps_inside_sqrt=false`): PyTorch, optax
        no bias correction: many slides
"""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import dataclass
from functools import cache
from textwrap import dedent
from typing import Any, NamedTuple

from optviz.catalog.entry import Entry

_MATH = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
_LINK = re.compile(r"https?://[^\s,;]+[^\s,;.]")
_IN_WORDS = re.compile(r"^In words:\s*(.+?)(?=\n\s*\n|\Z)", re.DOTALL | re.MULTILINE)
_COST, _MEMORY = (
    re.compile(rf"\b{name}:\s*(.+?)(?:\.(?=\s+[A-Z$`]|\s*\Z)|\n\s*\n|\Z)", re.DOTALL)
    for name in ("Cost per step", "Memory")
)
_VARIANTS = re.compile(r"^Variants:[ ]*\n((?:[ ]+\S.*(?:\n|\Z))+)", re.MULTILINE)
# The form may have colons of its own, its users have none.
_VARIANT = re.compile(r"(?P<what>.+?)(?: \(`(?P<settings>[^`]+)`\))?: (?P<who>[^:]+)")


@dataclass(frozen=True)
class Part:
    """A stretch of a docstring: an equation, or a paragraph of Markdown with `$inline$` math."""

    text: str
    is_math: bool


class Variant(NamedTuple):
    """One of the forms in which a rule is used."""

    what: str  # the form, a few words
    who: str  # the papers and libraries that use it
    settings: str = ""  # the switches that select it, as in a link: `eps_inside_sqrt=true`


@dataclass(frozen=True)
class Description:
    """A docstring, read.

    Attributes:
        summary: the first line.
        in_words: what follows `In words:`, one update told without symbols, or ''.
        parts: equations and prose between the first line and the reference, in order.
        cost: what follows `Cost per step:`, or ''.
        memory: what follows `Memory:`, or ''.
        variants: where papers and libraries differ; a line that does not say who uses its form
            is all form.
        reference: what follows `Reference:`, links included, or ''.
        links: the addresses in the reference.
        year: of the idea: the class's own `since`, else the first year in the reference, or None.
    """

    summary: str
    in_words: str
    parts: tuple[Part, ...]
    cost: str
    memory: str
    variants: tuple[Variant, ...]
    reference: str
    links: tuple[str, ...]
    year: int | None

    @property
    def equations(self) -> tuple[str, ...]:
        return tuple(part.text for part in self.parts if part.is_math)

    @property
    def citation(self) -> str:
        """The reference without its links."""
        return re.sub(r"\s*,\s*([,;])", r"\1", _LINK.sub("", self.reference)).strip(" ,;.")


@cache
def describe(cls: type[Entry]) -> Description:
    """Read the docstring of an entry class; what it does not say is left empty."""
    text = docstring(cls)
    body = re.split(r"^Reference:", text.partition("\n")[2], flags=re.MULTILINE)[0]
    in_words, body = _take(_IN_WORDS, body)
    variants, body = _take(_VARIANTS, body)
    cost, body = _take(_COST, body)
    memory, body = _take(_MEMORY, body)
    reference = source(cls)
    year = re.search(r"\b(1[6-9]\d\d|20\d\d)\b", _LINK.sub("", reference))
    return Description(
        summary=summary(cls),
        in_words=_one_line(in_words),
        parts=tuple(_parts(body)),
        cost=_one_line(cost),
        memory=_one_line(memory),
        variants=tuple(map(_variant, _items(variants))),
        reference=reference,
        links=tuple(_LINK.findall(reference)),
        year=vars(cls).get("since") or (int(year.group()) if year else None),
    )


def docstring(item: Any) -> str:
    """What a class, function or module says about itself; '' where Python took it away.

    Under `python -OO` there are no docstrings, and what a dataclass or a base class puts in their
    place says something else.
    """
    if sys.flags.optimize < 2:
        return inspect.getdoc(item) or ""
    _say_why_texts_are_missing()
    return ""


@cache
def _say_why_texts_are_missing() -> None:
    print(
        "optviz: descriptions, equations and references are missing, for python -OO takes "
        "docstrings away",
        file=sys.stderr,
    )


def source(cls: type[Entry]) -> str:
    """The reference that the class docstring names (the text after `Reference:`), or ''."""
    found = re.search(r"Reference:\s*(.+?)(?:\n\s*\n|\Z)", docstring(cls), re.DOTALL)
    return _one_line(found.group(1)) if found else ""


def summary(cls: type[Entry]) -> str:
    """The first line of the class docstring: what the entry is, in one line."""
    return docstring(cls).split("\n", 1)[0]


def _take(part: re.Pattern[str], text: str) -> tuple[str, str]:
    """What a part of a docstring says, or '', and the text without that part."""
    found = part.search(text)
    if not found:
        return "", text
    return found.group(1), text[: found.start()] + text[found.end() :]


def _items(section: str) -> list[str]:
    """The lines of an indented section, each with those that are indented further."""
    return [_one_line(item) for item in re.split(r"\n(?! )", dedent(section)) if item]


def _variant(line: str) -> Variant:
    found = _VARIANT.fullmatch(line)
    if not found:
        return Variant(line, "")
    return Variant(found["what"], found["who"], found["settings"] or "")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _parts(body: str) -> list[Part]:
    parts = []
    for index, piece in enumerate(_MATH.split(body)):
        if index % 2:
            parts.append(Part(_one_line(piece), True))
            continue
        paragraphs = (_one_line(lines) for lines in re.split(r"\n\s*\n", piece))
        parts += [Part(paragraph, False) for paragraph in paragraphs if paragraph]
    return parts


def stacked(equation: str) -> str:
    """The equation with what `\\qquad` sets apart on lines of their own, for a narrow column."""
    lines, depth, start = [], 0, 0
    for match in re.finditer(r"\\begin\b|\\end\b|\\qquad|(?<!\\)[{}]", equation):
        token = match.group()
        if token == r"\qquad" and depth == 0:
            lines.append(equation[start : match.start()])
            start = match.end()
        depth += {"{": 1, r"\begin": 1, "}": -1, r"\end": -1}.get(token, 0)
    lines = [line.strip() for line in (*lines, equation[start:]) if line.strip()]
    if len(lines) == 1:
        return lines[0]
    return r"\begin{gathered} " + r" \\[0.4em] ".join(lines) + r" \end{gathered}"
