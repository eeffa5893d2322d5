"""All rules side by side, as rows and as CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from optviz.analysis.memory import in_copies, state_per_param
from optviz.catalog import knobs
from optviz.catalog.description import describe
from optviz.export.cells import cell
from optviz.optimizers import OPTIMIZERS
from optviz.optimizers import proofs as proved

Row = dict[str, Any]


def proofs_of(key: str) -> Sequence[Mapping[str, Any]]:
    """The comparisons with other implementations that a rule has passed; () if there are none."""
    return tuple(proof._asdict() for proof in proved.proofs(key))


def comparison(keys: Iterable[str] | None = None) -> list[Row]:
    """One row a rule, in the order given (default: every rule, oldest first)."""
    if keys is None:
        keys = sorted(OPTIMIZERS, key=lambda key: (describe(OPTIMIZERS[key]).year or 9999, key))
    return [row(key) for key in keys]


def row(key: str) -> Row:
    """What the table says about one rule."""
    cls = OPTIMIZERS[key]
    text = describe(cls)
    return {
        "rule": cls.label,
        "key": key,
        "kind": cls.kind,
        "year": text.year,
        "builds on": ", ".join(label(parent) for parent in cls.parents),
        "adds": cls.adds,
        "cost per step": text.cost,
        "memory": text.memory,
        "state, counted": in_copies(state_per_param(cls)),
        "knobs": ", ".join(knobs(cls)),
        "proofs": len(proofs_of(key)),
        "reference": text.citation,
        "link": text.links[0] if text.links else "",
    }


def label(key: str) -> str:
    """A rule's label; a key without an entry stands for itself."""
    return OPTIMIZERS[key].label if key in OPTIMIZERS else key


def to_csv(rows: Sequence[Row]) -> str:
    """Comma-separated, one line a rule, with a heading."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else ["rule"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: cell(_plain(value)) for name, value in row.items()} for row in rows)
    return out.getvalue()


def to_markdown(rows: Sequence[Row]) -> str:
    """A table in GitHub's Markdown; equations stay between dollar signs."""
    lines = _cells(rows, lambda text: text.replace("|", r"\|"))
    ruler = ["---"] * len(lines[0])
    return "".join(f"| {' | '.join(line)} |\n" for line in (lines[0], ruler, *lines[1:]))


def to_latex(rows: Sequence[Row]) -> str:
    """A `tabular` with booktabs rules; equations stay between dollar signs."""
    lines = [" & ".join(line) + r" \\" for line in _cells(rows, latex)]
    body = "\n".join(f"  {line}" for line in lines[1:])
    columns = "l" * len(_shown(rows))
    return (
        f"% needs \\usepackage{{booktabs}}\n\\begin{{tabular}}{{{columns}}}\n  \\toprule\n"
        f"  {lines[0]}\n  \\midrule\n{body}\n  \\bottomrule\n\\end{{tabular}}\n"
    )


_SPECIAL = {c: f"\\{c}" for c in "&%#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "×": r"$\times$",
    "−": "--",
    "–": "--",
    "β": r"$\beta$",
    "ε": r"$\epsilon$",
    "≤": r"$\leq$",
    "²": r"$^2$",
    "√": r"$\surd$",
}


def latex(text: str) -> str:
    """Text with LaTeX's special characters escaped, except between dollar signs."""
    pieces = re.split(r"(\$[^$]+\$)", text)
    return "".join(
        piece if index % 2 else "".join(_SPECIAL.get(c, c) for c in piece)
        for index, piece in enumerate(pieces)
    )


def _shown(rows: Sequence[Row]) -> list[str]:
    return [name for name in (rows[0] if rows else ["rule"]) if name not in ("key", "link")]


def _cells(rows: Sequence[Row], escape: Callable[[str], str]) -> list[list[str]]:
    names = _shown(rows)
    lines = [[escape(_plain(row[name])) for name in names] for row in rows]
    return [[escape(name) for name in names], *lines]


def _plain(value: Any) -> str:
    return "" if value is None else str(value)
