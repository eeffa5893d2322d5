"""What is in a network's weights and what it gets wrong, as Plotly figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from optviz.analysis.training.weights import Misclassified
from optviz.figures.theme import DARK, FONT_FAMILY, LIGHT, Theme
from optviz.figures.words import plain
from optviz.specs.labels import unique

TILE = 96  # pixels of the figure for a picture, at most
GREY = 0.5
LINE = 15  # pixels of the figure for a line of a label
# From the page's colour to its accent: most cells are nearly empty, and the numbers stay readable.
_COUNTS = {theme is DARK: [[0.0, theme.background], [1.0, theme.accent]] for theme in (LIGHT, DARK)}


def as_pictures(weights: np.ndarray, *, shared: bool = False) -> np.ndarray:
    """Weights as colours: zero is grey, the largest absolute weight black or white.

    Args:
        weights: (count, h, w, 3).
        shared: whether all pictures have one scale; else each its own.

    Returns:
        (count, h, w, 3) uint8; a weight that is not finite is grey.
    """
    known = np.where(np.isfinite(weights), weights, 0.0)
    over = None if shared else (1, 2, 3)
    largest = np.max(np.abs(known), axis=over, keepdims=True, initial=0.0)
    scaled = GREY + known / (2 * np.where(largest > 0, largest, 1.0))
    return np.round(255 * scaled).astype(np.uint8)


def image_grid(
    images: np.ndarray,
    labels: Sequence[str] = (),
    *,
    columns: int | None = None,
    tile: int = TILE,
    dark: bool = False,
) -> go.Figure:
    """Small pictures side by side, row by row, every pixel a square.

    Args:
        images: (count, h, w, 3) uint8; see `as_pictures` for weights.
        labels: what stands below each; `<br>` begins another line. None of them: no labels.
        columns: pictures in a row; None: about twice as many as rows.
        tile: pixels of the figure for the side of a picture.
        dark: for a dark page.
    """
    count, (height, width) = len(images), images.shape[1:3]
    columns = max(min(columns or math.ceil(math.sqrt(2 * count)), count), 1)
    rows = max(math.ceil(count / columns), 1)
    # In pixels of the pictures; a label's room depends on how large one of them is drawn.
    gap = max(round(0.12 * width), 1)
    lines = max((1 + label.count("<br>") for label in labels), default=0)
    below = gap + math.ceil(LINE * lines * width / tile)
    theme = DARK if dark else LIGHT
    sheet = np.zeros((rows * (height + below), columns * (width + gap), 4))  # see-through
    figure = go.Figure()
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        top, left = row * (height + below), column * (width + gap)
        sheet[top : top + height, left : left + width, :3] = image
        sheet[top : top + height, left : left + width, 3] = 255
        if labels:
            figure.add_annotation(
                x=left + (width - 1) / 2,
                y=top + height - 0.5,
                text=labels[index],
                font={"size": 11, "color": theme.text},
                showarrow=False,
                yanchor="top",
            )
    pixels = sheet.astype(np.uint8)
    figure.add_trace(go.Image(z=pixels, colormodel="rgba256", hoverinfo="skip"))
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, constrain="domain")
    scale = tile / width
    figure.update_layout(width=round(sheet.shape[1] * scale), height=round(sheet.shape[0] * scale))
    return _dressed(figure, theme, margin=0)


def filters_figure(
    filters: np.ndarray,
    labels: Sequence[str] = (),
    *,
    shared: bool = False,
    dark: bool = False,
) -> go.Figure:
    """First-layer filters or class templates (count, h, w, 3) as pictures around grey."""
    return image_grid(as_pictures(filters, shared=shared), list(map(plain, labels)), dark=dark)


def misclassified_figure(
    wrong: Misclassified, class_names: Sequence[str], *, dark: bool = False
) -> go.Figure:
    """Images that were taken for something else, with how sure the network was of it."""
    labels = [
        f"{plain(class_names[true])}<br>→ {plain(class_names[predicted])} {_percent(confidence)}"
        for true, predicted, confidence in zip(
            wrong.true, wrong.predicted, wrong.confidence, strict=True
        )
    ]
    return image_grid(wrong.images, labels, dark=dark)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%" if np.isfinite(share) else "(no number)"


def confusion_figure(
    counts: np.ndarray, class_names: Sequence[str], *, dark: bool = False
) -> go.Figure:
    """Right classes against predicted ones; the colour is the share of the right class.

    Args:
        counts: (classes, classes) as from `confusion`.
        class_names: of the classes.
        dark: for a dark page.
    """
    theme = DARK if dark else LIGHT
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = unique(list(map(plain, class_names)))
    figure = go.Figure(
        go.Heatmap(
            x=names,
            y=names,
            z=shares,
            zmin=0,
            zmax=1,
            text=counts,
            texttemplate="%{text}",
            colorscale=_COUNTS[dark],
            colorbar={"title": "share", "tickformat": ".0%"},
            hovertemplate="%{y} taken for %{x}: %{text} (%{z:.1%})<extra></extra>",
        )
    )
    figure.update_xaxes(title_text="predicted", side="bottom", type="category")
    figure.update_yaxes(title_text="right", autorange="reversed", type="category")
    figure.update_layout(height=120 + 38 * len(names))
    return _dressed(figure, theme, margin=50)


def _dressed(figure: go.Figure, theme: Theme, margin: int) -> go.Figure:
    return figure.update_layout(
        template="plotly_dark" if theme is DARK else "plotly_white",
        paper_bgcolor=theme.background,
        plot_bgcolor=theme.background,
        font_family=FONT_FAMILY,
        font_color=theme.text,
        margin=dict.fromkeys("trbl", margin),
    )
