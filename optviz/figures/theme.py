"""Colours, dashes, markers and fonts: one look for the player, the figures and the exports.

SGD is red, momentum green and Nesterov violet, as in the animations that the lectures show. The
other hues were searched for distance under normal, deuteranope and protanope vision; because no
ten hues stay apart for everyone, a marker and (beyond the first ten rules) a dash pattern repeat
what the hue says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

FONT_FAMILY = (
    '"Source Sans 3", "Source Sans Pro", "Inter", "Segoe UI", "Helvetica Neue", Arial, '
    '"Liberation Sans", "DejaVu Sans", sans-serif'
)

# (on a light page, on a dark page); at least 3:1 against the page in both themes
_HUES = (
    ("#d81e1e", "#ff5247"),  # red
    ("#00804f", "#63d898"),  # green
    ("#6d28c9", "#a17bff"),  # violet
    ("#1f6fea", "#5aa9ff"),  # blue
    ("#e06f00", "#f7a325"),  # orange
    ("#d91c88", "#f973bf"),  # pink
    ("#0091b8", "#8eeaf8"),  # cyan
    ("#5f3517", "#c3906d"),  # brown
    ("#7f8a1c", "#e4de4e"),  # olive, yellow on dark
    ("#1b3168", "#c6c9f2"),  # navy, lavender on dark
)

DASHES: tuple[tuple[int, ...], ...] = ((), (8, 4), (2, 3), (10, 3, 2, 3), (5, 2), (14, 5))
MARKERS = (
    "circle",
    "square",
    "diamond",
    "triangle",
    "triangle-down",
    "pentagon",
    "hexagon",
    "star",
    "plus",
    "cross",
)

# A rule's place fixes its look for good: append only. Place modulo ten is the hue.
_PLACES = (
    *("sgd", "momentum", "nesterov", "adam", "adagrad"),
    *("rmsprop", "adamw", "adadelta", "rprop", "adamax"),
    *("newton", "lbfgs", "bfgs", "nadam", "lion"),
    *("amsgrad", "muon", "radam", "random_search", "yogi"),
    *("lamb", "adabelief", "adan", "shampoo", "sophia"),
    *("lars", "adafactor", "soap", "sign_sgd", "sam"),
    *("polyak_sgd", "novograd", "nadamw", "schedule_free_sgd", "schedule_free_adamw"),
    *("prodigy", "dog", "dowg", "dadapt_adamw", "adopt"),
    *("fromage", "sm3", "optimistic_gradient_descent", "rmsprop_momentum", "lookahead"),
    *("noisy_sgd", "heavy_ball", "gauss_newton", "conjugate_gradient", "levenberg_marquardt"),
    "averaged_sgd",
)
_PLACE_OF = {key: place for place, key in enumerate(_PLACES)}


@dataclass(frozen=True)
class RunStyle:
    """How one run is drawn: a hue per theme, and two channels that need no hue."""

    color: str  # on a light page
    dark_color: str  # on a dark page
    dash: tuple[int, ...]  # pixels on, off, …; () is a solid line
    marker: str  # one of MARKERS


@dataclass(frozen=True)
class Theme:
    """The page around the data."""

    background: str
    panel: str
    text: str
    muted: str
    grid: str
    accent: str
    sequential: tuple[str, ...]  # low to high; even steps of lightness


# Lightness rises evenly (OKLCH 0.66 → 0.97 and 0.17 → 0.44) and never reaches that of the runs'
# colours, so that trails stay readable on every band.
SEQUENTIAL_LIGHT = (
    *("#6b8fd0", "#68a0d3", "#68aed2", "#6fbbcf", "#7dc7c9", "#92d0c4"),
    *("#abd9c1", "#c4e0c2", "#dae7c9", "#edeed5", "#fbf6e8"),
)
SEQUENTIAL_DARK = (
    *("#0e0c24", "#0c1332", "#061b3e", "#022548", "#012f4f", "#033a53"),
    *("#094553", "#135051", "#205a4f", "#33634c", "#4b6c4b"),
)

STAR = "#ffd23f"  # where the loss is lowest
LIGHT = Theme("#ffffff", "#f6f7f9", "#1c2430", "#667085", "#e4e7ec", "#1f6fea", SEQUENTIAL_LIGHT)
DARK = Theme("#0e1117", "#171b24", "#e8ebf0", "#98a2b3", "#2a303c", "#5aa9ff", SEQUENTIAL_DARK)


def _blend(color: str, towards: str, amount: float) -> str:
    mixed = (
        round(int(color[i : i + 2], 16) * (1 - amount) + int(towards[i : i + 2], 16) * amount)
        for i in (1, 3, 5)
    )
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _style_at(place: int, index: int) -> RunStyle:
    color, dark = _HUES[place % len(_HUES)]
    cycle = place // len(_HUES)
    if index:
        # the second Adam is darker, the third lighter, …; each with its own dash and marker
        amount = min(0.22 + 0.1 * ((index - 1) // 2), 0.42)
        towards = "#000000" if index % 2 else "#ffffff"
        color, dark = _blend(color, towards, amount), _blend(dark, towards, amount)
    return RunStyle(
        color,
        dark,
        DASHES[(cycle + index) % len(DASHES)],
        MARKERS[(place + 3 * cycle + index) % len(MARKERS)],
    )


def style_of(key: str, index: int = 0) -> RunStyle:
    """How a rule is drawn, the same on every page and in every export.

    Args:
        key: the rule's catalogue name; a name not known here gets a look from a hash of it.
        index: 0 for the rule's first run in a comparison, 1 for its second, …
    """
    place = _PLACE_OF.get(key)
    if place is None:
        place = crc32(key.encode()) % 40 + 10  # never the undashed looks of the first ten
    return _style_at(place, index)


def styles_of(keys: Sequence[str]) -> list[RunStyle]:
    """Styles of the runs of one comparison, no two alike: repeated rules become variants."""
    seen: dict[str, int] = {}
    taken: set[RunStyle] = set()
    styles = []
    for key in keys:
        index = seen.get(key, 0)
        style = style_of(key, index)
        while style in taken and index < 60:  # two unknown names with one hash
            index += 1
            style = style_of(key, index)
        seen[key] = index + 1
        taken.add(style)
        styles.append(style)
    return styles


def plain_styles(count: int) -> list[RunStyle]:
    """Styles of things that are no rules, such as schedules: no two alike."""
    return [_style_at(place, 0) for place in range(count)]


def colorscale(dark: bool = False) -> list[list[float | str]]:
    """The sequential map as Plotly's `[[fraction, colour], …]`."""
    table = SEQUENTIAL_DARK if dark else SEQUENTIAL_LIGHT
    return [[i / (len(table) - 1), color] for i, color in enumerate(table)]
