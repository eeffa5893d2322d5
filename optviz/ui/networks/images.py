"""Pictures of the data: what the networks look at."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from optviz.data.cifar10_files import load_directory
from optviz.specs.experiment import TrainSpec
from optviz.ui.networks.data import Found, found
from optviz.ui.words import plain

PER_CLASS = 12


def samples(spec: TrainSpec) -> None:
    """The first images of every class, a row each, and where they come from."""
    here, dataset = found(spec), spec.dataset
    if here.problem is not None:
        return  # it is said at the field
    if here.images is None:
        st.info(f"{plain(dataset.label)} is not on this computer yet. {dataset.note}")
        return
    rows, names = _sheet(dataset, spec.directory, here)
    st.caption(f"What will be learned: {plain(', '.join(names))}, a row each.")
    st.image(rows, width="stretch")
    st.caption(dataset.note)


@st.cache_data(max_entries=4, show_spinner="Loading the images …")
def _sheet(dataset: Any, directory: str | None, here: Found) -> tuple[np.ndarray, tuple[str, ...]]:
    """(height, width, 3) uint8: classes from top to bottom, enlarged three times."""
    data = dataset.load() if directory is None else load_directory(directory)
    rows = []
    for label in range(len(data.class_names)):
        images = data.train_x[data.train_y == label][:PER_CLASS]
        missing: Any = ((0, PER_CLASS - len(images)), (0, 0), (0, 0), (0, 0))
        images = np.pad(images, missing, mode="constant", constant_values=127)
        margin: Any = ((0, 0), (1, 1), (1, 1), (0, 0))
        padded = np.pad(images, margin, mode="constant", constant_values=127)
        rows.append(np.concatenate(list(padded), axis=1))
    sheet = np.concatenate(rows, axis=0)
    return sheet.repeat(3, axis=0).repeat(3, axis=1), data.class_names
