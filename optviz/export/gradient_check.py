"""A gradient check taken away: a picture, a table of every h, or everything."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from optviz.analysis.gradient.check import GradientCheck
from optviz.figures.theme import LIGHT
from optviz.folders import replacing

COLORS = {"forward": "#e06f00", "central": "#1f6fea"}


def save_check(check: GradientCheck, path: Path) -> Path:
    """Write a check to `.png`, `.csv` or `.json`, by suffix; returns the path."""
    with replacing(path) as scratch:
        WRITERS[path.suffix.lower()](check, scratch)
    return path


def lines_of(check: GradientCheck) -> list[dict[str, Any]]:
    """One row a line: analytic against numeric, give or take, and what that says."""
    return [
        {
            "along": name,
            "analytic": float(analytic),
            "numeric": float(numeric),
            "±": float(unsure) if np.isfinite(unsure) else np.nan,
            "h": float(h),
            "verdict": verdict,
        }
        for name, analytic, numeric, unsure, h, verdict in zip(
            check.names,
            check.analytic,
            check.numeric,
            check.uncertainty,
            check.chosen_h,
            check.verdicts,
            strict=True,
        )
    ]


def valleys_of(check: GradientCheck) -> list[dict[str, Any]]:
    """One row a curve: where its valley is, and where theory has it."""
    return [
        {
            "quotient": curve.scheme,
            "format": curve.dtype,
            "least error": curve.least,
            "at h": curve.best_h,
            "theory": curve.theory_h,
            "slope": curve.slope,
        }
        for curve in check.curves
    ]


def _csv(check: GradientCheck, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["h", *(f"{c.scheme} {c.dtype}" for c in check.curves)])
        for index, h in enumerate(check.h):
            writer.writerow([repr(float(h)), *(repr(float(c.errors[index])) for c in check.curves)])


def _json(check: GradientCheck, path: Path) -> None:
    path.write_text(json.dumps(check.to_json(), allow_nan=False) + "\n", encoding="utf-8")


def _png(check: GradientCheck, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6.75), dpi=100, facecolor=LIGHT.background, layout="constrained")
    axes = figure.add_subplot()
    for curve in check.curves:
        color, style = COLORS[curve.scheme], "-" if curve.dtype == "float64" else ":"
        errors = np.where(curve.errors > 0, curve.errors, np.nan)
        label = f"{curve.scheme} differences, {curve.dtype}"
        axes.loglog(check.h, errors, style, color=color, linewidth=2, label=label)
        axes.axvline(curve.theory_h, color=color, linestyle=style, linewidth=0.8, alpha=0.5)
    axes.set_xlabel("step h")
    axes.set_ylabel("relative error" if check.relative else "error (the gradient is zero)")
    title = f"{check.verdict.capitalize()}: {check.reason}"
    axes.set_title(title, loc="left", fontsize=11, color=LIGHT.text, wrap=True, parse_math=False)
    axes.grid(color=LIGHT.grid, linewidth=0.6)
    axes.legend(frameon=False)
    figure.savefig(path)


WRITERS = {".png": _png, ".csv": _csv, ".json": _json}
