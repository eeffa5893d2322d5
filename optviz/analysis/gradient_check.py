"""Is the gradient right? Finite differences over a range of steps h, beside `jax.grad`.

A difference quotient is wrong in two ways: by truncation, which shrinks with h (as h for forward,
as h² for central differences), and by rounding, which grows as 1/h. Between them lies a valley,
near ε^(1/2) for forward and ε^(1/3) for central differences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from optviz.analysis.gradient_verdict import STEPS, agreed, differences, judge
from optviz.analysis.probes import Probe, SurfaceProbe, TreeProbe, network_probe
from optviz.catalog import Entry, unknown, validate
from optviz.surfaces import SURFACES, Surface
from optviz.surfaces.expression import FunctionSurface

DTYPES = ("float32", "float64")
SCHEMES = ("forward", "central")


@dataclass(frozen=True, eq=False)
class ErrorCurve:
    """The error of one kind of difference in one number format, over h.

    Attributes:
        dtype: "float32" or "float64".
        scheme: "forward" or "central".
        errors: (num_steps,) distance to the gradient; nan where a loss was not finite.
        best_h: where the error is least.
        theory_h: ε^(1/2) or ε^(1/3), times the size of the coordinates.
        slope: of the curve to the right of the valley, in powers of h; nan where it cannot be read.
    """

    dtype: str
    scheme: str
    errors: np.ndarray
    best_h: float
    theory_h: float
    slope: float


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """What a check found.

    Attributes:
        label, place: what was checked, and where.
        how: along which lines.
        names: the lines.
        h: (num_steps,) steps.
        curves: one a number format and scheme.
        relative: whether errors are shares of the gradient's length; it is zero otherwise.
        analytic: (num_lines,) slopes by `jax.grad` in float64.
        numeric: (num_lines,) central differences in float64, at an h that was chosen by the
            agreement of neighbouring steps, without looking at `analytic`.
        chosen_h: (num_lines,) that h.
        uncertainty: (num_lines,) how far neighbouring steps differ there.
        verdict: one of `gradient_verdict.VERDICTS`.
        reason: one line.
    """

    label: str
    place: str
    how: str
    names: tuple[str, ...]
    h: np.ndarray
    curves: tuple[ErrorCurve, ...]
    relative: bool
    analytic: np.ndarray
    numeric: np.ndarray
    chosen_h: np.ndarray
    uncertainty: np.ndarray
    verdict: str
    reason: str

    @property
    def passed(self) -> bool:
        return self.verdict == "right"

    def curve(self, dtype: str, scheme: str) -> ErrorCurve:
        return next(c for c in self.curves if (c.dtype, c.scheme) == (dtype, scheme))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data; numbers that are not finite are null."""
        return {
            "label": self.label,
            "place": self.place,
            "how": self.how,
            "verdict": self.verdict,
            "reason": self.reason,
            "relative": self.relative,
            "lines": [
                {"name": name, "analytic": a, "numeric": n, "h": h, "uncertainty": u}
                for name, a, n, h, u in zip(
                    self.names,
                    *map(_plain, (self.analytic, self.numeric, self.chosen_h, self.uncertainty)),
                    strict=True,
                )
            ],
            "h": _plain(self.h),
            "curves": [
                {
                    "dtype": c.dtype,
                    "scheme": c.scheme,
                    "errors": _plain(c.errors),
                    **dict(
                        zip(
                            ("best_h", "theory_h", "slope"),
                            _plain(np.array([c.best_h, c.theory_h, c.slope])),
                            strict=True,
                        )
                    ),
                }
                for c in self.curves
            ],
        }


def gradient_check(
    target: str | Surface | Callable[..., Any] | Any,
    at: Any = None,
    *,
    loss: str = "cross_entropy",
    num_lines: int = 6,
    seed: int = 0,
    label: str | None = None,
) -> GradientCheck:
    """Compare the gradient with finite differences, in float32 and float64.

    Args:
        target: a surface or network (entry or key), a JAX function f(x, y), or a JAX function of a
            tree of arrays, which computes in their dtype.
        at: the point: (x, y), by default the surface's start; or the tree. Networks are checked at
            fresh weights.
        loss: a network's loss.
        num_lines: of a tree or a network: along how many random lines; surfaces take x, y and the
            diagonals.
        seed: of the lines, and of a network's weights and images.
        label: what to call the loss; None: what the entry or the formula says.

    Raises:
        ValueError: no such target, or a point that is not two finite numbers.
    """
    probe = probe_of(target, at, loss=loss, num_lines=num_lines, seed=seed)
    probe.label = label or probe.label
    return check(probe)


def probe_of(target: Any, at: Any, *, loss: str, num_lines: int, seed: int) -> Probe:
    """The loss along lines that the arguments of `gradient_check` name."""
    if isinstance(num_lines, bool) or not isinstance(num_lines, int) or not 1 <= num_lines <= 256:
        raise ValueError(f"num_lines must be a whole number from 1 to 256, got {num_lines!r}")
    if isinstance(target, str):
        target = _named(target)
    if isinstance(target, Entry):
        validate(target)
    if isinstance(target, Entry) and not isinstance(target, Surface):
        if not hasattr(target, "apply"):
            raise ValueError(f"a check needs a surface or a network, got {target.label}")
        if at is not None:
            raise ValueError("a network is checked at fresh weights: leave out the point")
        return network_probe(target, loss, num_lines, seed)
    if not callable(target):
        raise ValueError(f"a check needs a loss, got {type(target).__name__}")
    function: Any = target
    if isinstance(target, Surface) or at is None or _is_pair(at):
        surface = target if isinstance(target, Surface) else FunctionSurface(function=function)
        return SurfaceProbe(surface, _point(surface.start if at is None else at))
    name = getattr(target, "__name__", "function")
    return TreeProbe(function, at, name, num_lines, seed)


def check(probe: Probe) -> GradientCheck:
    """Run the check of a probe."""
    steps = np.concatenate([[0.0], STEPS, -STEPS])
    losses = {dtype: probe.losses(steps, dtype) for dtype in DTYPES}
    slopes = {dtype: probe.slopes(dtype) for dtype in DTYPES}
    exact = slopes["float64"]
    length = float(np.linalg.norm(exact))
    relative = bool(np.isfinite(length) and length > 1e-8)
    curves = []
    for dtype in DTYPES:
        for scheme, found in differences(losses[dtype]).items():
            distance = np.linalg.norm(found - slopes[dtype][:, None], axis=0)
            errors = distance / (length if relative else 1.0)
            curves.append(_curve(dtype, scheme, errors, probe.size))
    central = differences(losses["float64"])["central"]
    numeric, chosen, spread = agreed(central, probe.size)
    verdict, reason = judge(probe, losses["float64"], exact, numeric, spread, chosen)
    return GradientCheck(
        label=probe.label,
        place=probe.place,
        how=probe.how,
        names=probe.names,
        h=STEPS,
        curves=tuple(curves),
        relative=relative,
        analytic=exact,
        numeric=numeric,
        chosen_h=chosen,
        uncertainty=spread,
        verdict=verdict,
        reason=reason,
    )


def _curve(dtype: str, scheme: str, errors: np.ndarray, size: float) -> ErrorCurve:
    finite = np.isfinite(errors)
    best = int(np.argmin(np.where(finite, errors, np.inf)))
    power = 1 / 2 if scheme == "forward" else 1 / 3
    theory = float(np.finfo(dtype).eps) ** power * size
    right = finite & (4 * theory <= STEPS) & (0.3 * size >= STEPS) & (errors > 0)
    slope = np.nan
    if right.sum() >= 3:
        slope = float(np.polyfit(np.log(STEPS[right]), np.log(errors[right]), 1)[0])
    return ErrorCurve(dtype, scheme, errors, float(STEPS[best]), theory, slope)


def _named(key: str) -> Any:
    """A surface, or else a network, from `KEY:knob=value`."""
    from optviz.specs import parse_entry

    if key.partition(":")[0] in SURFACES:
        return parse_entry(key, SURFACES)[0]
    from optviz.networks import NETWORKS

    name = key.partition(":")[0]
    if name not in NETWORKS:
        raise ValueError(unknown("surface or network", name, [*SURFACES, *NETWORKS]))
    network = parse_entry(key, NETWORKS)[0]
    network.check()
    return network


def _is_pair(at: Any) -> bool:
    if isinstance(at, dict) or not hasattr(at, "__len__") or len(at) != 2:
        return False
    return all(np.ndim(v) == 0 and not isinstance(v, (str, dict)) for v in at)


def _point(at: Any) -> tuple[float, float]:
    try:
        x, y = (float(v) for v in at)
    except (TypeError, ValueError):
        raise ValueError(f"a point must be two numbers x, y, got {at!r}") from None
    if not (np.isfinite(x) and np.isfinite(y)):
        raise ValueError(f"a point must be two finite numbers x, y, got {at!r}")
    return (x, y)


def _plain(values: np.ndarray) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]
