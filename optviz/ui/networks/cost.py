"""What the chosen network costs: a line for the panel, a table for the stage."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from optviz.analysis.network_cost import NetworkCost, cost, memory
from optviz.optimizers.base import in_bytes
from optviz.specs.experiment import TrainSpec


def cost_line(spec: TrainSpec, images: int | None) -> str:
    """Parameters, operations and memory, in one line; `images`: to train with, None: not known."""
    whole, batch = _cost(spec.network), spec.full_batch(images or spec.batch_size)
    most = max(_bytes(spec.network, run.optimizer, batch) for run in spec.runs)
    return (
        f"{whole.parameters:,} parameters, {scaled(whole.flops)}FLOP an image, "
        f"about {in_bytes(most)} a run."
    )


def layers(spec: TrainSpec) -> None:
    """The layers in the order in which an image passes them."""
    whole = _cost(spec.network)
    rows = [
        {
            "layer": layer.name,
            "what it does": layer.kind,
            "output": " × ".join(map(str, layer.output_shape)),
            "parameters": layer.parameters,
            "FLOP": layer.flops,
            "share of the FLOP": layer.flops / whole.flops,
        }
        for layer in whole.layers
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height="content",
        column_config={
            "parameters": st.column_config.NumberColumn(format="localized"),
            "FLOP": st.column_config.NumberColumn(format="localized"),
            "share of the FLOP": st.column_config.ProgressColumn(format="percent"),
        },
    )
    st.caption(
        f"In all {whole.parameters:,} parameters and {whole.flops:,} FLOP for one image, forward; "
        "a multiplication with its addition counts as two. A gradient takes about three times as "
        "many for every image of the batch."
    )


def scaled(value: float) -> str:
    """`1.3 M`: a number with the prefix that a unit can follow."""
    for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * factor:  # three digits of it are 1,000 of the next smaller prefix
            return f"{value / factor:.3g} {prefix}"
    return f"{value:.3g} "


@st.cache_data(max_entries=64, show_spinner=False)
def _cost(network: Any) -> NetworkCost:
    return cost(network)


@st.cache_data(max_entries=256, show_spinner=False)
def _bytes(network: Any, rule: Any, batch_size: int) -> int:
    return memory(network, rule, batch_size).total
