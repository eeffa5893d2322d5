"""The popover of a training's settings: length, loss, weights, images, chance, its process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from optviz.specs.setting import Choice, choices
from optviz.ui.networks.process import PROCESS, Process
from optviz.ui.networks.session import SESSION, default_spec
from optviz.ui.session import bound, with_option
from optviz.ui.training import fields as known

MAX_SEEDS = 10  # that the slider offers; a link may ask for more


def settings() -> None:
    """Draw the settings."""
    spec = SESSION.spec
    run, loss, weights, images, work = st.tabs(
        ["Run", "Loss", "Weights", "Images", "Process"], key="train.settings"
    )
    with run:
        fields(known.LENGTH)
        _chance()
        fields(known.NUMBERS)
    with loss:
        fields(known.LOSS)
    with weights:
        shrinks = spec.l2 or spec.weight_decay
        fields({n: f for n, f in known.DECAY.items() if shrinks or n != "decay_on"})
    with images:
        fields(known.IMAGES)
    with work:
        fields(choices(Process), PROCESS.spec, PROCESS.set)
    st.button(
        "Start over",
        icon=":material/restart_alt:",
        key="train.start_over",
        on_click=_start_over,
        help="Back to the training that this page opens on.",
        width="stretch",
    )


def _start_over() -> None:
    SESSION.reset(default_spec())
    PROCESS.reset(Process())


def fields(
    those: Mapping[str, Choice], of: Any = None, choose: Callable[[str], Any] = SESSION.set
) -> None:
    """A control for each of these settings.

    Args:
        of: has their values as attributes; None: the spec.
        choose: makes the `apply` of the widget for one of them.
    """
    of = SESSION.spec if of is None else of
    for name, field in those.items():
        _control(name, field, getattr(of, name), choose(name))


def _control(name: str, field: Choice, value: Any, apply: Callable[[Any], object]) -> None:
    common: dict[str, Any] = {
        "value": value,
        "key": SESSION.key(name),
        "apply": apply,
        "help": field.help,
    }
    if field.offer == (False, True):
        bound(st.toggle, field.label, **common)
    elif any(isinstance(option, str) for option in field.offer):
        options = list(field.offer)
        bound(st.selectbox, field.label, options=options, format_func=field.say, **common)
    else:
        numbers = [v for v in field.offer if v is not None]
        given = [] if value is None else [value]
        options = with_option([*numbers, *given], value or numbers[0], SESSION.key(name))
        if None in field.offer:  # where it stands: in front or behind
            options = [None, *options] if field.offer[0] is None else [*options, None]
        bound(st.select_slider, field.label, options=options, format_func=field.say, **common)


def _chance() -> None:
    spec = SESSION.spec
    bound(
        st.number_input,
        known.OF_TRAINING["seed"].label,
        min_value=0,
        max_value=2**31 - spec.seeds,
        step=1,
        value=spec.seed,
        key="train.seed",
        apply=lambda value: SESSION.set("seed")(int(value or 0)),
        help=known.OF_TRAINING["seed"].help,
    )
    bound(
        st.slider,
        known.OF_TRAINING["seeds"].label,
        1,
        max(MAX_SEEDS, spec.seeds),
        value=spec.seeds,
        key="train.seeds",
        apply=SESSION.set("seeds"),
        help=known.OF_TRAINING["seeds"].help,
    )
