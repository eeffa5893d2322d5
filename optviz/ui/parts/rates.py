"""Whose the learning rates of a race are, and the wait while fair ones are searched."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import streamlit as st

from optviz.analysis.race.tuning import rule_of_tuning
from optviz.specs import RaceSpec
from optviz.ui.words import plain

PATIENCE = 0.5  # seconds until the page says what it is waiting for


def search(spec: RaceSpec) -> None:
    """Find the fair rates of a race; say so on the page where that takes a while."""
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(spec.resolved)
        try:
            found.result(PATIENCE)
        except TimeoutError:
            with st.spinner("Searching fair learning rates …"):
                found.result()


def tell(spec: RaceSpec, everybody: str = "all rules") -> None:
    """Say of every run whose its rate is."""
    rule = plain(rule_of_tuning(spec)) if "fair" in spec.rate_origins else None
    st.caption(plain(whose(spec, everybody)), help=rule)


def whose(spec: RaceSpec, everybody: str = "all rules") -> str:
    """`Fair, searched for exactly this race: SGD, Adam. Yours: Momentum.`"""
    parts = []
    for origin, text in _SAID.items():
        names = [
            label
            for label, its in zip(spec.labels, spec.rate_origins, strict=True)
            if its == origin
        ]
        if names:
            who = everybody if len(names) == len(spec.runs) > 1 else ", ".join(names)
            number = f", {spec.rates:g}" if origin == "for all" else ""
            parts.append(f"{text}{number}: {who}.")
    return " ".join(parts)


_SAID = {
    "fair": "Fair, searched for exactly this race",
    "default": "As the paper or library sets it",
    "for all": "One for all",
    "yours": "Yours",
}
