"""A small live race of one rule against SGD and Adam."""

from __future__ import annotations

import streamlit as st

from optviz.optimizers import OPTIMIZERS
from optviz.specs import RaceSpec, Run
from optviz.surfaces import SURFACES
from optviz.ui import cached, frame
from optviz.ui.optimizers import look
from optviz.ui.parts import controls, player, rates
from optviz.ui.words import plain

AGAINST = ("sgd", "adam")  # what everybody knows
NUM_STEPS = 300


def spec_of(key: str, surface: str) -> RaceSpec:
    """The race: the rule first, each at its fair rate."""
    keys = dict.fromkeys((key, *AGAINST))
    return RaceSpec(
        surface=SURFACES[surface](),
        runs=tuple(Run(OPTIMIZERS[k]()) for k in keys),
        num_steps=NUM_STEPS,
    )


def small_race(key: str) -> None:
    """The player, where it runs, and the way to the race page."""
    others = [OPTIMIZERS[other].label for other in AGAINST if other != key]
    st.markdown(f"##### {plain(OPTIMIZERS[key].label)} against {plain(' and '.join(others))}")
    here = look.current().surface
    spec = spec_of(key, here)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container(width=260):
            controls.entry_select(
                "Surface",
                SURFACES,
                here,
                "gallery.surface",
                lambda name: look.change(surface=name or "ravine"),
            )
        if frame.pages():
            st.page_link(
                "app.py",
                label="Open in the race page",
                icon=":material/open_in_new:",
                query_params=spec.to_query(),
            )
    rates.search(spec)
    try:
        cached.race(spec)
    except ValueError as error:
        frame.problems([str(error)])
        return
    with st.container(key="gallery-race"):
        player.show(cached.still_payload(spec), key="gallery-player")
    _rates(spec)


def _rates(spec: RaceSpec) -> None:
    said = [
        f"{run.optimizer.label} {controls.number(rate)}"
        for run in spec.resolved()
        if (rate := getattr(run.optimizer, "learning_rate", None)) is not None
    ]
    st.caption(plain(f"Learning rates: {', '.join(said)}."))
    rates.tell(spec)
