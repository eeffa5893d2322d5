"""What a network has learned, as pictures: its first filters, and the images it gets wrong."""

from __future__ import annotations

from typing import Any

import streamlit as st

from optviz.analysis.training.weights import (
    Predictions,
    Weights,
    confusion,
    first_filters,
    misclassified,
    params_of,
    predict,
    templates,
)
from optviz.figures.weights import confusion_figure, filters_figure, misclassified_figure
from optviz.kept import kept
from optviz.runs import checkpoints, jobs
from optviz.runs.folder import checkpoints_of
from optviz.runs.training import load_data
from optviz.specs.text import counted
from optviz.ui.training.watch import watch
from optviz.ui.words import plain

MAX_UNITS = 32  # of a layer that sees the pixels
WRONG = 40  # images


def look_inside(job_id: str) -> None:
    """Draw the part; nothing is read before somebody opens it."""
    opened = st.expander(
        "Look inside: what was learned, and what is mistaken",
        icon=":material/visibility:",
        key="train.inside",
        on_change="rerun",
    )
    if not opened.open:
        return
    with opened:
        spec = watch(job_id).spec
        labels = spec.labels
        member = 0
        if len(labels) > 1:
            # By its number, and in a key of this training: labels of another one may differ.
            member = st.selectbox(
                "Run",
                range(len(labels)),
                format_func=lambda index: labels[index],
                key=f"train.inside.{job_id}",
                width=420,
            )
        try:
            _pictures(job_id, member)
        except FileNotFoundError:
            st.info("No checkpoint of this run yet: the first comes after about half a minute.")
        except ValueError as error:
            st.warning(plain(error), icon=":material/info:")


def _pictures(job_id: str, member: int) -> None:
    stamp = checkpoints.path_of(checkpoints_of(job_id), member).stat().st_mtime_ns
    step, weights = _weights(job_id, member, stamp)
    dark = st.context.theme.type == "dark"
    learned, wrong, matrix = st.tabs(
        ["First layer", "Mistakes", "Confusion"], key="train.inside.tabs", on_change="rerun"
    )
    if learned.open:
        with learned:
            _first_layer(weights, _class_names(job_id), dark)
    if wrong.open:
        with wrong:
            seen = _predictions(job_id, member, stamp)
            found = misclassified(seen, WRONG)
            count = int((seen.predicted != seen.true).sum())
            st.caption(
                f"{count:,} of {len(seen.true):,} validation images are taken for something else. "
                "Here are the surest mistakes: what it is → what it was taken for."
            )
            if count:
                chart(
                    misclassified_figure(found, seen.class_names, dark=dark), "train.inside.wrong"
                )
    if matrix.open:
        with matrix:
            seen = _predictions(job_id, member, stamp)
            st.caption("Rows: what the image shows. Columns: what the network says.")
            chart(
                confusion_figure(confusion(seen), seen.class_names, dark=dark),
                "train.inside.confusion",
            )
    st.caption(f"Weights of the last checkpoint, after {counted(step, 'step')}.")


def _first_layer(weights: Weights, class_names: tuple[str, ...], dark: bool) -> None:
    filters = first_filters(weights.params)
    units = templates(weights.params, MAX_UNITS)
    if filters is not None:
        st.caption(
            f"{len(filters)} filters of the first convolution, {filters.shape[1]} pixels wide."
        )
        chart(filters_figure(filters, dark=dark), "train.inside.filters")
    elif units is not None:
        classes = len(units) == len(class_names)
        what = "What each class looks for" if classes else "What units of the first layer look for"
        st.caption(f"{what}: the weights of every pixel.")
        chart(
            filters_figure(units, class_names if classes else (), dark=dark), "train.inside.filters"
        )
    else:
        st.caption("The first layer of this network does not look at colours.")


def chart(figure: Any, key: str) -> None:
    """A figure on the page's own background."""
    figure.update_layout(paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)")
    st.plotly_chart(figure, key=key, config={"displaylogo": False}, theme=None)


@kept(megabytes=200)
def _weights(job_id: str, member: int, stamp: int) -> tuple[int, Weights]:
    """Steps done, and the weights of a checkpoint; `stamp` tells it from the one before."""
    path = checkpoints.path_of(checkpoints_of(job_id), member)
    snapshot = checkpoints.read(path).snapshot
    return snapshot.step, params_of(jobs.spec_of(job_id).members()[member].spec, snapshot)


@kept(megabytes=20)
def _predictions(job_id: str, member: int, stamp: int) -> Predictions:
    spec = jobs.spec_of(job_id).members()[member].spec
    _, weights = _weights(job_id, member, stamp)
    return predict(spec, load_data(spec), weights.params, weights.stats)


def _class_names(job_id: str) -> tuple[str, ...]:
    started = watch(job_id).result.started
    return tuple(started.class_names) if started else ()
