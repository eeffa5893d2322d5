"""The control of one schedule: shape and knobs, a warm-up in front, what it is multiplied with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial, reduce
from operator import mul
from typing import Any

import streamlit as st

from optviz.catalog import knobs, summary
from optviz.optimizers import Optimizer
from optviz.schedules import SCHEDULES, Schedule
from optviz.schedules.linear import Linear
from optviz.schedules.warmup import Warmup
from optviz.specs import Run
from optviz.specs.schedule import MAX_PARTS
from optviz.ui.parts.controls import entry_fields, entry_select, human
from optviz.ui.session import Session, bound

Make = Callable[[Schedule | None], Schedule | None]
Change = Callable[[Make], Any]  # of a whole schedule, None: there is none


def split(schedule: Schedule | None) -> tuple[Warmup | None, tuple[Schedule, ...]]:
    """The warm-up in front, if another schedule follows it, and the rest."""
    parts: Any = schedule.parts if schedule else ()
    if len(parts) > 1 and isinstance(parts[0], Warmup):
        return parts[0], parts[1:]
    return None, parts


def joined(warmup: Warmup | None, parts: Sequence[Schedule]) -> Schedule | None:
    """The inverse of `split`; a warm-up alone is nothing."""
    if not parts:
        return None
    return reduce(mul, [*([warmup] if warmup and warmup.share > 0 else []), *parts])


def schedule_control(
    label: str, schedule: Schedule | None, key: str, change: Change, *, none: str | None, help: str
) -> None:
    """A menu of schedules and, beneath it, what can be said about the chosen one.

    Args:
        label: of the menu.
        schedule: what is shown.
        key: prefix of the widgets.
        change: takes a function from the schedule as it is then to the new one; None: none.
        none: label of having no schedule; None: there must be one.
        help: of the menu.
    """
    warmup, parts = split(schedule)

    def put(index: int, make: Make) -> None:
        def edited(now: Schedule | None) -> Schedule | None:
            rise, others = split(now)
            if len(others) != len(parts):
                return now  # the control belongs to a part that has moved or is gone
            new = make(others[index] if others else None)
            kept = [] if new is None else [new]
            return joined(rise, (*others[:index], *kept, *others[index + 1 :]))

        change(edited)

    _part(label, parts[0] if parts else None, key, partial(put, 0), none, help)
    if schedule is None:
        return
    if not isinstance(parts[0], Warmup):
        _warmup(warmup, key, change)
    for index, part in enumerate(parts[1:], start=1):
        st.divider()
        _part(
            "times",
            part,
            f"{key}.{index + 1}",
            partial(put, index),
            "Remove",
            "A second schedule, multiplied with the first.",
        )
    if len(parts) < MAX_PARTS - 1:

        def add(name: str | None) -> None:
            if name is not None:
                change(lambda now: now * SCHEDULES[name]() if now else None)

        entry_select(
            "Multiply with",
            SCHEDULES,
            None,
            f"{key}.more",
            add,
            none="nothing",
            help="Schedules compose: their factors are multiplied at every step.",
        )


def _part(
    label: str, part: Schedule | None, key: str, put: Change, none: str | None, help: str
) -> None:
    entry_select(
        label,
        SCHEDULES,
        part.name if part else None,
        key,
        lambda name: put(lambda _: SCHEDULES[name]() if name else None),
        none=none,
        help=help,
    )
    if part is None:
        return
    st.caption(summary(type(part)))

    def set_field(name: str, value: Any) -> None:
        def edited(now: Any) -> Any:
            if type(now) is not type(part):
                return now
            chosen = value(getattr(now, name)) if callable(value) else value
            return replace(now, **{name: chosen})

        put(edited)

    entry_fields(part, f"{key}.{part.name}", set_field)


def _warmup(warmup: Warmup | None, key: str, change: Change) -> None:
    """How long a linear warm-up in front of the schedule is; 0: there is none."""

    def set_share(percent: float | None) -> None:
        share = round((percent or 0) / 100, 8)

        def edited(now: Schedule | None) -> Schedule | None:
            rise, parts = split(now)
            return joined(replace(rise or Warmup(), share=share), parts)

        change(edited)

    bound(
        st.number_input,
        "warm-up in front, % of the run",
        value=round(100 * warmup.share, 6) if warmup else 0.0,
        key=f"{key}.warmup",
        apply=set_share,
        min_value=0.0,
        max_value=90.0,
        step=1.0,
        format="%.4g",
        help="A linear rise from nothing; the schedule runs over what is left.",
    )


# Any knob -----------------------------------------------------------------------------------------

WARM_FROM, WARM_TO = 0.1, 0.9


def schedulable(rule: type[Optimizer]) -> list[str]:
    """The knobs of a rule that a schedule can move: those that are not fixed on compilation."""
    return [name for name, info in knobs(rule).items() if not info.static and not info.integer]


def with_schedule(run: Run, knob: str, schedule: Schedule | None) -> Run:
    """The run with this schedule of this knob; None: with none."""
    others = tuple(pair for pair in run.schedules if pair[0] != knob)
    return replace(run, schedules=others + (((knob, schedule),) if schedule is not None else ()))


def with_momentum_warmup(run: Run) -> Run:
    """The run with its momentum rising from 0.1 to 0.9 over the first half."""
    rise = Linear(start=WARM_FROM / WARM_TO, end=1.0, share=0.5)
    return with_schedule(run.with_knob("momentum", WARM_TO), "momentum", rise)


def rescheduled(session: Session[Any], uid: int, knob: str) -> Change:
    """What changes the schedule of a run's knob."""
    return lambda make: session.change_run(
        uid, lambda r: with_schedule(r, knob, make(r.schedule_of(knob)))
    )


def other_knobs(session: Session[Any], uid: int, run: Run) -> None:
    """Schedules of a rule's other knobs: those that it has, and a way to add one."""

    scheduled = [knob for knob, _ in run.schedules if knob != "learning_rate"]
    for knob in scheduled:
        schedule_control(
            f"Schedule of {human(knob)}",
            run.schedule_of(knob),
            session.key("run", uid, "schedule", knob),
            rescheduled(session, uid, knob),
            none="None (constant)",
            help="What the knob's value is multiplied by over the run.",
        )
    free = [k for k in schedulable(type(run.optimizer)) if k not in (*scheduled, "learning_rate")]
    if not free:
        return
    key = session.key("run", uid, "schedule-another")

    def add() -> None:
        knob = st.session_state[key]
        if knob:
            rescheduled(session, uid, knob)(lambda _: Linear(start=1.0, end=0.0))
            st.session_state[key] = None

    st.selectbox(
        "Schedule another knob",
        free,
        index=None,
        format_func=human,
        key=key,
        on_change=add,
        placeholder="Schedule another knob …",
        label_visibility="collapsed",
    )
    if "momentum" in free:
        st.button(
            f"Momentum {WARM_FROM} → {WARM_TO}",
            icon=":material/trending_up:",
            key=session.key("run", uid, "momentum-warmup"),
            on_click=session.change_run,
            args=(uid, with_momentum_warmup),
            help="Warm the momentum up over the first half of the run.",
        )
