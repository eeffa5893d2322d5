"""What is known of a training's images before it begins: how many there are, or what is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from optviz.data import Dataset
from optviz.data.base import Data
from optviz.data.cifar10_files import load_directory
from optviz.specs.experiment import TrainSpec
from optviz.ui.faults import line_of


class Found(NamedTuple):
    """Images in the training part, or why there are none; neither: they would be downloaded."""

    images: int | None
    problem: str | None


def found(spec: TrainSpec) -> Found:
    """What the training would find now."""
    if spec.directory is not None:
        return _in_folder(spec.directory, _stamp(spec.directory))
    return _of(spec.dataset) if spec.dataset.ready else Found(None, None)


def used(spec: TrainSpec) -> int | None:
    """How many images the training would train with; None: not known, or none."""
    images = found(spec).images
    if images is None:
        return None
    try:
        return spec.num_used(images)
    except ValueError:
        return None


def trouble(spec: TrainSpec) -> str | None:
    """Why the training would fail at its images, in one line; None: it would not."""
    seen: dict[tuple[Dataset, str | None], Found] = {}  # most variations have the same images
    for _, settings in spec.arms():
        where = (settings.dataset, settings.directory)
        if where not in seen:
            seen[where] = found(settings)
        here = seen[where]
        if here.problem is not None:
            return here.problem
        if here.images is not None:
            try:
                settings.check_batches(settings.num_used(here.images))
            except ValueError as error:
                return str(error)
    return None


@st.cache_data(max_entries=16, show_spinner=False)
def _of(dataset: Dataset) -> Found:
    known = getattr(dataset, "num_train", None)
    if known is not None:
        return Found(int(known), None)
    return _counted(dataset.load)


@st.cache_data(max_entries=16, show_spinner="Looking at the folder …")
def _in_folder(directory: str, stamp: object) -> Found:
    return _counted(lambda: load_directory(directory))


def _counted(load: Callable[[], Data]) -> Found:
    try:
        return Found(len(load().train_y), None)
    except (ValueError, OSError) as error:
        return Found(None, line_of(error))


def _stamp(directory: str) -> tuple[tuple[str, int, int], ...]:
    """Another one once a file in the folder, or in one of its folders, has changed."""
    seen = []
    for folder, _, names in os.walk(directory):
        depth = len(Path(folder).relative_to(directory).parts)
        if depth > 1 or len(seen) > 1000:
            break
        for name in names:
            try:
                about = (Path(folder) / name).stat()
            except OSError:
                continue
            seen.append((name, about.st_size, about.st_mtime_ns))
    return tuple(sorted(seen))
