"""The networks page's panel: data, network, rules, schedule, settings, and what is tried."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from optviz.catalog import summary
from optviz.data import DATASETS
from optviz.networks import NETWORKS
from optviz.ui import frame
from optviz.ui.networks.cost import cost_line
from optviz.ui.networks.data import found, trouble, used
from optviz.ui.networks.experiment import amount, experiment
from optviz.ui.networks.session import SESSION, folders, fresh
from optviz.ui.networks.settings import fields, settings
from optviz.ui.networks.variations import possible
from optviz.ui.parts import controls
from optviz.ui.parts.rules import rules
from optviz.ui.parts.schedule import schedule_control
from optviz.ui.session import bound
from optviz.ui.training.fields import DATA


def panel() -> None:
    """Draw every control of a training."""
    _data()
    _network()
    rules(SESSION, fresh)
    with st.popover("Schedule", icon=":material/timeline:", width="stretch"):
        schedule_control(
            "Schedule for all",
            SESSION.spec.schedule,
            "train.schedule",
            SESSION.edit("schedule"),
            none="None (constant)",
            help="How the learning rate of every rule without its own schedule changes.",
        )
    with st.popover("Training", icon=":material/tune:", width="stretch"):
        settings()
    with st.popover("Experiment", icon=":material/science:", width="stretch"):
        experiment()
    here, problem = found(SESSION.spec), trouble(SESSION.spec)
    amount(SESSION.spec, here.images if problem is None else None)
    if problem not in (None, here.problem):  # what is wrong with the files stands at their field
        frame.problems([problem])


def _data() -> None:
    spec = SESSION.spec

    def choose(name: str | None) -> None:
        dataset = DATASETS[name or "synthetic"]()
        folder = folders().get(dataset.name)
        SESSION.change(lambda s: replace(s, dataset=dataset, directory=folder))

    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        controls.entry_select(
            "Data",
            DATASETS,
            spec.dataset.name,
            "train.dataset",
            choose,
            help="The images to learn from.",
        )
        with st.popover("", icon=":material/tune:", help="Which images, and how many"):
            fields(DATA)
            controls.entry_fields(
                spec.dataset,
                f"train.dataset.{spec.dataset.name}",
                SESSION.set_in("dataset", spec.dataset),
            )
    st.caption(summary(type(spec.dataset)))
    if not spec.dataset.ready or spec.directory is not None:
        bound(
            st.text_input,
            "Folder with the batch files",
            value=spec.directory or "",
            key="train.directory",
            apply=_set_directory,
            placeholder="leave empty to download",
            help="Where the files of either official layout are, on the computer that runs optviz.",
        )
    problem = found(spec).problem
    frame.problems([] if problem is None else [problem])


def _set_directory(text: str) -> None:
    folder = text.strip() or None
    if folder is None:
        folders().pop(SESSION.spec.dataset.name, None)
    SESSION.change(lambda s: replace(s, directory=folder))


def _network() -> None:
    network = SESSION.spec.network

    def choose(name: str | None) -> None:
        chosen = NETWORKS[name or "lenet"]()
        SESSION.change(lambda s: replace(s, network=chosen))

    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        controls.entry_select(
            "Network",
            NETWORKS,
            network.name,
            "train.network",
            choose,
            help="What learns; every rule starts from the same weights.",
        )
        with st.popover("", icon=":material/tune:", help="Shape of the network"):
            controls.entry_fields(
                network,
                f"train.network.{network.name}",
                SESSION.set_in("network", network),
                possible=lambda name, values: possible(network, name, values),
            )
    st.caption(f"{summary(type(network))} {cost_line(SESSION.spec, used(SESSION.spec))}")
