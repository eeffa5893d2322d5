"""The training that the networks page looks at, and what it opens on."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import streamlit as st

from optviz.data import DATASETS
from optviz.networks import NETWORKS
from optviz.optimizers import OPTIMIZERS
from optviz.runs import jobs
from optviz.specs import Run
from optviz.specs.experiment import TrainSpec
from optviz.specs.text import parse_entry
from optviz.ui import links
from optviz.ui.session import Session

# Rates at which each rule trains LeNet well on real CIFAR-10 (2 epochs, batches of 128).
PRESETS = (
    "sgd:learning_rate=0.1",
    "momentum:learning_rate=0.02",
    "nesterov:learning_rate=0.02",
    "rmsprop:learning_rate=0.001",
    "adagrad:learning_rate=0.01",
)
FIRST = ("sgd", "momentum", "adam")
# Parameters of the link: the training on the stage, and how the process of the next one works.
JOB, CHECKPOINT, DETERMINISTIC = "job", "checkpoint", "deterministic"


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


SESSION = Session("train", default_spec, foreign=(JOB, CHECKPOINT, DETERMINISTIC))


def named() -> tuple[str, list[str]]:
    """The training that the link names, if it does; and a line where it names another one too."""
    return links.one(JOB, st.query_params.get_all(JOB))


def open_link() -> None:
    """Take the settings from the link; one that names a training only means its settings."""
    first = SESSION.key("spec") not in st.session_state
    before = None if first else SESSION.spec
    SESSION.open()
    if before is not None and SESSION.spec is not before:
        _bring_folder()
    if first and list(st.query_params) == [JOB]:
        with suppress(ValueError):  # there is no such training, as the stage will say
            SESSION.reset(jobs.spec_of(named()[0]))
            SESSION.is_told({})
    if SESSION.spec.directory is not None:
        folders()[SESSION.spec.dataset.name] = SESSION.spec.directory


def folders() -> dict[str, str]:
    """Where this session's user said that the files of a data set are; no link says it."""
    return st.session_state.setdefault(SESSION.key("folders"), {})


def _bring_folder() -> None:
    """Another link, as Back leads to, loses no folder."""
    folder, problems = folders().get(SESSION.spec.dataset.name), SESSION.problems
    if folder is None:
        return
    SESSION.change(lambda s: replace(s, directory=folder))
    SESSION.say(problems)
    if not problems:
        SESSION.is_told({n: v for n, v in links.read().items() if n not in SESSION.foreign})
