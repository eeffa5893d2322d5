"""Imports point one way: the parts of the house as `DESIGN` draws them, read off the sources.

catalog, folders, kept → optimizers, surfaces, schedules, networks, data (which do not import each
other) → specs → engine → runs, analysis → figures, player, export → api → ui, cli → app.py, pages
"""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = [
    {"catalog", "folders", "kept"},
    {"optimizers", "surfaces", "schedules", "networks", "data"},
    {"specs"},
    {"engine"},
    {"runs", "analysis"},
    {"figures", "player", "export"},
    {"api"},
    {"__init__"},  # the public interface, as users import it
    {"benchmarks"},
    {"ui", "cli", "__main__"},
    {"app", "pages"},
]
RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}
SEPARATE = LAYERS[1]  # these do not import each other
FILES = sorted([*(ROOT / "optviz").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"])


def part_of(path: Path) -> str:
    """The part of the house that a file belongs to."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == "optviz" else parts[0]


def imported(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """(line, module) of every import, inside functions too, but not of those for types only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for other in node.orelse:
                yield from imported(ast.Module([other], []), package)
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *filter(None, [base])])
            # `from optviz import surfaces` imports a module, `from optviz.api import race` a name.
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield node.lineno, name.value
        yield from imported(node, package)


def arrows(source: str, package: str = "optviz") -> list[tuple[int, str]]:
    """(line, part) for every import of a part of the house."""
    found = []
    for line, module in imported(ast.parse(source), package):
        names = module.split(".")
        if names[0] == "optviz":
            inner = names[1] if len(names) > 1 else "__init__"
            found.append((line, inner if inner in RANK else "__init__"))
        elif names[0] in ("app", "pages"):
            found.append((line, names[0]))
    return found


def faults(part: str, source: str, package: str = "optviz") -> list[str]:
    wrong = []
    for line, target in arrows(source, package):
        up = RANK[target] > RANK[part]
        across = {part, target} <= SEPARATE and part != target
        if up or across:
            wrong.append(f"line {line}: {part} imports {target}")
    return wrong


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path):
    package = ".".join(path.relative_to(ROOT).parent.parts)
    assert part_of(path) in RANK, "a new part of the house has no place in LAYERS"
    assert faults(part_of(path), path.read_text("utf-8"), package) == []


# Inside a part: its rooms, the lower ones first; those of one set do not look into each other.
# Files that are named nowhere stand beside all rooms and look into none.
ROOMS = {
    "engine": [{"machine"}, {"factors"}, {"surfaces", "training"}],
    "analysis": [{"gradient", "race", "training"}],
    # What pages share, then a room for each page. A training is opened from the list on the page
    # Networks, so Trainings stands above it.
    "ui": [
        {"parts", "training"},
        {"race", "schedules", "networks", "optimizers", "gradient_check"},
        {"trainings"},
    ],
}
FLOORS = {
    part: {room: floor for floor, rooms in enumerate(floors) for room in rooms}
    for part, floors in ROOMS.items()
}
INSIDE = [path for part in ROOMS for path in sorted((ROOT / "optviz" / part).rglob("*.py"))]


def room_of(part: str, module: str) -> str | None:
    """The room of a module of this part; None: it stands beside all of them, or elsewhere."""
    names = module.split(".")
    room = names[2] if names[:2] == ["optviz", part] and len(names) > 2 else None
    return room if room in FLOORS[part] else None


def wrong_ways(part: str, room: str | None, source: str) -> list[str]:
    found, floors = [], FLOORS[part]
    for line, module in imported(ast.parse(source), f"optviz.{part}"):
        other = room_of(part, module)
        if other not in (None, room) and (room is None or floors[other] >= floors[room]):
            found.append(f"line {line}: {room} imports {other}")
    return found


@pytest.mark.parametrize("path", INSIDE, ids=lambda p: str(p.relative_to(ROOT / "optviz")))
def test_rooms_of_a_part_do_not_look_into_each_other(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    part = module.split(".")[1]
    rooms = {folder.parent.name for folder in (ROOT / "optviz" / part).glob("*/__init__.py")}
    assert rooms <= set(FLOORS[part]), "a new room has no floor in ROOMS"
    if path.parent.name == part and path.name == "__init__.py":
        return  # the face of the part
    assert wrong_ways(part, room_of(part, module), path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("part", "room", "source", "count"),
    [
        ("ui", "race", "from optviz.ui.schedules.view import view", 1),
        ("ui", "race", "from optviz.ui import schedules", 1),
        ("ui", "parts", "from optviz.ui.training import table", 1),
        ("ui", "trainings", "from optviz.ui.networks.session import JOB", 0),
        ("ui", "networks", "from optviz.ui.trainings.row import row", 1),
        ("ui", "race", "from optviz.ui.parts import controls", 0),
        ("ui", "race", "from optviz.ui import frame", 0),
        ("ui", None, "from optviz.ui.parts import controls", 1),
        ("engine", "surfaces", "from optviz.engine.training.track import Track", 1),
        ("engine", "machine", "from optviz.engine import factors", 1),
        ("engine", "training", "from optviz.engine.factors import factors_of", 0),
        ("analysis", "race", "from optviz.analysis.training import curves", 1),
    ],
)
def test_a_look_into_another_room_is_found(
    part: str, room: str | None, source: str, count: int
) -> None:
    assert len(wrong_ways(part, room, source)) == count


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_streamlit_is_imported_by_the_ui_only(path):
    modules = [module for _, module in imported(ast.parse(path.read_text("utf-8")), "optviz")]
    if part_of(path) not in ("ui", "app", "pages"):
        assert not [m for m in modules if m.split(".")[0] == "streamlit"]


@pytest.mark.parametrize(
    ("part", "source", "count"),
    [
        ("engine", "from optviz.api import race", 1),
        ("engine", "from optviz.catalog import entry", 0),
        ("engine", "import optviz.ui.frame", 1),
        ("engine", "from optviz import figures", 1),
        ("engine", "import optviz", 1),
        ("engine", "def f():\n    from optviz.export import html", 1),
        ("engine", "if TYPE_CHECKING:\n    from optviz.api import Race", 0),
        ("engine", "if TYPE_CHECKING:\n    pass\nelse:\n    from optviz.api import Race", 1),
        ("engine", "import_module('optviz.api')", 1),
        ("surfaces", "from optviz.optimizers import OPTIMIZERS", 1),
        ("surfaces", "from optviz.surfaces.base import Surface", 0),
        ("catalog", "from optviz.surfaces import SURFACES", 1),
        ("ui", "from optviz.cli import main", 0),
        ("ui", "from pages import race", 1),
        ("api", "import json, optviz.cli", 1),
    ],
)
def test_this_test_can_tell(part, source, count):
    assert len(faults(part, source)) == count


def test_relative_imports_are_seen():
    assert faults("engine", "from ..api import race", "optviz.engine") == [
        "line 1: engine imports api"
    ]
    assert faults("engine", "from .precision import cast", "optviz.engine") == []


HEAVY = ("streamlit", "plotly", "matplotlib", "flax", "optax", "torch", "PIL", "sympy")


def loaded_by(code: str) -> list[str]:
    code += "\nimport sys, json; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    loaded = json.loads(done.stdout.splitlines()[-1])
    return [name for name in HEAVY if name in loaded]


def test_importing_optviz_loads_no_pictures_and_no_networks():
    assert loaded_by("import optviz") == []


def test_a_race_loads_no_pictures_and_no_networks():
    assert loaded_by("import optviz; optviz.race('ravine', ['sgd', 'adam'], num_steps=3)") == []
