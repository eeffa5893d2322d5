"""Modules whose functions say the shapes of their arrays: tests check them in every call."""

SHAPED = (
    "optviz.engine.training.objective",
    "optviz.networks.losses",
)
