"""Text from outside in a figure: Plotly reads tags and entities in whatever it writes."""

from __future__ import annotations

from html import escape


def plain(text: object) -> str:
    """What makes Plotly write `text` as it is."""
    return escape(str(text), quote=False)
