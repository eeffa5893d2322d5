"""Makes the player's one JavaScript file and its one style sheet from the sources in `js/`.

The modules use only `import { a, b } from "./x.js";`, from other folders `"../folder/x.js"`, and
`export function | class | const`, so that a concatenation in order of dependency is a program: no
tool beyond Python is needed, the result is the same on every machine, and it takes a process some
50 ms, once.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

SOURCES = Path(__file__).parent / "js"
ENTRY = "main.js"
# A later one overrides the former.
STYLES = ("shell/controls.css", "shell/player.css", "shell/training.css")

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[\w./-]+\.js)";\n', re.M)
_DECLARED = re.compile(r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)", re.M)
_COMMENT = re.compile(
    r"^[ \t]*//[^\n]*\n"  # on lines of its own
    r"|^[ \t]*/\*\*(?:(?!\*/).)*\*/[ \t]*\n"
    r"|/\*\*(?:(?!\*/).)*\*/ ?",  # a type amid code
    re.M | re.S,
)


def imports(name: str, text: str) -> list[tuple[str, str]]:
    """(names, module) of every import in the text of a module; modules are paths below `js/`."""
    folder = posixpath.dirname(name)
    return [
        (names, posixpath.normpath(posixpath.join(folder, module)))
        for names, module in _IMPORT.findall(text)
    ]


def bundle_js() -> str:
    """All modules as one ES module with the entry's default export."""
    parts: list[str] = []
    done: list[str] = []
    owner: dict[str, str] = {}

    def add(name: str, trail: tuple[str, ...]) -> None:
        if name in done:
            return
        if name in trail:
            raise ValueError(f"modules import each other: {' → '.join((*trail, name))}")
        text = (SOURCES / name).read_text(encoding="utf-8")
        for names, module in imports(name, text):
            add(module, (*trail, name))
            source = (SOURCES / module).read_text(encoding="utf-8")
            for wanted in filter(None, (part.strip() for part in names.split(","))):
                if not re.search(rf"^export (?:function|class|const) {wanted}\b", source, re.M):
                    raise ValueError(f"{name} imports {wanted}, which {module} does not export")
        body = _IMPORT.sub("", text)
        if re.search(r"^import\b", body, re.M):
            raise ValueError(f"{name} has an import that the bundle cannot resolve")
        for declared in _DECLARED.findall(body):
            if declared in owner:
                raise ValueError(f"{declared} is declared in {owner[declared]} and in {name}")
            owner[declared] = name
        if name != ENTRY:
            body = re.sub(r"^export ", "", body, flags=re.M)
        done.append(name)
        parts.append(f"// {name}\n{_COMMENT.sub('', body).strip()}\n")

    add(ENTRY, ())
    unused = {path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*.js")} - set(done)
    if unused:
        raise ValueError(f"not reached from {ENTRY}: {', '.join(sorted(unused))}")
    return "\n".join(parts)


def bundle_css() -> str:
    """The style sheets without their comments."""
    text = "\n".join((SOURCES / name).read_text(encoding="utf-8") for name in STYLES)
    return re.sub(r"/\*.*?\*/\n?", "", text, flags=re.S).strip() + "\n"
