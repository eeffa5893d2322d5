"""A race as one self-contained HTML page, and as a frame for notebooks."""

from __future__ import annotations

from html import escape

from optviz.analysis.race.record import RaceRecord
from optviz.engine.surfaces.ground import lowest_loss, window
from optviz.export.html import html_page
from optviz.export.snippets import command_of
from optviz.figures.heights import surface_heading
from optviz.player import pack_race


def race_payload(race: RaceRecord, *, draggable: bool = False) -> bytes:
    """The player's message for a race, with the surface's window sampled for the map.

    Args:
        race: the race.
        draggable: whether the start can be moved, which takes Python behind the page.
    """
    surface = race.surface
    return pack_race(
        race,
        surface=surface,
        grid=window(surface),
        minimum=lowest_loss(surface),
        levels=surface.level_scale,
        draggable=draggable,
        race_id=race.id,
    )


def race_page(race: RaceRecord) -> str:
    """The player with this race as one HTML file that works offline."""
    title = f"{surface_heading(race.surface)}: {', '.join(race.labels)}"
    try:
        note = f"Made with <code>{escape(command_of(race.spec))}</code>"
    except ValueError:  # a surface or rule that lives in Python only has no command
        note = ""
    return html_page(race_payload(race), title, note)


def notebook_frame(page: str, height: int = 640) -> str:
    """A page inside a frame, as notebooks show it."""
    return (
        f'<iframe srcdoc="{escape(page)}" style="width: 100%; height: {height}px; border: 0" '
        'sandbox="allow-scripts" title="optviz race"></iframe>'
    )
