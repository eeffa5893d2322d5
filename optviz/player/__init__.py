"""The animated player: one message in, one canvas component out, the same in app and export."""

from functools import lru_cache

from optviz.player.bundle import bundle_css, bundle_js
from optviz.player.pack import Quantised, pack, unpack
from optviz.player.race import pack_race

__all__ = ["Quantised", "assets", "pack", "pack_race", "unpack"]


@lru_cache(maxsize=1)
def assets() -> tuple[str, str, str]:
    """(html, css, js) as text: an empty host, its style, and the module that fills it."""
    return '<div class="optviz-host"></div>', bundle_css(), bundle_js()
