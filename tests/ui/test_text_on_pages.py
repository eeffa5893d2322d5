"""Every text that the pages show was written here, or went through `plain`: read from the source.

Streamlit reads labels, captions, messages and tooltips as Markdown. A call that shows a text built
from anything but words of this repository and numbers fails here, unless `plain` is around it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(
    [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "optviz" / "ui").rglob("*.py")]
)

# These show docstrings of classes, which are Markdown, and nothing from outside.
DOCSTRINGS = [
    ROOT / "optviz" / "ui" / place for place in ("optimizers/entry.py", "parts/equations.py")
]

# Calls whose first argument (and `help`, `label`, `text`, `body`) is shown as Markdown. Options of
# `selectbox`, `multiselect` and `select_slider` and the cells of tables are not; those of the rest
# of the widgets with options are.
SHOW = (
    *("markdown", "caption", "warning", "error", "info", "success", "toast", "title", "header"),
    *("subheader", "badge", "write", "metric", "spinner", "button", "checkbox", "toggle"),
    *("download_button", "link_button", "form_submit_button", "popover", "expander", "tabs"),
    *("text_input", "text_area", "number_input", "slider", "select_slider", "selectbox", "radio"),
    *("pills", "segmented_control", "multiselect", "file_uploader", "status", "dialog"),
)
NAMED = ("help", "label", "text", "body", "caption", "captions")
NOT_SHOWN = ("jobs", "curves", "archive")  # have methods of these names that show nothing
OPTIONS = ("pills", "segmented_control", "radio")  # Markdown in each option too
SECOND = ("progress", "page_link")  # the text comes second

# What is known to be ours although it is no constant: docstrings and declarations of entries, and
# functions that only put numbers and such words together.
OURS = {
    *("summary", "human", "number", "duration", "equation", "page_title", "rule_of_tuning"),
    *("cost_line", "in_copies", "value_text", "counted", "_percent", "len", "capitalize"),
    *("getdoc", "stacked", "round", "int", "min", "max"),
}
ATTRIBUTES = {"help", "word", "in_words", "adds", "note", "kind", "summary", "cost", "memory"}
ATTRIBUTES |= {"citation", "prefix", "severity", "icon", "num_steps", "dtype"}
SAME_WORDS = ("rstrip", "lower", "upper", "replace", "split", "items")  # of the text before them
NUMERIC = set("%,defgn")  # ends a format that refuses text


def declared(node: ast.Attribute) -> bool:
    """Whether it is what a setting declares: of a `Choice`, or of a table of them."""
    of = node.value
    known = isinstance(of, ast.Subscript) and upper(of.value)
    return node.attr in ("label", "offer") and (known or name_of(of) in ("field", "choice"))


@cache
def tree(file: Path) -> ast.Module:
    module = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(module):
        for child in ast.iter_child_nodes(node):
            child.parent = node  # type: ignore[attr-defined]
    return module


def enclosing(node: ast.AST) -> Iterator[ast.AST]:
    """The functions around a node, the nearest first, and the module."""
    while hasattr(node, "parent"):
        node = node.parent
        if isinstance(node, (ast.FunctionDef, ast.Lambda, ast.Module)):
            yield node


def name_of(function: ast.expr) -> str:
    return getattr(function, "attr", getattr(function, "id", ""))


def shown(file: Path) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Every expression of a file that is shown as Markdown."""
    for call in (node for node in ast.walk(tree(file)) if isinstance(node, ast.Call)):
        name, arguments = name_of(call.func), list(call.args)
        if isinstance(call.func, ast.Attribute) and name_of(call.func.value) in NOT_SHOWN:
            continue
        if isinstance(call.func, ast.Name) and name != "bound":
            continue  # a function of ours; what it shows is read where it does
        if name == "bound" and arguments:  # bound(st.slider, label, …)
            name, arguments = name_of(arguments[0]), arguments[1:]
            name = name if name in SHOW else "slider"  # chosen at run time
        if name not in (*SHOW, *SECOND) and not any(k.arg == "help" for k in call.keywords):
            continue
        place = 1 if name in SECOND else 0
        if name in (*SHOW, *SECOND) and len(arguments) > place:
            yield call, arguments[place]
        for keyword in call.keywords:
            if keyword.arg in NAMED:
                yield call, keyword.value
            if keyword.arg == "options" and name in OPTIONS:
                yield call, keyword.value


def upper(node: ast.expr) -> bool:
    """A constant at the head of some file, by its name."""
    return name_of(node).lstrip("_").isupper()


class Reader:
    """Whether an expression is ours."""

    def __init__(self) -> None:
        self.busy: set[tuple[str, str]] = set()

    def ours(self, node: ast.expr) -> bool:
        match node:
            case ast.Constant():
                return True
            case ast.JoinedStr():
                return all(map(self.ours, node.values))
            case ast.FormattedValue():
                return self.ours(node.value) or self.numeric(node)
            case ast.BinOp():
                return self.ours(node.left) and self.ours(node.right)
            case ast.IfExp():
                return self.ours(node.body) and self.ours(node.orelse)
            case ast.BoolOp():
                return all(map(self.ours, node.values))
            case ast.List() | ast.Tuple():
                return all(map(self.ours, node.elts))
            case ast.ListComp() | ast.GeneratorExp():
                return self.ours(node.elt)
            case ast.Dict():
                return all(map(self.ours, node.values))
            case ast.Subscript():  # a table of words at the head of a file
                return name_of(node.value) == "shape" or upper(node.value)
            case ast.Attribute():
                return declared(node) or node.attr in ATTRIBUTES or upper(node)
            case ast.Call():
                return self.call(node)
            case ast.Name():
                return upper(node) or node.id == "__doc__" or self.name(node)
            case ast.Starred():
                return self.ours(node.value)
        return False

    @staticmethod
    def numeric(node: ast.FormattedValue) -> bool:
        spec = node.format_spec
        last = spec.values[-1] if isinstance(spec, ast.JoinedStr) and spec.values else None
        return isinstance(last, ast.Constant) and str(last.value)[-1:] in NUMERIC

    def call(self, node: ast.Call) -> bool:
        name = name_of(node.func)
        if name == "plain" or name in OURS:
            return True
        if name in ("join", "list"):  # " ".join(…)
            return all(map(self.ours, node.args))
        if name == "get" and isinstance(node.func, ast.Attribute):
            return upper(node.func.value)
        if name in SAME_WORDS and isinstance(node.func, ast.Attribute):
            return self.ours(node.func.value)
        # A function of the same file that returns words of its own.
        for outer in enclosing(node):
            for found in ast.walk(outer):
                if isinstance(found, ast.FunctionDef) and found.name == name:
                    returns = [n for n in ast.walk(found) if isinstance(n, ast.Return) and n.value]
                    return bool(returns) and all(self.ours(n.value) for n in returns)  # type: ignore
        return False

    def name(self, node: ast.Name) -> bool:
        """All that is ever put into a variable, or handed to a parameter, is ours."""
        for outer in enclosing(node):
            if isinstance(outer, ast.Lambda):
                continue
            values = list(_assigned(outer, node))
            if values:
                return all(map(self.ours, values))
            if isinstance(outer, ast.FunctionDef):
                names = [a.arg for a in (*outer.args.args, *outer.args.kwonlyargs)]
                if node.id in names:
                    return self.parameter(outer, node.id, names.index(node.id))
        return False

    def parameter(self, function: ast.FunctionDef, name: str, place: int) -> bool:
        """Every call on the pages hands over what is ours."""
        if (function.name, name) in self.busy:
            return True
        self.busy.add((function.name, name))
        for file in FILES:
            for call in ast.walk(tree(file)):
                if isinstance(call, ast.Call) and name_of(call.func) == function.name:
                    given = [k.value for k in call.keywords if k.arg == name]
                    given += call.args[place : place + 1]
                    if not all(map(self.ours, given)):
                        return False
        return True


def _assigned(scope: ast.AST, used: ast.Name) -> Iterator[ast.expr]:
    """What a function's own statements put into a variable that is used somewhere in it."""
    name = used.id
    for node in ast.walk(scope):
        if isinstance(scope, ast.Module) and getattr(node, "parent", None) is not scope:
            continue
        match node:
            case ast.Assign(targets=[ast.Name(id=found)]) if found == name:
                yield node.value
            case ast.AugAssign(target=ast.Name(id=found)) if found == name:
                yield node.value
            case ast.NamedExpr(target=ast.Name(id=found)) if found == name:
                yield node.value
            case ast.For() if name in _names(node.target):
                yield from _column(node.iter)
            case ast.comprehension() if name in _names(node.target):
                if any(inner is used for inner in ast.walk(node.parent)):  # type: ignore
                    yield from _column(node.iter)
            case ast.Assign(targets=[ast.Tuple() as target]) if name in _names(target):
                yield from _column(node.value)


def _names(target: ast.expr) -> list[str]:
    return [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]


def _column(value: ast.expr) -> Iterator[ast.expr]:
    """The texts of rows that are written out, or the whole value."""
    rows = value.elts if isinstance(value, (ast.Tuple, ast.List)) else [value]
    for row in rows:
        parts = row.elts if isinstance(row, ast.Tuple) else [row]
        texts = [part for part in parts if isinstance(part, ast.Constant)]
        yield from texts or parts


@pytest.mark.parametrize(
    "file",
    [file for file in FILES if file not in DOCSTRINGS],
    ids=lambda file: "/".join(file.relative_to(ROOT).parts[-2:]),
)
def test_text_from_outside_goes_through_plain(file: Path) -> None:
    wrong = [
        f"{file.name}:{text.lineno}: {ast.unparse(text)}"
        for _, text in shown(file)
        if not Reader().ours(text)
    ]
    assert not wrong, "not ours, and not plain():\n" + "\n".join(wrong)


def test_a_text_from_outside_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.py"
    page.write_text(
        "import streamlit as st\n"
        "def show(run, error, count, job):\n"
        "    st.warning(str(error))\n"
        "    st.button('x', help=f'Remove {run.label}')\n"
        "    title = run.label or 'Adam'\n"
        "    st.popover(title)\n"
        "    st.caption(f'{count:,} images of {plain(run.label)}')\n"
        "    bound(st.checkbox, job.name, value=1)\n",
        "utf-8",
    )
    wrong = [text.lineno for _, text in shown(page) if not Reader().ours(text)]
    assert wrong == [3, 4, 6, 8]
