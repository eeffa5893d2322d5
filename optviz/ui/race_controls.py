"""The race page's panel: surface, rules, rates, schedule, and how the race is run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from optviz.catalog import knobs, summary
from optviz.figures.theme import styles_of
from optviz.optimizers import OPTIMIZERS
from optviz.specs import RaceSpec, Run
from optviz.specs.race import MAX_RUNS, Starts
from optviz.specs.rates import fair_rate, rule_of_tuning
from optviz.surfaces import SURFACES
from optviz.surfaces.expression import Expression, expression
from optviz.ui import controls, state

EXPRESSION = "expression"
DRAFT = "race.expression"


def panel() -> None:
    """Draw every control of the race."""
    _surface()
    _rules()
    _rates()
    with st.popover("Schedule and run", icon=":material/tune:", width="stretch"):
        _schedule()
        _run_settings()


def _surface() -> None:
    surface = state.spec().surface
    custom = isinstance(surface, Expression)

    def choose(name: str | None) -> None:
        chosen = (
            Expression(text="x**2 + 3*y**2") if name in (None, EXPRESSION) else SURFACES[name]()
        )
        state.change(lambda s: replace(s, surface=chosen, start=None))

    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        controls.entry_select(
            "Surface",
            SURFACES,
            EXPRESSION if custom else surface.name,
            "race.surface",
            choose,
            help="The loss that every rule descends.",
            more={EXPRESSION: "Your own formula …"},
        )
        if not custom:
            with st.popover("", icon=":material/tune:", help="Shape of the surface"):
                controls.entry_fields(surface, f"race.surface.{surface.name}", _set_surface_knob)
    if custom:
        _expression(surface)
    else:
        st.caption(summary(type(surface)))


def _set_surface_knob(name: str, value: Any) -> None:
    state.change(lambda s: replace(s, surface=replace(s.surface, **{name: value})))


def _expression(surface: Expression) -> None:
    """A formula field that keeps what was typed, also when it is refused."""

    def typed() -> None:
        text = st.session_state[DRAFT]
        state.change(
            lambda s: replace(s, surface=expression(text, xlim=surface.xlim, ylim=surface.ylim))
        )

    if DRAFT not in st.session_state or not state.problem_lines():
        st.session_state[DRAFT] = surface.text
    st.text_input(
        "f(x, y) =",
        key=DRAFT,
        on_change=typed,
        help="Numbers, x, y, pi, e, + - * / ^ and functions such as sin, exp, sqrt, abs.",
    )
    half = max(abs(v) for v in (*surface.xlim, *surface.ylim))

    def resize(value: float) -> None:
        limits = (-value, value)
        state.change(
            lambda s: replace(s, surface=expression(surface.text, xlim=limits, ylim=limits))
        )

    state.bound(
        st.select_slider,
        "Window, from −w to w",
        options=sorted({*controls.ratio_steps(0.1, 100), half}),
        format_func=controls.number,
        value=half,
        key="race.window",
        apply=resize,
        help="Half the width of the part of the plane that is drawn.",
    )


def _rules() -> None:
    spec = state.spec()
    runs, labels = spec.resolved(), spec.labels
    styles = styles_of([run.optimizer.name for run in runs])
    marks = "".join(
        f".st-key-race-run-{uid} button:first-of-type {{ border-left: 5px solid "
        f"light-dark({style.color}, {style.dark_color}); }}"
        for uid, style in zip(state.run_ids(), styles, strict=True)
    )
    st.html(f"<style>{marks}</style>")
    for uid, run, said, label in zip(state.run_ids(), runs, spec.runs, labels, strict=True):
        with st.container(horizontal=True, gap="xxsmall", key=f"race-row-{uid}"):
            _rule(uid, run, said, label)
            st.button(
                "",
                icon=":material/close:",
                key=f"race.remove.{uid}",
                help=f"Remove {label}",
                on_click=state.remove_run,
                args=(uid,),
                type="tertiary",
                disabled=len(runs) == 1,
            )
    _add_rule()


def _rule(uid: int, run: Run, said: Run, label: str) -> None:
    rule = run.optimizer
    rate = getattr(rule, "learning_rate", None)
    title = label if rate is None else f"{label} · {controls.number(rate)}"
    with st.container(key=f"race-run-{uid}"):
        popover = st.popover(title, width="stretch", key=f"race.tune.{uid}", on_change="rerun")
    if not popover.open:
        return
    with popover:
        st.caption(summary(type(rule)))

        def set_field(name: str, value: Any) -> None:
            state.change_run(
                uid,
                lambda r: replace(
                    r,
                    optimizer=replace(r.optimizer, **{name: value}),
                    given=(*r.given, *([] if name in r.given else [name])),
                ),
            )

        controls.entry_fields(rule, f"race.run.{uid}", set_field)
        controls.schedule_control(
            "Its own schedule",
            said.schedule_of("learning_rate"),
            f"race.schedule.{uid}",
            lambda schedule: state.change_run(uid, lambda r: _scheduled(r, schedule)),
            none="As for all",
            help="A schedule of this rule's learning rate alone.",
        )
        with st.container(horizontal=True):
            st.button(
                "Reset",
                key=f"race.reset.{uid}",
                on_click=state.change_run,
                args=(uid, lambda r: Run(type(r.optimizer)())),
                help="Back to the class's defaults and the rate of the choice below.",
            )
            st.button(
                "Run it twice",
                key=f"race.copy.{uid}",
                on_click=state.add_run,
                args=(said,),
                help="Add the same rule once more, to change a knob and compare.",
                disabled=len(state.run_ids()) >= MAX_RUNS,
            )


def _scheduled(run: Run, schedule: Any) -> Run:
    others = tuple(pair for pair in run.schedules if pair[0] != "learning_rate")
    mine = (("learning_rate", schedule),) if schedule is not None else ()
    return replace(run, schedules=others + mine)


def _add_rule() -> None:
    def add() -> None:
        name = st.session_state["race.add"]
        if name:
            state.add_run(Run(OPTIMIZERS[name]()))
            st.session_state["race.add"] = None

    st.selectbox(
        "Add a rule",
        list(OPTIMIZERS),
        index=None,
        format_func=lambda name: OPTIMIZERS[name].label,
        key="race.add",
        on_change=add,
        placeholder="Add a rule …",
        label_visibility="collapsed",
    )


def _rates() -> None:
    rates = state.spec().rates
    kind = rates if isinstance(rates, str) else "one"

    def choose(value: str | None) -> None:
        chosen = {"one": 0.01}.get(value or "tuned", value or "tuned")
        state.change(lambda s: replace(s, rates=chosen))

    state.bound(
        st.segmented_control,
        "Learning rates",
        options=["tuned", "default", "one"],
        format_func={"tuned": "Fair", "default": "Defaults", "one": "One for all"}.get,
        value=kind,
        key="race.rates",
        apply=choose,
        help="For the rules whose rate you did not set yourself: the best one for this surface, "
        "the class's default, or the same one for everybody.",
        width="stretch",
    )
    if not isinstance(rates, str):
        info = knobs(OPTIMIZERS["sgd"])["learning_rate"]
        controls.knob_slider("learning_rate", info, rates, "race.rate", state.setter("rates"))
    elif kind == "tuned":
        missing = [
            run.optimizer.label
            for run in state.spec().runs
            if "learning_rate" in knobs(type(run.optimizer))
            and "learning_rate" not in run.given
            and fair_rate(state.spec().surface, run.optimizer) is None
        ]
        text = rule_of_tuning()
        if missing:
            text = "No fair rates have been searched here, so the class defaults race."
        st.caption(text)
    else:
        st.caption("Each rule at the rate that its paper or library sets.")


def _schedule() -> None:
    controls.schedule_control(
        "Schedule for all",
        state.spec().schedule,
        "race.schedule",
        state.setter("schedule"),
        none="None (constant)",
        help="How the learning rate of every rule without its own schedule changes over the race.",
    )


def _run_settings() -> None:
    spec = state.spec()
    state.bound(
        st.slider,
        "Steps",
        min(10, spec.num_steps),
        max(2000, spec.num_steps),
        step=10 if spec.num_steps % 10 == 0 else 1,
        value=spec.num_steps,
        key="race.num_steps",
        apply=state.setter("num_steps"),
        help="Length of the race.",
    )
    state.bound(
        st.select_slider,
        "Gradient noise",
        options=sorted({0.0, *controls.ratio_steps(0.01, 100), float(spec.noise)}),
        format_func=controls.number,
        value=float(spec.noise),
        key="race.noise",
        apply=state.setter("noise"),
        help="Standard deviation of the noise on each coordinate of the gradient, "
        "as a mini-batch would bring it; the same draws for every rule.",
    )
    state.bound(
        st.number_input,
        "Seed",
        min_value=0,
        max_value=2**32 - 1,
        step=1,
        value=spec.seed,
        key="race.seed",
        apply=lambda value: state.setter("seed")(int(value or 0)),
        help="Which noise: the same number gives the same race.",
    )
    state.bound(
        st.select_slider,
        "Starts",
        options=sorted({1, 4, 9, 16, 25, 49, 64, len(spec.starts)}),
        value=len(spec.starts),
        key="race.starts",
        apply=lambda count: state.void(state.change(lambda s: with_cloud(s, count))),
        help="How many starts, spread around the first one.",
    )
    state.bound(
        st.select_slider,
        "Tolerance",
        options=sorted({*(10.0**-k for k in range(1, 13)), spec.tolerance}),
        format_func=controls.number,
        value=spec.tolerance,
        key="race.tolerance",
        apply=state.setter("tolerance"),
        help="Share of the first error that counts as arrived.",
    )
    state.bound(
        st.segmented_control,
        "Number format",
        options=["float64", "float32"],
        value=spec.dtype,
        key="race.dtype",
        apply=lambda value: state.setter("dtype")(value or spec.dtype),
        help="float32 is what networks train in; it stops a descent much earlier.",
        width="stretch",
    )
    st.button(
        "Start over",
        icon=":material/restart_alt:",
        on_click=_start_over,
        help="Back to the race that this page opens on.",
        width="stretch",
    )


def _start_over() -> None:
    fresh = state.default_spec()
    if state.change(lambda _: fresh):
        st.session_state[state.IDS] = list(range(len(fresh.runs)))


def with_cloud(spec: RaceSpec, count: int) -> RaceSpec:
    """The race from `count` starts: a sunflower of points around the first start."""
    first = np.asarray(spec.starts[0])
    if count == 1:
        return replace(spec, start=_point(first))
    index = np.arange(count)
    angle = index * np.pi * (3 - np.sqrt(5))
    width = np.array([np.ptp(spec.surface.xlim), np.ptp(spec.surface.ylim)])
    spread = 0.12 * width * np.sqrt(index / (count - 1))[:, None]
    points = first + spread * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return replace(spec, start=tuple(map(_point, points)))


def move_start(x: float, y: float) -> None:
    """Put the start (of a cloud: its first point, the others keep their distances) at x, y."""

    def moved(spec: RaceSpec) -> RaceSpec:
        shift = np.array([x, y]) - spec.starts[0]
        points = tuple(_point(np.asarray(point) + shift) for point in spec.starts)
        start: Starts = points if spec.has_many_starts else points[0]
        return replace(spec, start=start)

    state.change(moved)


def _point(point: np.ndarray) -> tuple[float, float]:
    """Coordinates short enough for a link."""
    x, y = (float(f"{v:.4g}") for v in point)
    return (x, y)
