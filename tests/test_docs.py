"""What the documentation says is so: its code runs, its lists and numbers are those of the package.

MkDocs is not needed here: `make docs` builds the site, and refuses what it cannot draw.
"""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from test_layers import LAYERS, ROOMS

import optviz
from optviz.analysis.race import tuning
from optviz.catalog import describe, knobs, switches
from optviz.optimizers.proofs import proofs
from optviz.specs import RaceSpec, SweepSpec
from optviz.specs.budget import SEARCHED_RATES, SEARCHED_STATES
from optviz.specs.experiment import TrainSpec
from optviz.specs.setting import choices, parameters

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SITE = {str(page.relative_to(ROOT)): page.read_text("utf-8") for page in DOCS.rglob("*.md")}
PAGES = {"README.md": (ROOT / "README.md").read_text("utf-8"), **SITE}
FENCES = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN = sorted(page for page, text in PAGES.items() if "```python" in text)


def module_of(name: str) -> ModuleType:
    spec = spec_from_file_location(f"optviz_docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hooks, read_off = module_of("hooks"), module_of("read_off")


# Code --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_what_it_is(page: str) -> None:
    """A block of Python that no test runs would be one that calls itself something else."""
    text = PAGES[page]
    languages = [language for language, _ in FENCES.findall(text)]
    assert set(languages) <= {"python", "sh", "text"}
    assert text.count("```") == 2 * len(languages)


@pytest.mark.parametrize("page", RUN)
def test_code_runs_as_it_stands(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All blocks of a page in order, in one namespace, each at its own lines for the traceback."""
    monkeypatch.chdir(tmp_path)
    source = ""
    for block in FENCES.finditer(PAGES[page]):
        if block[1] == "python":
            line = PAGES[page].count("\n", 0, block.start(2))
            source += "\n" * (line - source.count("\n")) + block[2]
    code = compile(source, str(ROOT / page), "exec", dont_inherit=True)
    exec(code, {"__name__": "page"})  # noqa: S102
    written = re.findall(r'(?:save|write_html)\("([\w.]+)"\)', source)
    assert all((tmp_path / name).stat().st_size > 0 for name in written)


def test_what_the_tutorial_says_of_its_races() -> None:
    sgd, momentum, adam = optviz.race(
        "ravine", ["sgd", "momentum", "adam"], num_steps=200
    ).steps_to_tolerance
    assert max(momentum, adam) == pytest.approx(sgd / 2, rel=0.2)
    rule = optviz.optimizers.Adam
    rates = {"small": rule(learning_rate=0.01), "large": rule(learning_rate=0.3), "fair": "adam"}
    outcomes = optviz.race("rosenbrock", rates, num_steps=400).outcomes
    assert outcomes.tolist() == ["running", "running", "converged"]
    starts = [[-0.5, -1], [2, 2], [-3, 1]]
    noisy = optviz.race(
        "himmelblau", ["sgd", "momentum"], start=starts, noise=2.0, seed=1, num_steps=200
    )
    assert "left" in noisy.outcomes
    bowl = optviz.surfaces.Ravine(condition=10)
    sgd, momentum = optviz.race(bowl, ["sgd", "momentum"], num_steps=1000).steps_to_tolerance
    assert 0 < sgd < momentum


# What design.md names ----------------------------------------------------------------------------


def table_under(heading: str) -> list[list[str]]:
    """Cells of the first table under a heading of the page on the design, without its head."""
    text = PAGES["docs/design.md"].partition(f"# {heading}\n")[2]
    found = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert found is not None, heading
    rows = [line.strip("|").split("|") for line in found.group().splitlines()[2:]]
    return [[cell.strip() for cell in row] for row in rows]


def names_in(cell: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", cell))


def test_every_layer_stands_in_its_place() -> None:
    rows = table_under("Layers")
    assert [names_in(first) for first, _ in rows] == LAYERS
    assert all(what for _, what in rows)


def test_every_room_stands_in_its_place() -> None:
    rows = table_under("Rooms")
    told = [(names_in(part), names_in(rooms)) for part, rooms, _ in rows]
    assert told == [({part}, rooms) for part, floors in ROOMS.items() for rooms in floors]


def test_every_outcome_has_its_definition() -> None:
    from optviz.analysis.race.convergence import OUTCOMES

    assert [names_in(word) for word, _ in table_under("Definitions")] == [{o} for o in OUTCOMES]


# Numbers -----------------------------------------------------------------------------------------


def says(page: str, sentence: str) -> bool:
    return sentence in " ".join(PAGES[page].split())


def test_proofs_are_counted() -> None:
    records = {key: proofs(key) for key in optviz.OPTIMIZERS}
    all_of_them = [proof for many in records.values() for proof in many]
    page = "docs/proven.md"
    assert says(page, f"The {len(records)} rules have {len(all_of_them)} comparisons between them")
    allowed, found = (max(getattr(p, n) for p in all_of_them) for n in ("tolerance", "error"))
    told = f"No comparison allows more than {allowed:g}, and the largest error that was found is "
    assert says(page, (told + f"{found:g}.").replace("e-0", "e-"))


def test_the_search_for_fair_rates_is_told_exactly() -> None:
    low, high = tuning.GRID[0], tuning.GRID[-1]
    around, many = 2 * tuning.PARTS - 2, SEARCHED_STATES // 2048
    page = "docs/fair.md"
    assert f"{low:g} {high:g}" == "0.0001 1000"
    assert says(page, f"{len(tuning.GRID)} rates from 1e-4 to 1e3 in equal ratios, five in each")
    assert round(tuning.RATIO**5, 9) == 10
    assert says(page, f"{around} more around the best of those")
    assert len(tuning.around(1.0)) == around
    assert len(tuning.GRID) + 1 + around == SEARCHED_RATES
    assert says(page, f"at least {2 * tuning.LOOK} steps, every rate runs {tuning.LOOK} steps")
    assert says(page, f"more than {tuning.LONGEST_STEP:.0%} of the window")
    assert says(page, f"all of {many} starts for up to 2,047 steps, and at one for 100,000")


# The gallery -------------------------------------------------------------------------------------

GALLERY = read_off.gallery()
SHELVES = {
    "gallery/rules.md": optviz.OPTIMIZERS,
    "gallery/surfaces.md": optviz.SURFACES,
    "gallery/schedules.md": optviz.SCHEDULES,
    "gallery/networks.md": optviz.NETWORKS,
}
ENTRIES = [(page, key) for page, catalogue in SHELVES.items() for key in catalogue]


@pytest.mark.parametrize(("page", "key"), ENTRIES, ids=[key for _, key in ENTRIES])
def test_an_entry_is_told_whole(page: str, key: str) -> None:
    cls = SHELVES[page][key]
    text = describe(cls)
    sections = re.split(r"^#{2,3} ", GALLERY[page], flags=re.MULTILINE)
    (section,) = (part for part in sections if part.startswith(f"{cls.label} {{ #{key} }}\n"))
    told = " ".join(section.split())
    for said in (text.summary, text.in_words, text.cost, text.memory, text.citation, *text.links):
        assert said in told
    assert str(text.year or "") in told
    for part in text.parts:
        pieces = part.text.split(r"\qquad") if part.is_math else [part.text]
        assert all(piece.strip() in told for piece in pieces)
    for name, info in {**knobs(cls), **switches(cls)}.items():
        assert f"| `{name}` |" in told
        assert info.help.replace("|", r"\|") in told
    for variant in text.variants:
        assert f"| {variant.what} | {variant.who} |" in told
    assert f"(#{key})" in sections[0], "not in the overview"
    for proof in proofs(key):
        assert proof.reference.replace("|", r"\|") in told


def test_tables_are_whole() -> None:
    for page, text in {**GALLERY, "settings": SETTINGS}.items():
        for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
            widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
            assert len(widths) == 1, (page, table)


def test_links_within_a_page_lead_somewhere() -> None:
    for text in GALLERY.values():
        targets = set(re.findall(r"\{ #(\w+) \}$", text, re.MULTILINE))
        assert set(re.findall(r"\]\(#(\w+)\)", text)) <= targets


SETTINGS = read_off.settings_page()


@pytest.mark.parametrize("cls", [RaceSpec, TrainSpec, SweepSpec])
def test_every_setting_that_has_a_name_is_told(cls: type) -> None:
    for name, choice in choices(cls).items():
        if choice.label:
            rows = re.findall(rf"^\| `{name}` \|.*$", SETTINGS, re.MULTILINE)
            assert any(choice.help.replace("|", r"\|") in row for row in rows), name
            assert parameters(cls)[name] == name, "the page says that a link has it by this name"


# The site ----------------------------------------------------------------------------------------


def test_the_public_interface_is_documented() -> None:
    pages = "\n".join(text for name, text in SITE.items() if name.startswith("docs/api/"))
    documented = set(re.findall(r"^::: optviz(?:\.\w+)*\.(\w+)$", pages, re.MULTILINE))
    named = set(re.findall(r"`optviz\.(\w+)`", pages))
    assert set(optviz.__all__) - documented - named == set()


def test_nothing_is_loaded_from_another_host() -> None:
    sources = {**SITE, "style.css": (DOCS / "style.css").read_text("utf-8"), **GALLERY}
    for name, text in sources.items():
        assert hooks.foreign(text) == [], name
        assert not re.search(r"!\[[^\]]*\]\((?:https?:)?//", text), name
    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    assert "\n  font: false\n" in settings
    assert "//" not in settings


@pytest.mark.parametrize(
    ("html", "count"),
    [
        ('<script src="https://example.org/a.js"></script>', 1),
        ('<script async src="//example.org/a.js"></script>', 1),
        ('<link rel="stylesheet" href="https://example.org/a.css">', 1),
        ("<img alt='' src='http://example.org/a.png'>", 1),
        ("@font-face { src: url(https://example.org/a.woff2) }", 1),
        ('@import "https://example.org/a.css";', 1),
        ('<a href="https://example.org">a source</a>', 0),
        ('<script src="assets/a.js"></script><img src="race.png">', 0),
    ],
)
def test_loads_are_told_from_links(html: str, count: int) -> None:
    assert len(hooks.foreign(html)) == count
    page = SimpleNamespace(file=SimpleNamespace(src_uri="a.md"))
    if count:
        with pytest.raises(ValueError, match=r"a\.md loads from another host"):
            hooks.on_post_page(html, page=page)
    else:
        assert hooks.on_post_page(html, page=page) == html


def test_equations_are_drawn_where_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a drawer that says what it was asked for; the real one is not installed with tests."""
    page = SimpleNamespace(file=SimpleNamespace(src_uri="a.md"))
    html = (
        r'<p>a <span class="arithmatex">\(x &lt; 1\)</span> b</p>'
        '<div class="arithmatex">\\[\ny = 2\n\\]</div>'
    )
    monkeypatch.setattr(hooks, "mathml", lambda source, display: f"[{source.strip()}|{display}]")
    drawn = hooks.on_page_content(html, page=page)
    assert drawn == (
        '<p>a <span class="equation">[x < 1|inline]</span> b</p>'
        '<div class="equation">[y = 2|block]</div>'
    )

    def refuse(source: str, display: str) -> str:
        raise ValueError("unknown commands")

    monkeypatch.setattr(hooks, "mathml", refuse)
    with pytest.raises(ValueError, match=r"a\.md: cannot draw the equation"):
        hooks.on_page_content(html, page=page)
