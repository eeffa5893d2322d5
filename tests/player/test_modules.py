"""The player's modules point one way: the folders of `js/`, read off the imports."""

import re

import pytest

from optviz.player.bundle import SOURCES, imports

# The lower ones first; those of one set do not look into each other. What stands in no folder
# stands above them all.
FLOORS = [{"data"}, {"canvas", "input"}, {"map", "curves"}, {"shell"}, {""}]
RANK = {folder: rank for rank, folders in enumerate(FLOORS) for folder in folders}
MODULES = sorted(path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*.js"))


def folder_of(module: str) -> str:
    return module.rpartition("/")[0]


def faults(module: str, text: str) -> list[str]:
    """Its imports from a folder that is not below its own, those of types in comments too."""
    here = folder_of(module)
    as_code = re.sub(r"^/\*\* @(import .*) \*/$", r"\1;", text, flags=re.M)
    return [
        f"{module} imports {other}"
        for _, other in imports(module, as_code)
        if folder_of(other) != here and RANK[folder_of(other)] >= RANK[here]
    ]


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module: str) -> None:
    assert folder_of(module) in RANK, "a new folder has no place in FLOORS"
    assert faults(module, (SOURCES / module).read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source", "count"),
    [
        ("data/axis.js", 'import { rgba } from "../canvas/palette.js";\n', 1),
        ("map/panel.js", 'import { grid } from "../curves/grid.js";\n', 1),
        ("map/panel.js", 'import { clamp } from "../data/scales.js";\n', 0),
        ("map/panel.js", 'import { inside } from "./base.js";\n', 0),
        ("shell/legend.js", 'import { Player } from "../player.js";\n', 1),
        ("data/axis.js", '/** @import { Rgb } from "../canvas/palette.js" */\n', 1),
        ("player.js", 'import { Legend } from "./shell/legend.js";\n', 0),
        ("player.js", 'import { placePanels } from "./panels.js";\n', 0),
    ],
)
def test_an_arrow_that_points_up_is_found(module: str, source: str, count: int) -> None:
    assert len(faults(module, source)) == count


def test_no_import_is_overlooked() -> None:
    for module in MODULES:
        text = (SOURCES / module).read_text("utf-8")
        assert len(re.findall(r"^import\b", text, re.M)) == len(imports(module, text)), module
        assert text.count("@import") == len(re.findall(r"^/\*\* @import .* \*/$", text, re.M)), (
            module
        )
    assert len(MODULES) > len(FLOORS)
