"""One control per choice: every one reads the declaration of the knob or switch it shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from optviz.catalog import Entry, Knob, knobs, switches
from optviz.specs.text import value_text
from optviz.ui.session import bound, with_option

NONE = "none"


def entry_fields(
    item: Entry,
    key: str,
    apply: Callable[[str, Any], None],
    *,
    skip: tuple[str, ...] = (),
    possible: Callable[[str, range], list[Any]] = lambda name, values: list(values),
) -> None:
    """A control for every knob and switch of an entry.

    Args:
        item: what is shown.
        key: prefix of the widgets.
        apply: takes the name of what was changed and its new value.
        skip: names that are not shown.
        possible: which of a whole number's values the entry accepts beside its other settings.
    """
    for name, info in knobs(type(item)).items():
        if name in skip:
            continue
        value, own = getattr(item, name), _named(apply, name)
        whole = range(int(info.typical[0]), int(info.typical[1]) + 1) if info.integer else ()
        if whole and len(some := possible(name, whole)) < len(whole):
            bound(
                st.select_slider,
                human(name),
                options=with_option(some, value, f"{key}.{name}"),
                value=value,
                key=f"{key}.{name}",
                apply=own,
                help=info.help,
            )
        else:
            knob_slider(name, info, value, f"{key}.{name}", own)
    for name, info in switches(type(item)).items():
        if name in skip:
            continue
        if info.traced:
            from optviz.ui.parts.points import sequence_field

            sequence_field(item, name, info, f"{key}.{name}", _named(apply, name))
        if not info.options:
            continue
        options: dict[str, Any] = {"help": info.help}
        if info.options == (False, True):
            widget: Any = st.toggle
        else:
            widget = st.selectbox
            options |= {"options": info.options, "format_func": value_text}
        bound(
            widget,
            human(name),
            value=getattr(item, name),
            key=f"{key}.{name}",
            apply=_named(apply, name),
            **options,
        )


def knob_slider(
    name: str, info: Knob, value: float, key: str, apply: Callable[[Any], None]
) -> None:
    """A slider over the knob's typical range, in equal ratios where it is logarithmic."""
    label = human(name)
    if info.integer:
        low, high = int(info.typical[0]), int(info.typical[1])
        value = int(value)
        bound(
            st.slider,
            label,
            min(low, value),
            max(high, value),
            value=value,
            key=key,
            apply=apply,
            help=info.help,
        )
    elif info.log:
        steps = with_option(ratio_steps(*info.typical), float(value), key)
        bound(
            st.select_slider,
            label,
            options=steps,
            format_func=number,
            value=float(value),
            key=key,
            apply=apply,
            help=info.help,
        )
    else:
        low, high = (float(v) for v in info.typical)
        low, high = min(low, value), max(high, value)
        bound(
            st.slider,
            label,
            low,
            high,
            step=linear_step(low, high),
            format="%.4g",
            value=float(value),
            key=key,
            apply=apply,
            help=info.help,
        )


def entry_select(
    label: str,
    catalog: Mapping[str, Any],
    value: str | None,
    key: str,
    apply: Callable[[str | None], None],
    *,
    none: str | None = None,
    help: str | None = None,
    more: dict[str, str] | None = None,
) -> None:
    """A menu of a catalogue's entries; `none` is the label of having none of them."""
    labels = {name: cls.label for name, cls in catalog.items()} | (more or {})
    options = [*([NONE] if none else []), *labels]
    bound(
        st.selectbox,
        label,
        options=options,
        format_func=lambda name: none if name == NONE else labels[name],
        value=NONE if value is None else value,
        key=key,
        apply=lambda name: apply(None if name == NONE else name),
        help=help,
    )


def ratio_steps(low: float, high: float) -> list[float]:
    """Round numbers from `low` to `high`, eleven a decade: 1, 1.5, 2, 2.5, 3, 4, …, 9."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    mantissas = ("1", "1.5", "2", "2.5", "3", "4", "5", "6", "7", "8", "9")
    values = (float(f"{m}e{d}") for d in decades for m in mantissas)
    return [v for v in values if low <= v <= high]


def linear_step(low: float, high: float) -> float:
    """A round step that divides the range into about a hundred."""
    rough = (high - low) / 100
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * m for m in (1, 2, 5, 10) if power * m >= rough * 0.999)


def number(value: float) -> str:
    """A number for people: three digits, without a needless exponent."""
    return f"{value:.3g}".replace("e-0", "e-").replace("e+0", "e")


def human(name: str) -> str:
    """`learning_rate` -> `learning rate`."""
    return name.replace("_", " ")


def _named(apply: Callable[[str, Any], None], name: str) -> Callable[[Any], None]:
    return lambda value: apply(name, value)
