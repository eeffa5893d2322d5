"""The schedules page's panel: surface, rule, what is scheduled, the schedules, and the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from optviz.catalog import describe, knobs
from optviz.figures.theme import plain_styles
from optviz.optimizers import OPTIMIZERS
from optviz.schedules import SCHEDULES, Schedule
from optviz.schedules.constant import Constant
from optviz.specs import RaceSpec, Run
from optviz.surfaces import SURFACES
from optviz.surfaces.expression import Expression
from optviz.ui.parts import controls, rates, start
from optviz.ui.parts.equations import equations
from optviz.ui.parts.schedule import schedulable, schedule_control
from optviz.ui.parts.settings import settings, start_over
from optviz.ui.schedules.edits import (
    each_its_own,
    scheduled,
    with_knobs,
    with_page_knob,
    with_rule,
)
from optviz.ui.schedules.examples import EXAMPLES, at_one_rate, example
from optviz.ui.schedules.view import knob_of, schedule_in, titles
from optviz.ui.session import Session, bound, with_knob
from optviz.ui.words import plain

EXPRESSION = "expression"


def default_spec() -> RaceSpec:
    """What the page opens on: a noisy ravine, and rates that fall, rest or come back."""
    base = RaceSpec(SURFACES["ravine"](), (Run(OPTIMIZERS["adam"]()),), num_steps=400, noise=6.0)
    return example("decays", base)


SESSION = Session("schedules", default_spec)


def settle() -> None:
    """Make the comparison ready to be run: a schedule of its own each, a start, and fair rates."""
    told = SESSION.problems
    if SESSION.spec.schedule is not None and SESSION.change(each_its_own):
        SESSION.say(told)
    start.settle(SESSION)
    rates.search(SESSION.spec)


def panel() -> None:
    """Draw every control of the page."""
    _surface()
    _rule()
    rates.tell(SESSION.spec, everybody="every schedule")
    _knob()
    _schedules()
    with st.popover("Noise and run", icon=":material/tune:", width="stretch"):
        _run_settings()


def _surface() -> None:
    surface = SESSION.spec.surface
    custom = isinstance(surface, Expression)

    def choose(name: str | None) -> None:
        if name != EXPRESSION:
            chosen = SURFACES[name or "ravine"]()
            SESSION.change(lambda s: again_at_one_rate(replace(s, surface=chosen, start=None)))

    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        controls.entry_select(
            "Surface",
            SURFACES,
            EXPRESSION if custom else surface.name,
            SESSION.key("surface"),
            choose,
            help="The loss that is descended.",
            more={EXPRESSION: surface.text} if custom else None,
        )
        if not custom and knobs(type(surface)):
            with st.popover("", icon=":material/tune:", help="Shape of the surface"):
                controls.entry_fields(
                    surface,
                    SESSION.key("surface", surface.name),
                    SESSION.set_in("surface", surface),
                )
    start.fields(SESSION)


def _rule() -> None:
    """One rule for all schedules; its knobs are those of every run."""
    rule = SESSION.spec.resolved()[0].optimizer

    def choose(name: str | None) -> None:
        SESSION.change(lambda s: again_at_one_rate(with_rule(s, name or rule.name)))

    def set_field(name: str, value: Any) -> None:
        SESSION.change(lambda s: with_knobs(s, rule, name, value))

    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        controls.entry_select(
            "Rule",
            {
                name: cls
                for name, cls in OPTIMIZERS.items()
                if schedulable(cls) or cls is type(rule)
            },
            rule.name,
            SESSION.key("rule"),
            choose,
            help="The rule whose knob is scheduled; every schedule runs the same one.",
        )
        with st.popover("", icon=":material/tune:", help="Knobs of the rule, of every run"):
            controls.entry_fields(rule, SESSION.key("rule", rule.name), set_field)


def again_at_one_rate(spec: RaceSpec) -> RaceSpec:
    """The page after another surface or rule: where all schedules share a rate, the one for it."""
    return spec if isinstance(spec.rates, str) else at_one_rate(spec)


def _knob() -> None:
    spec = SESSION.spec
    names = schedulable(type(spec.runs[0].optimizer))

    def choose(name: str) -> None:
        SESSION.change(lambda s: with_page_knob(s, name))

    if len(names) > 1:
        bound(
            st.selectbox,
            "What is scheduled",
            options=names,
            format_func=controls.human,
            value=knob_of(spec),
            key=SESSION.key("knob"),
            apply=choose,
            help="Any knob of the rule can follow a schedule.",
        )


def _schedules() -> None:
    spec, ids = SESSION.spec, SESSION.run_ids
    stripes = "".join(
        f'.st-key-schedules-run-{uid} [data-testid="stPopoverButton"] {{ '
        f"border-left: 5px solid "
        f"light-dark({style.color}, {style.dark_color}); }}"
        for uid, style in zip(ids, plain_styles(len(ids)), strict=True)
    )
    st.html(f"<style>{stripes}</style>")
    for uid, run, title in zip(ids, spec.runs, titles(spec), strict=True):
        with st.container(horizontal=True, gap="xxsmall"):
            with st.container(key=f"schedules-run-{uid}"):
                popover = st.popover(
                    plain(title), width="stretch", key=SESSION.key("tune", uid), on_change="rerun"
                )
            if popover.open:
                with popover:
                    _schedule(uid, run)
            st.button(
                "",
                icon=":material/close:",
                key=SESSION.key("remove", uid),
                help=f"Remove {plain(title)}",
                on_click=SESSION.remove_run,
                args=(uid,),
                type="tertiary",
                disabled=len(ids) == 1,
            )
    _add()
    with st.popover("Examples", icon=":material/school:", width="stretch"):
        for name, (title, text, _) in EXAMPLES.items():
            st.button(
                plain(title),
                key=SESSION.key("example", name),
                help=text,
                on_click=lambda name=name: SESSION.reset(example(name, SESSION.spec)),
                width="stretch",
            )


def _schedule(uid: int, run: Run) -> None:
    """Everything about one schedule, made only while its popover is open."""
    knob = knob_of(SESSION.spec)

    def change(make: Callable[[Schedule | None], Schedule | None]) -> None:
        def changed(r: Run) -> Run:
            return scheduled(r, knob, make(schedule_in(r, knob)) or Constant())

        SESSION.change_run(uid, changed)

    schedule = schedule_in(run, knob)
    schedule_control(
        "Schedule", schedule, SESSION.key("run", uid), change, none=None, help="Its shape."
    )
    with st.expander("Equation"):
        for part in schedule.parts:
            equations(describe(type(part)))
    _base_value(uid, run, knob)
    st.button(
        "Run it twice",
        key=SESSION.key("copy", uid),
        on_click=SESSION.add_run,
        args=(run,),
        help="Add the same schedule once more, to change a knob and compare.",
    )


def _base_value(uid: int, run: Run, knob: str) -> None:
    """The value that the factors are multiplied with, of this run alone."""
    index = SESSION.run_ids.index(uid)
    rule: Any = SESSION.spec.resolved()[index].optimizer

    def apply(value: float) -> None:
        SESSION.change_run(uid, lambda r: with_knob(r, rule, knob, value))

    if info := knobs(type(rule)).get(knob):
        controls.knob_slider(knob, info, getattr(rule, knob), SESSION.key("base", uid, knob), apply)


def _add() -> None:
    key = SESSION.key("add")

    def add() -> None:
        name = st.session_state[key]
        if name:
            run = SESSION.spec.runs[-1]
            more = scheduled(run, knob_of(SESSION.spec), SCHEDULES[name]())
            SESSION.add_run(replace(more, label=None))
            st.session_state[key] = None

    st.selectbox(
        "Add a schedule",
        list(SCHEDULES),
        index=None,
        format_func=lambda name: SCHEDULES[name].label,
        key=key,
        on_change=add,
        placeholder="Add a schedule …",
        label_visibility="collapsed",
    )


def _run_settings() -> None:
    settings(SESSION, "num_steps", "steps_per_epoch", "noise", "seed")
    start_over(SESSION, default_spec)
