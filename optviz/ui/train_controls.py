"""The networks page's panel: data, network, rules, schedule, and how long to train."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from optviz.catalog import summary
from optviz.data import DATASETS
from optviz.networks import NETWORKS
from optviz.optimizers import OPTIMIZERS
from optviz.specs import Run
from optviz.specs.text import parse_entry
from optviz.specs.train import TrainSpec
from optviz.ui import controls
from optviz.ui.rules import rules
from optviz.ui.schedule_control import schedule_control
from optviz.ui.session import Session, bound, with_option

# Rates at which each rule trains LeNet well on real CIFAR-10 (2 epochs, batches of 128).
PRESETS = (
    "sgd:learning_rate=0.1",
    "momentum:learning_rate=0.02",
    "nesterov:learning_rate=0.02",
    "rmsprop:learning_rate=0.001",
    "adagrad:learning_rate=0.01",
)
FIRST = ("sgd", "momentum", "adam")


def fresh(name: str) -> Run:
    """A rule as it is added: at a rate that suits a small network."""
    text = next((preset for preset in PRESETS if preset.partition(":")[0] == name), name)
    optimizer, given = parse_entry(text, OPTIMIZERS)
    return Run(optimizer, given)


def default_spec() -> TrainSpec:
    """What the page opens on: three rules, LeNet, images that need no download."""
    return TrainSpec(
        dataset=DATASETS["synthetic"](),
        network=NETWORKS["lenet"](),
        runs=tuple(map(fresh, FIRST)),
        epochs=3,
    )


SESSION = Session("train", default_spec, foreign=("job",))


def panel() -> None:
    """Draw every control of a training."""
    _data()
    _network()
    rules(SESSION, fresh)
    with st.popover("Schedule and training", icon=":material/tune:", width="stretch"):
        schedule_control(
            "Schedule for all",
            SESSION.spec.schedule,
            "train.schedule",
            SESSION.set("schedule"),
            none="None (constant)",
            help="How the learning rate of every rule without its own schedule changes.",
        )
        _settings()


def _data() -> None:
    spec = SESSION.spec

    def choose(name: str | None) -> None:
        dataset = DATASETS[name or "synthetic"]()
        SESSION.change(lambda s: replace(s, dataset=dataset, directory=None))

    controls.entry_select(
        "Data",
        DATASETS,
        spec.dataset.name,
        "train.dataset",
        choose,
        help="The images to learn from.",
    )
    st.caption(summary(type(spec.dataset)))
    if not spec.dataset.ready:
        bound(
            st.text_input,
            "Folder with the batch files",
            value=spec.directory or "",
            key="train.directory",
            apply=_set_directory,
            placeholder="leave empty to download",
            help="Where the files of either official layout are, on the computer that runs optviz.",
        )


def _set_directory(text: str) -> None:
    folder = str(Path(text).expanduser()) if text.strip() else None
    SESSION.change(lambda s: replace(s, directory=folder))


def _network() -> None:
    network = SESSION.spec.network

    def choose(name: str | None) -> None:
        chosen = NETWORKS[name or "lenet"]()
        SESSION.change(lambda s: replace(s, network=chosen))

    def set_field(name: str, value: Any) -> None:
        SESSION.change(lambda s: replace(s, network=replace(s.network, **{name: value})))

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
            controls.entry_fields(network, f"train.network.{network.name}", set_field)
    st.caption(f"{summary(type(network))} {_num_params(network):,} parameters.")


@st.cache_data(max_entries=64, show_spinner=False)
def _num_params(network: Any) -> int:
    return network.num_params()


def _settings() -> None:
    spec = SESSION.spec
    bound(
        st.slider,
        "Epochs",
        1,
        max(20, spec.epochs),
        value=spec.epochs,
        key="train.epochs",
        apply=SESSION.set("epochs"),
        help="Passes over the training images.",
    )
    bound(
        st.select_slider,
        "Batch size",
        options=with_option((2**k for k in range(11)), spec.batch_size, "train.batch_size"),
        value=spec.batch_size,
        key="train.batch_size",
        apply=SESSION.set("batch_size"),
        help="Images in a step: fewer make the gradient noisier and the epoch longer.",
    )
    sizes = (500, 1000, 2000, 5000, 10_000, 20_000)
    bound(
        st.select_slider,
        "Training images",
        options=[n for n in with_option((*sizes, 0), spec.limit or 0, "train.limit") if n] + [0],
        format_func=lambda count: f"{count:,}" if count else "all",
        value=spec.limit or 0,
        key="train.limit",
        apply=lambda count: SESSION.set("limit")(count or None),
        help="Train with the first so many images only; validation stays whole.",
    )
    bound(
        st.number_input,
        "Seed",
        min_value=0,
        max_value=2**31 - 1,
        step=1,
        value=spec.seed,
        key="train.seed",
        apply=lambda value: SESSION.set("seed")(int(value or 0)),
        help="Of the first weights and of the order of the images; the same for every rule.",
    )
    st.button(
        "Start over",
        icon=":material/restart_alt:",
        key="train.start_over",
        on_click=lambda: SESSION.reset(default_spec()),
        help="Back to the training that this page opens on.",
        width="stretch",
    )
