"""The popover of an experiment: what else is tried, and how many runs that makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from optviz.specs.experiment import TrainSpec
from optviz.specs.text import counted
from optviz.specs.variations import merged
from optviz.ui.networks.session import SESSION
from optviz.ui.networks.variations import choices, counts, steps, suggestions
from optviz.ui.session import bound
from optviz.ui.words import plain

ROWS = SESSION.key("vary")  # [[name, [value, …]], …]; one without values is not in the spec yet


def experiment() -> None:
    """Draw the variations and what they make."""
    spec = SESSION.spec
    rows, known = _rows(), choices(spec)
    st.caption("Train with other settings too, beside those of this page.")
    for index, (name, values) in enumerate(rows):
        label = known[name] if name in known else str(name)
        options = [*(suggestions(spec, name) if name in known else ()), *values]
        with st.container(horizontal=True, gap="xxsmall", vertical_alignment="bottom"):
            bound(
                st.multiselect,
                plain(label),
                options=list(dict.fromkeys(options)),
                value=values,
                key=f"{ROWS}.{name}",
                apply=lambda chosen, index=index: _put(index, chosen),
                accept_new_options=True,
                placeholder="Choose or type values",
            )
            st.button(
                "",
                icon=":material/close:",
                key=f"{ROWS}.{name}.remove",
                help=f"Do not vary {plain(label.lower())}",
                on_click=_remove,
                args=(index,),
                type="tertiary",
            )
    _add([name for name in known if name not in dict(rows)], known)
    if len(rows) > 1:
        bound(
            st.segmented_control,
            "Combine",
            options=[False, True],
            format_func={False: "One change at a time", True: "Every combination"}.get,
            value=SESSION.spec.grid,
            key=SESSION.key("grid"),
            apply=lambda grid: SESSION.set("grid")(bool(grid)),
            width="stretch",
        )


def amount(spec: TrainSpec, images: int | None) -> None:
    """One line: how many runs, and, of so many images, how many steps they take."""
    rules, variations, seeds = counts(spec)
    parts = [counted(rules, "rule")]
    parts += [counted(variations, "variation")] if variations > 1 else []
    parts += [counted(seeds, "seed")] if seeds > 1 else []
    text = " × ".join(parts)
    if len(parts) > 1:
        text += f" = {counted(rules * variations * seeds, 'run')}"
    if images is not None:
        text += f", {steps(spec, images):,} steps in all"
    st.caption(text)


def _rows() -> list[list[Any]]:
    """The rows on screen: those of the spec, and those that wait for a value."""
    rows, vary = st.session_state.get(ROWS, []), merged(SESSION.spec.vary)
    if _texts(rows) != vary:
        rows = []
        for text in vary:
            name, _, values = text.partition("=")
            rows.append([name, values.split("|")])
        st.session_state[ROWS] = rows
    return rows


def _texts(rows: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    return tuple(f"{name}={'|'.join(values)}" for name, values in rows if values)


def _put(index: int, values: list[str]) -> None:
    rows = [list(row) for row in _rows()]
    rows[index][1] = [value.strip() for value in values if value.strip()]
    _take(rows)


def _remove(index: int) -> None:
    _take([row for k, row in enumerate(_rows()) if k != index])


def _take(rows: list[list[Any]]) -> None:
    if SESSION.change(lambda s: replace(s, vary=_texts(rows))):
        st.session_state[ROWS] = rows


def _add(names: Sequence[str], known: dict[str, str]) -> None:
    key = f"{ROWS}.add"

    def add() -> None:
        name = st.session_state[key]
        if name:
            st.session_state[ROWS] = [*_rows(), [name, []]]
            st.session_state[key] = None

    st.selectbox(
        "Vary",
        list(names),
        index=None,
        format_func=lambda name: known[name],
        key=key,
        on_change=add,
        placeholder="Vary …",
        label_visibility="collapsed",
    )
