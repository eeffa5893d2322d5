"""The list of rules that both pages have: add, tune, run twice, remove, each in one gesture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from optviz.catalog import summary
from optviz.figures.theme import styles_of
from optviz.optimizers import OPTIMIZERS
from optviz.specs import Run
from optviz.specs.run import labels
from optviz.ui.parts import controls
from optviz.ui.parts.schedule import other_knobs, rescheduled, schedule_control
from optviz.ui.session import Session, with_knob
from optviz.ui.words import plain


def rules(session: Session[Any], fresh: Callable[[str], Run]) -> None:
    """Draw the list.

    Args:
        session: the page's spec.
        fresh: the run of a rule that has just been added, by the rule's key.
    """
    runs = session.spec.resolved()
    _colours(session, [run.optimizer.name for run in runs])
    for uid, run, said, label in zip(
        session.run_ids, runs, session.spec.runs, labels(runs), strict=True
    ):
        with st.container(horizontal=True, gap="xxsmall"):
            _rule(session, uid, run, said, fresh)
            st.button(
                "",
                icon=":material/close:",
                key=session.key("remove", uid),
                help=f"Remove {plain(label)}",
                on_click=session.remove_run,
                args=(uid,),
                type="tertiary",
                disabled=len(runs) == 1,
            )
    _add(session, fresh)


def _colours(session: Session[Any], keys: list[str]) -> None:
    """A stripe in each run's colour at its row."""
    stripes = "".join(
        f'.st-key-{session.prefix}-run-{uid} [data-testid="stPopoverButton"] {{ '
        f"border-left: 5px solid "
        f"light-dark({style.color}, {style.dark_color}); }}"
        for uid, style in zip(session.run_ids, styles_of(keys), strict=True)
    )
    st.html(f"<style>{stripes}</style>")


def _rule(
    session: Session[Any],
    uid: int,
    run: Run,
    said: Run,
    fresh: Callable[[str], Run],
) -> None:
    """A row; its knobs are made only while it is open, which keeps every other rerun fast."""
    rule = run.optimizer
    # Not the label that tells twins apart: it has their knobs in it, and a popover whose label
    # changes closes under the user's hand.
    title = run.label or rule.label
    with st.container(key=f"{session.prefix}-run-{uid}"):
        popover = st.popover(
            plain(title), width="stretch", key=session.key("tune", uid), on_change="rerun"
        )
    if not popover.open:
        return
    with popover:
        st.caption(summary(type(rule)))

        def set_field(name: str, value: Any) -> None:
            session.change_run(uid, lambda r: with_knob(r, rule, name, value))

        controls.entry_fields(rule, session.key("run", uid), set_field)
        schedule_control(
            "Its own schedule",
            said.schedule_of("learning_rate"),
            session.key("run", uid, "schedule"),
            rescheduled(session, uid, "learning_rate"),
            none="As for all",
            help="A schedule of this rule's learning rate alone.",
        )
        other_knobs(session, uid, said)
        with st.container(horizontal=True):
            st.button(
                "Reset",
                key=session.key("reset", uid),
                on_click=session.change_run,
                args=(uid, lambda _: fresh(rule.name)),
                help="Back to the values it was added with.",
            )
            st.button(
                "Run it twice",
                key=session.key("copy", uid),
                on_click=session.add_run,
                args=(said,),
                help="Add the same rule once more, to change a knob and compare.",
            )


def _add(session: Session[Any], fresh: Callable[[str], Run]) -> None:
    key = session.key("add")

    def add() -> None:
        name = st.session_state[key]
        if name:
            session.add_run(fresh(name))
            st.session_state[key] = None

    st.selectbox(
        "Add a rule",
        list(OPTIMIZERS),
        index=None,
        format_func=lambda name: OPTIMIZERS[name].label,
        key=key,
        on_change=add,
        placeholder="Add a rule …",
        label_visibility="collapsed",
    )
