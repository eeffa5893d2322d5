"""Text from outside on a page: shown letter for letter, never read as mark-up.

Streamlit reads nearly every text that it shows as Markdown. What comes from a link, a file, a
store, an error or a plug-in goes through `plain` first: otherwise a label could name a picture,
which the browser would fetch from wherever it says, and messages would lose their stars and
underscores. A test reads every call on the pages and fails on text that did not.
"""

from __future__ import annotations

import re

# An empty span: not to be seen, yet it parts two pieces of text. Some of Streamlit's mark-up is
# found in the finished text (addresses, :emoji:, arrows), where a backslash no longer helps.
_PART = ":gray[]"

_MARK = re.compile(
    r"""
      (?P<arrow> [-<>~](?=[-=>]) )            # ->, <-, --, >=, <= and the like become one character
    | (?P<name> :(?=[\w+\-/]) )               # :emoji:, :material/icon:, :red[…], https://
    | (?P<at> @(?=\w) )                       # an address of mail
    | (?P<www> (?<![^\W_])www(?=\.) )
    | (?P<number> ^\d+(?=[.)]) )              # a list
    | (?P<block> ^[-+#=:>] )                  # a list, heading or quotation
    | (?P<inline> [\\`*\[\]{~$|] | <(?=[\w/!?]) | &(?=[\w#]) )
    | (?P<line> (?<![^\W_])_ | _(?![^\W_]) )  # within a word it is no emphasis
    """,
    re.VERBOSE | re.IGNORECASE,
)


def plain(text: object) -> str:
    """Markdown that shows `text` as it is, on one line; what cannot be seen is named: `\\u202e`."""
    line = " ".join(str(text).split())
    if not line.isprintable():
        line = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in line)
    return _MARK.sub(_escaped, line)


def _escaped(match: re.Match[str]) -> str:
    found, kind = match.group(), match.lastgroup
    escape = "" if kind in ("at", "www", "number") else "\\"
    part = _PART if kind in ("arrow", "name", "at", "www", "number") else ""
    return f"{escape}{found}{part}"
