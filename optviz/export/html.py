"""One HTML file that plays a race from disk: no server, no network, nothing beside it."""

from __future__ import annotations

from base64 import b64encode
from html import escape

from optviz.figures.theme import DARK, FONT_FAMILY, LIGHT
from optviz.player import assets

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; background: {light.background}; color: {light.text}; font-family: {font}; }}
@media (prefers-color-scheme: dark) {{
  body {{ background: {dark.background}; color: {dark.text}; }}
}}
main {{ box-sizing: border-box; max-width: 2200px; margin: 0 auto; padding: 18px 26px 24px; }}
main > h1 {{ margin: 0 0 12px; font-size: 1.35rem; font-weight: 680; letter-spacing: -0.01em; }}
main > .note {{ margin: 14px 4px 0; font-size: 0.9rem; line-height: 1.5; opacity: 0.82; }}
@media (max-width: 700px) {{ main {{ padding: 12px 10px 20px; }} }}
{css}
main .optviz-player {{ --ov-height: clamp(430px, 100vh - 265px, 1200px); }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<div class="optviz-host" data-source="optviz-data"></div>
{note}
</main>
<script type="text/plain" id="optviz-data">{data}</script>
<script type="module">
{js}
startPage();
</script>
</body>
</html>
"""


def html_page(payload: bytes, title: str, note_html: str = "") -> str:
    """The player and its data as one self-contained page.

    Args:
        payload: from `optviz.player.pack_race` or `pack`.
        title: plain text; it is escaped.
        note_html: trusted HTML shown under the player (settings, sources); escape what users typed.
    """
    _, css, js = assets()
    return _PAGE.format(
        title=escape(title),
        light=LIGHT,
        dark=DARK,
        font=FONT_FAMILY,
        css=css,
        note=f'<div class="note">{note_html}</div>' if note_html else "",
        data=b64encode(payload).decode("ascii"),
        js=js.replace("</script", "<\\/script"),
    )
