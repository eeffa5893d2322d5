"""Pages that are read off the code: the gallery and the settings.

MkDocs calls `on_files` when the site is built, so nothing of it is kept and nothing can be stale.
Only that function needs MkDocs, where it is called: tests read the rest without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import optviz
from optviz.catalog import Entry, Knob, defaults, describe, knobs, switches
from optviz.catalog.description import Description, stacked
from optviz.optimizers.base import KINDS
from optviz.optimizers.proofs import proofs
from optviz.specs import RaceSpec, SweepSpec
from optviz.specs.experiment import TrainSpec
from optviz.specs.setting import choices, flags, settings
from optviz.specs.setting import defaults as defaults_of
from optviz.specs.text import value_text

Facts = Iterable[tuple[str, str]]  # what, and its value in Markdown


# The gallery -------------------------------------------------------------------------------------


class Shelf(NamedTuple):
    """One page of the gallery.

    Attributes:
        title: of the page.
        intro: a paragraph; `{count}` is the number of entries.
        entries: key -> class.
        facts: what is known of a class beyond its description.
        tables: Markdown that follows its knobs.
    """

    title: str
    intro: str
    entries: Mapping[str, type[Any]]
    facts: Callable[[type[Any]], Facts]
    tables: Callable[[type[Any]], str] = lambda cls: ""


def on_files(files: Any, config: Any) -> Any:
    """Adds the gallery and the settings to the pages that stand in the folder."""
    from mkdocs.structure.files import File  # pyright: ignore[reportMissingImports]

    for name, text in (gallery() | {"gallery/settings.md": settings_page()}).items():
        files.append(File.generated(config, name, content=text))
    return files


def shelves() -> dict[str, Shelf]:
    """Page -> what stands on it."""
    return {
        "gallery/rules.md": Shelf(
            "Rules",
            "The {count} update rules by family. The same code runs on a surface and on a network. "
            "Each rule has at least one proof; [How rules are proven](../proven.md) says what one "
            "is.",
            optviz.OPTIMIZERS,
            _of_a_rule,
            lambda cls: _variants(cls) + _proofs(cls),
        ),
        "gallery/surfaces.md": Shelf(
            "Surfaces",
            "The {count} losses of two numbers that rules race on. Any formula or JAX function can "
            "take the place of one.",
            optviz.SURFACES,
            _of_a_surface,
        ),
        "gallery/schedules.md": Shelf(
            "Schedules",
            "The {count} shapes of a learning rate, or of any other knob, over a run. They can be "
            "multiplied: `Warmup() * Cosine()`.",
            optviz.SCHEDULES,
            lambda cls: (),
        ),
        "gallery/networks.md": Shelf(
            "Networks",
            "The {count} image classifiers that rules train, for ten classes of 32 × 32 pixels in "
            "colour.",
            optviz.NETWORKS,
            _of_a_network,
        ),
    }


def gallery() -> dict[str, str]:
    """Page -> its Markdown."""
    return {name: _page(shelf) for name, shelf in shelves().items()}


def _page(shelf: Shelf) -> str:
    chapters = _chapters(shelf.entries)
    level = "##" if len(chapters) == 1 else "###"
    listed = [cls for classes in chapters.values() for cls in classes]
    overview = [(f"[{cls.label}](#{cls.name})", f"`{cls.name}`", _summary(cls)) for cls in listed]
    intro = shelf.intro.format(count=len(shelf.entries))
    parts = [f"# {shelf.title}", intro, _table(("name", "key", "what it is"), overview)]
    for title, classes in chapters.items():
        if title:
            parts.append(f"## {title}")
        parts += [_section(cls, level, shelf) for cls in classes]
    return "\n\n".join(parts) + "\n"


def _chapters(entries: Mapping[str, type[Any]]) -> dict[str, list[type[Any]]]:
    """Heading -> its entries: rules by family, others together under none."""
    by_label = sorted(entries.values(), key=lambda cls: cls.label.lower())
    kinds = {kind: [c for c in by_label if getattr(c, "kind", None) == kind] for kind in KINDS}
    families = {f"{kind.capitalize()}: {KINDS[kind]}": of for kind, of in kinds.items() if of}
    return families or {"": by_label}


def _section(cls: type[Any], level: str, shelf: Shelf) -> str:
    text = describe(cls)
    year = f" · {text.year}" if text.year else ""
    heading = f"{level} {cls.label} {{ #{cls.name} }}\n\n`{cls.name}`{year}"
    parts = [heading, text.summary, *_body(text)]
    if text.in_words:
        parts.append(f"**In words.** {text.in_words}")
    facts = [("Cost per step", text.cost), ("Memory", text.memory), *shelf.facts(cls)]
    facts.append(("Reference", _reference(text)))
    parts += [
        "\n".join(f"- **{what}:** {value}" for what, value in facts if value),
        _knobs(cls),
        shelf.tables(cls),
    ]
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _summary(cls: type[Entry]) -> str:
    return describe(cls).summary.rstrip(".")


def _body(text: Description) -> list[str]:
    """Prose and equations; what `\\qquad` sets apart stands on lines of its own, for telephones."""
    found = []
    for part in text.parts:
        if not part.is_math:
            found.append(part.text)
            continue
        rows = stacked(part.text).removeprefix(r"\begin{gathered} ")
        rows = rows.removesuffix(r" \end{gathered}").split(r" \\[0.4em] ")
        found += [f"$$\n{row}\n$$" for row in rows]
    return found


def _reference(text: Description) -> str:
    links = (f"[{link.split('/')[2].removeprefix('www.')}]({link})" for link in text.links)
    return " ".join((text.citation, *links)).strip()


def _knobs(cls: type[Entry]) -> str:
    base = defaults(cls)
    rows = [(f"`{n}`", _number(base[n]), _domain(k), k.help) for n, k in knobs(cls).items()]
    rows += [
        (f"`{n}`", value_text(base[n]), ", ".join(map(value_text, s.options)) or "–", s.help)
        for n, s in switches(cls).items()
    ]
    return _table(("knob", "default", "allowed", "what it does"), rows)


def _domain(info: Knob) -> str:
    return info.describe().replace("inf", "∞") + (", whole" if info.integer else "")


def _of_a_rule(cls: type[Any]) -> Facts:
    known = [key for key in cls.parents if key in optviz.OPTIMIZERS]
    yield "Builds on", ", ".join(f"[{optviz.OPTIMIZERS[k].label}](#{k})" for k in known)
    yield "Adds", cls.adds


def _variants(cls: type[Any]) -> str:
    rows = [
        (variant.what, variant.who, f"`{cls.name}:{variant.settings}`" if variant.settings else "–")
        for variant in describe(cls).variants
    ]
    return _table(("form", "used by", "here"), rows)


def _proofs(cls: type[Any]) -> str:
    rows = [
        (proof.reference, proof.what, *map(_number, (proof.steps, proof.error, proof.tolerance)))
        for proof in proofs(cls.name)
    ]
    heading = ("compared with", "on", "steps", "largest difference", "allowed")
    return "\n\n" + _table(heading, rows)


def _of_a_surface(cls: type[Any]) -> Facts:
    surface = cls()
    ranges = (f"{name} from {low:g} to {high:g}" for name, (low, high) in _window(cls))
    yield "Window", ", ".join(ranges)
    yield "Start", _point(cls.start)
    yield "Lowest at", "; ".join(map(_point, surface.minima()))
    yield "Lowest loss", _lowest(surface.lower_bound())


def _window(cls: type[Any]) -> Sequence[tuple[str, tuple[float, float]]]:
    return (("x", cls.xlim), ("y", cls.ylim))


def _point(point: tuple[float, float]) -> str:
    return f"({', '.join(f'{value + 0:g}' for value in point)})"  # + 0: no minus in front of a zero


def _lowest(loss: float | None) -> str:
    if loss is None:
        return "not known"
    if loss == float("-inf"):
        return "none: unbounded below"
    return f"{round(loss, 12):.6g}"  # at Ackley's minimum rounding leaves 4e-16 of 0


def _of_a_network(cls: type[Any]) -> Facts:
    yield "Parameters", f"{cls().num_params():,} with the defaults"


# Settings ----------------------------------------------------------------------------------------


def settings_page() -> str:
    """Every setting that has a name, as it is declared."""
    parts = [
        "# Settings",
        "A setting is declared once; pages, commands, links and files read it there. Its name is "
        "that of the argument in Python and of the parameter of a link.",
        "## A race",
        "The flags are those of `optviz race`.",
        _table(SAID_ANYWHERE, _settings(RaceSpec)),
        "## A training",
        "The flags are those of `optviz train`.",
        _table(SAID_ANYWHERE, _settings(TrainSpec)),
        "## A sweep",
        _table(SAID_IN_PYTHON, (row[:3] for row in _settings(SweepSpec))),
    ]
    return "\n\n".join(parts) + "\n"


SAID_IN_PYTHON = ("setting", "default", "what it does")
SAID_ANYWHERE = (*SAID_IN_PYTHON, "on the page", "flag")


def _settings(cls: type[Any]) -> Iterable[tuple[str, ...]]:
    base = defaults_of(cls)
    for name, choice in choices(cls).items():
        if not choice.label:
            continue
        default = "must be said"
        if name in base:
            default = "none" if base[name] in (None, ()) else f"`{value_text(base[name])}`"
        options = settings(cls)[name].options
        words = "" if options in ((), (False, True)) else f" One of {', '.join(options)}."
        flag = f"`{flags(cls)[name]}`" if name in flags(cls) else "–"
        yield f"`{name}`", default, choice.help + words, choice.label, flag


def _number(value: float) -> str:
    return f"{value:g}".replace("e-0", "e-")


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; '' without rows."""
    lines = [[cell.replace("|", r"\|") for cell in row] for row in rows]
    if not lines:
        return ""
    shown = (heading, ["---"] * len(heading), *lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in shown)
