"""Is the gradient right? Finite differences over a range of steps h, beside `jax.grad`.

A difference quotient is wrong in two ways: by truncation, which shrinks with h (as h for forward,
as h² for central differences), and by rounding, which grows as 1/h. Between them lies a valley,
near ε^(1/2) for forward and ε^(1/3) for central differences.

The verdict does not come from those curves but from `gradient_verdict`, which extrapolates
differences and knows how far rounding can move them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from optviz.analysis.gradient.probes import Probe, SurfaceProbe, TreeProbe, network_probe
from optviz.analysis.gradient.verdict import RIGHT, judge
from optviz.catalog import Entry, unknown, validate
from optviz.specs.budget import CHECK, check_affordable, gradient_check_cost
from optviz.surfaces import SURFACES, Surface
from optviz.surfaces.expression import FunctionSurface

STEPS = 10.0 ** np.arange(-15, 0.001, 0.25)  # h of the curves, four a decade
DTYPES = ("float32", "float64")
SCHEMES = ("forward", "central")


@dataclass(frozen=True, eq=False)
class ErrorCurve:
    """The error of one kind of difference in one number format, over h.

    Attributes:
        dtype: "float32" or "float64".
        scheme: "forward" or "central".
        errors: (num_steps,) distance to the gradient; nan where a loss was not finite.
        best_h: where the error is least; nan where none is finite.
        theory_h: ε^(1/2) or ε^(1/3), times the size of the coordinates.
        slope: of the curve to the right of the valley, in powers of h; nan where it cannot be read.
    """

    dtype: str
    scheme: str
    errors: np.ndarray
    best_h: float
    theory_h: float
    slope: float

    @property
    def least(self) -> float:
        """The least error; nan where none is finite."""
        finite = self.errors[np.isfinite(self.errors)]
        return float(finite.min()) if finite.size else np.nan


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """What a check found.

    Attributes:
        label, place: what was checked, and where.
        how: along which lines.
        names: the lines.
        h: (num_steps,) steps of the curves.
        curves: one a number format and scheme.
        relative: whether errors are shares of the gradient's length; it is zero otherwise.
        dtype: the number format that the verdict is about.
        analytic: (num_lines,) slopes by `jax.grad`, in `dtype`.
        numeric: (num_lines,) central differences in `dtype`, extrapolated to h = 0 without looking
            at `analytic`; nan where they settle at nothing.
        chosen_h: (num_lines,) the largest step that they come from.
        uncertainty: (num_lines,) how far rounding and truncation can move them.
        verdicts: (num_lines) one of `gradient_verdict.VERDICTS` a line.
        verdict: "right": every slope agrees with the differences, which leave room for less than
            2.5e-4 of it (a slope of zero: for 1e-10 of those around the point); "wrong": one
            differs by more than they leave room for; "cannot tell": rounding or truncation leave
            more room than that, or the loss has no gradient there (it has a kink, jumps or is
            not finite), whatever JAX gives.
        reason: one sentence.
    """

    label: str
    place: str
    how: str
    names: tuple[str, ...]
    h: np.ndarray
    curves: tuple[ErrorCurve, ...]
    relative: bool
    dtype: str
    analytic: np.ndarray
    numeric: np.ndarray
    chosen_h: np.ndarray
    uncertainty: np.ndarray
    verdicts: tuple[str, ...]
    verdict: str
    reason: str

    @property
    def passed(self) -> bool:
        return self.verdict == RIGHT

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
            "dtype": self.dtype,
            "lines": [
                {"name": name, "verdict": v, "analytic": a, "numeric": n, "h": h, "uncertainty": u}
                for name, v, a, n, h, u in zip(
                    self.names,
                    self.verdicts,
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
    dtype: str = "float64",
) -> GradientCheck:
    """Compare the gradient with finite differences: right, wrong, or cannot tell.

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
        dtype: "float64" or "float32": the number format that the verdict is about.

    Raises:
        ValueError: no such target, or a point that is not two finite numbers.
    """
    if dtype not in DTYPES:
        raise ValueError(unknown("number format", str(dtype), list(DTYPES)))
    probe = probe_of(target, at, loss=loss, num_lines=num_lines, seed=seed)
    probe.label = label or probe.label
    return check(probe, dtype)


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
        network: Any = target
        sizes = {"parameters": network.num_params(), "lines": num_lines}
        check_affordable("a gradient check", CHECK, gradient_check_cost, sizes)
        return network_probe(network, loss, num_lines, seed)
    if not callable(target):
        raise ValueError(f"a check needs a loss, got {type(target).__name__}")
    function: Any = target
    if isinstance(target, Surface) or at is None or _is_pair(at):
        surface = target if isinstance(target, Surface) else FunctionSurface(function=function)
        return SurfaceProbe(surface, _point(surface.start if at is None else at))
    name = getattr(target, "__name__", "function")
    return TreeProbe(function, at, name, num_lines, seed)


def check(probe: Probe, dtype: str = "float64") -> GradientCheck:
    """Run the check of a probe."""
    evidence = probe.evidence(dtype)
    verdict, why, findings = judge(evidence)
    steps = np.concatenate([[0.0], STEPS, -STEPS])
    exact = {name: probe.slopes(name) for name in DTYPES}
    with np.errstate(over="ignore"):
        length = float(np.linalg.norm(exact["float64"]))
    relative = bool(np.isfinite(length) and length > 0)
    curves = []
    for name in DTYPES:
        for scheme, found in differences(probe.losses(steps, name)).items():
            with np.errstate(invalid="ignore", over="ignore"):  # inf − inf, and beyond float64
                distance = np.linalg.norm(found - exact[name][:, None], axis=0)
                errors = distance / (length if relative else 1.0)
            curves.append(_curve(name, scheme, errors, probe.size))
    return GradientCheck(
        label=probe.label,
        place=probe.place,
        how=probe.how,
        names=probe.names,
        h=STEPS,
        curves=tuple(curves),
        relative=relative,
        dtype=dtype,
        analytic=evidence.slopes,
        numeric=np.array([f.numeric for f in findings]),
        chosen_h=np.array([f.h for f in findings]),
        uncertainty=np.array([f.uncertainty for f in findings]),
        verdicts=tuple(f.verdict for f in findings),
        verdict=verdict,
        reason=f"{probe.label} at {probe.place}{why}",
    )


def differences(losses: np.ndarray) -> dict[str, np.ndarray]:
    """Difference quotients (num_lines, num_steps), from losses at 0, `STEPS` and −`STEPS`."""
    here, ahead, behind = losses[:, :1], *np.split(losses[:, 1:], 2, axis=1)
    with np.errstate(invalid="ignore", over="ignore"):  # inf − inf, and beyond float64
        return {"forward": (ahead - here) / STEPS, "central": (ahead - behind) / (2 * STEPS)}


def _curve(dtype: str, scheme: str, errors: np.ndarray, size: float) -> ErrorCurve:
    finite = np.isfinite(errors)
    best = STEPS[np.argmin(np.where(finite, errors, np.inf))] if finite.any() else np.nan
    power = 1 / 2 if scheme == "forward" else 1 / 3
    theory = float(np.finfo(dtype).eps) ** power * size
    right = finite & (4 * theory <= STEPS) & (0.3 * size >= STEPS) & (errors > 0)
    slope = np.nan
    if right.sum() >= 3:
        slope = float(np.polyfit(np.log(STEPS[right]), np.log(errors[right]), 1)[0])
    return ErrorCurve(dtype, scheme, errors, float(best), theory, slope)


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
