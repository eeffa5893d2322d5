"""The race that a session looks at: one spec, which widgets show and change, and the link carries.

The spec is the truth. A widget is set to the spec's value before it is drawn, and what the user
does to it goes through `change`, which keeps the old spec when the new one is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from optviz.optimizers import OPTIMIZERS
from optviz.specs import RaceSpec, Run
from optviz.surfaces import SURFACES

SPEC, IDS, PROBLEMS, LINK = "race.spec", "race.ids", "race.problems", "race.link"

Change = Callable[[RaceSpec, Any], RaceSpec]


def default_spec() -> RaceSpec:
    """What the first page opens on: every rule at its own best rate down a ravine."""
    return RaceSpec(
        surface=SURFACES["ravine"](), runs=tuple(Run(cls()) for cls in first_rules()), num_steps=300
    )


def first_rules() -> list[type]:
    """The rules of the lectures, in the order in which they are taught."""
    taught = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "adamw")
    return [OPTIMIZERS[key] for key in taught]


def open_session() -> None:
    """Take the race from the link, once a session and whenever the link is another one."""
    query = {name: st.query_params.get_all(name) for name in st.query_params}
    if SPEC in st.session_state and (not query or query == st.session_state.get(LINK)):
        return
    spec, ignored = RaceSpec.from_query(query, default_spec())
    _store(spec)
    st.session_state[IDS] = list(range(len(spec.runs)))
    st.session_state[PROBLEMS] = [f"Ignored in the link: {line}" for line in ignored]


def spec() -> RaceSpec:
    return st.session_state[SPEC]


def run_ids() -> list[int]:
    """A name for each run that stays when others are added or removed: keys of its widgets."""
    return st.session_state[IDS]


def problem_lines() -> list[str]:
    return st.session_state.get(PROBLEMS, [])


def change(apply: Callable[[RaceSpec], RaceSpec]) -> bool:
    """Replace the spec by `apply(spec)`, or say in one line why not; True if it was replaced."""
    try:
        new = apply(spec())
        new.check()
    except ValueError as error:
        st.session_state[PROBLEMS] = [str(error)]
        return False
    st.session_state[PROBLEMS] = []
    _store(new)
    return True


def add_run(run: Run) -> None:
    if change(lambda s: replace(s, runs=(*s.runs, run))):
        st.session_state[IDS] = [*run_ids(), max(run_ids(), default=-1) + 1]


def remove_run(uid: int) -> None:
    index = run_ids().index(uid)
    if change(lambda s: replace(s, runs=s.runs[:index] + s.runs[index + 1 :])):
        st.session_state[IDS] = [other for other in run_ids() if other != uid]


def change_run(uid: int, apply: Callable[[Run], Run]) -> None:
    index = run_ids().index(uid)

    def replaced(s: RaceSpec) -> RaceSpec:
        return replace(s, runs=(*s.runs[:index], apply(s.runs[index]), *s.runs[index + 1 :]))

    change(replaced)


def bound(
    widget: Callable[..., Any],
    *args: Any,
    value: Any,
    key: str,
    apply: Callable[[Any], None],
    **options: Any,
) -> Any:
    """A widget that shows `value` of the spec and hands what the user chooses to `apply`."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    return widget(*args, key=key, on_change=lambda: apply(st.session_state[key]), **options)


def write_link() -> None:
    """Put the race into the address bar, so that the address is the race."""
    query = spec().to_query()
    if query != st.session_state.get(LINK):
        st.query_params.from_dict(query)
        st.session_state[LINK] = query


def setter(field: str) -> Callable[[Any], None]:
    """The `apply` of a widget that sets one field of the spec."""
    return lambda value: void(change(lambda s: replace(s, **{field: value})))


def void(_: object) -> None:
    """For lambdas whose value nobody wants."""


def _store(new: RaceSpec) -> None:
    st.session_state[SPEC] = new


def query_of(parameters: Mapping[str, list[str]]) -> str:
    """Parameters as the text behind the `?` of a link."""
    return urlencode(parameters, doseq=True, safe=":,@~;")
