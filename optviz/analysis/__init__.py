"""Numbers about runs, and about what they descend."""

from optviz.analysis.gradient.check import GradientCheck, gradient_check

__all__ = ["GradientCheck", "gradient_check"]
