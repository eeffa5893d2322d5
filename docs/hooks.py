"""How pages are made: equations without scripts, and nothing that another host would be asked for.

MkDocs calls the functions whose names begin with `on_`. Only `mathml` needs latex2mathml, where it
is called: tests read the rest without it.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

# What `pymdownx.arithmatex` leaves of `$…$` and `$$…$$`.
_EQUATION = re.compile(
    r'<(span|div) class="arithmatex">\\[(\[](.+?)\\[)\]]</\1>',
    re.DOTALL,
)


# Equations ---------------------------------------------------------------------------------------


def on_page_content(html: str, *, page: Any, **_: Any) -> str:
    """The page with its equations as MathML, which browsers draw themselves."""

    def drawn(match: re.Match[str]) -> str:
        tag, source = match.groups()
        try:
            equation = mathml(unescape(source), "block" if tag == "div" else "inline")
        except Exception as error:
            where = page.file.src_uri
            raise ValueError(f"{where}: cannot draw the equation {source!r}") from error
        return f'<{tag} class="equation">{equation}</{tag}>'

    return _EQUATION.sub(drawn, html)


def mathml(source: str, display: str) -> str:
    """An equation as MathML.

    Raises:
        ValueError: a command that latex2mathml does not know, or a brace without its other half; it
            would print the one and guess at the other.
    """
    from latex2mathml.converter import convert  # pyright: ignore[reportMissingImports]

    bare = re.sub(r"\\.", "", source)
    if bare.count("{") != bare.count("}"):
        raise ValueError("braces do not match")
    drawn = convert(" ".join(source.split()), display=display)
    drawn = re.sub(r">\\([{}])<", r">\1<", drawn)  # it forgets that \Big\{ is a brace
    if unknown := re.findall(r"\\\w*", drawn):
        raise ValueError(f"unknown commands: {', '.join(unknown)}")
    return drawn


# Other hosts -------------------------------------------------------------------------------------

_LOADS = re.compile(
    r"<(?:script|link|img|iframe|source|video|audio|object|embed)\b[^>]*?"
    r"\b(?:src|href|srcset|data)\s*=\s*[\"']?(?:https?:)?//[^>]*>"
    r"|url\(\s*[\"']?(?:https?:)?//[^)]*\)|@import[^;]*//[^;]*;",
    re.IGNORECASE,
)


def on_post_page(output: str, *, page: Any, **_: Any) -> str:
    """Refuses a page that would load anything from another host; links to follow are no loads."""
    if found := foreign(output):
        raise ValueError(f"{page.file.src_uri} loads from another host: {', '.join(found)}")
    return output


def foreign(text: str) -> list[str]:
    """What of HTML or CSS makes a browser ask another host, unbidden."""
    return [match.group() for match in _LOADS.finditer(text)]
