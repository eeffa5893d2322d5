"""The race page's panel: surface, rules, rates, schedule, and how the race is run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from optviz.catalog import knobs, summary
from optviz.optimizers import OPTIMIZERS
from optviz.specs import RaceSpec, Run
from optviz.surfaces import SURFACES
from optviz.surfaces.expression import Expression, expression
from optviz.ui.parts import controls, rates, start
from optviz.ui.parts.rules import rules
from optviz.ui.parts.schedule import schedule_control
from optviz.ui.parts.settings import OF_RACE, settings, start_over
from optviz.ui.session import Session, bound, with_option

EXPRESSION = "expression"
TAUGHT = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "adamw")


def fresh(name: str) -> Run:
    """A rule as it is added: its learning rate is left to the choice of rates."""
    return Run(OPTIMIZERS[name]())


def default_spec() -> RaceSpec:
    """What the page opens on: every rule of the lectures, each at its own best rate."""
    return RaceSpec(surface=SURFACES["ravine"](), runs=tuple(map(fresh, TAUGHT)))


SESSION = Session("race", default_spec)
DRAFT = SESSION.key("expression")


def settle() -> None:
    """Make the race ready to be run: a start where its surface is finite, and fair rates."""
    start.settle(SESSION)
    rates.search(SESSION.spec)


def panel() -> None:
    """Draw every control of the race."""
    _surface()
    rules(SESSION, fresh)
    _rates()
    with st.popover("Schedule and run", icon=":material/tune:", width="stretch"):
        _schedule()
        _run_settings()


def _surface() -> None:
    surface = SESSION.spec.surface
    custom = isinstance(surface, Expression)

    def choose(name: str | None) -> None:
        chosen = (
            Expression(text="x**2 + 3*y**2") if name in (None, EXPRESSION) else SURFACES[name]()
        )
        SESSION.change(lambda s: replace(s, surface=chosen, start=None))

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
                controls.entry_fields(
                    surface, f"race.surface.{surface.name}", SESSION.set_in("surface", surface)
                )
    if custom:
        _expression(surface)
    else:
        st.caption(summary(type(surface)))
    start.fields(SESSION)


def _expression(surface: Expression) -> None:
    """A formula field that keeps what was typed, also when it is refused."""

    def typed() -> None:
        text = st.session_state[DRAFT]
        SESSION.change(
            lambda s: replace(s, surface=expression(text, xlim=surface.xlim, ylim=surface.ylim))
        )

    if DRAFT not in st.session_state or not SESSION.problems:
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
        SESSION.change(
            lambda s: replace(s, surface=expression(surface.text, xlim=limits, ylim=limits))
        )

    bound(
        st.select_slider,
        "Window, from −w to w",
        options=with_option(controls.ratio_steps(0.1, 100), half, "race.window"),
        format_func=controls.number,
        value=half,
        key="race.window",
        apply=resize,
        help="Half the width of the part of the plane that is drawn.",
    )


def _rates() -> None:
    chosen = SESSION.spec.rates
    kind = chosen if isinstance(chosen, str) else "one"

    def choose(value: str | None) -> None:
        wanted = {"one": 0.01}.get(value or "tuned", value or "tuned")
        SESSION.change(lambda s: replace(s, rates=wanted))

    bound(
        st.segmented_control,
        OF_RACE["rates"].label,
        options=["tuned", "default", "one"],
        format_func={"tuned": "Fair", "default": "Defaults", "one": "One for all"}.get,
        value=kind,
        key="race.rates",
        apply=choose,
        help="For the rules whose rate you did not set yourself: the best one for exactly this "
        "race, the class's default, or the same one for everybody.",
        width="stretch",
    )
    if not isinstance(chosen, str):
        info = knobs(OPTIMIZERS["sgd"])["learning_rate"]
        controls.knob_slider("learning_rate", info, chosen, "race.rate", SESSION.set("rates"))
    rates.tell(SESSION.spec)


def _schedule() -> None:
    schedule_control(
        OF_RACE["schedule"].label,
        SESSION.spec.schedule,
        "race.schedule",
        SESSION.edit("schedule"),
        none="None (constant)",
        help="How the learning rate of every rule without its own schedule changes over the race.",
    )


def _run_settings() -> None:
    spec = SESSION.spec
    settings(SESSION, "num_steps", "noise", "seed")
    bound(
        st.select_slider,
        "Starts",
        options=with_option((1, 4, 9, 16, 25, 49, 64), len(spec.starts), "race.starts"),
        value=len(spec.starts),
        key="race.starts",
        apply=lambda count: SESSION.change(lambda s: with_cloud(s, count)),
        help="How many starts, spread around the first one.",
    )
    settings(SESSION, "tolerance", "dtype")
    start_over(SESSION, default_spec)


def with_cloud(spec: RaceSpec, count: int) -> RaceSpec:
    """The race from `count` starts: a sunflower of points around the first start."""
    first = np.asarray(spec.starts[0])
    if count == 1:
        return replace(spec, start=start.short(first))
    index = np.arange(count)
    angle = index * np.pi * (3 - np.sqrt(5))
    width = np.array([np.ptp(spec.surface.xlim), np.ptp(spec.surface.ylim)])
    spread = 0.12 * width * np.sqrt(index / (count - 1))[:, None]
    points = first + spread * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return replace(spec, start=tuple(map(start.short, points)))
