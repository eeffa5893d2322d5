"""Colours that stay, stay apart and stay readable; a bundle that stands alone."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from optviz.figures import theme
from optviz.player import assets, bundle


def luminance(color: str) -> float:
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def hue_name(color: str) -> str:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    if red > 1.5 * max(green, blue):
        return "red"
    return "green" if green > max(red, blue) else "violet" if blue > red > green else "other"


@pytest.mark.parametrize(
    ("key", "hue"), [("sgd", "red"), ("momentum", "green"), ("nesterov", "violet")]
)
def test_the_lectures_colours(key: str, hue: str) -> None:
    style = theme.style_of(key)
    assert hue_name(style.color) == hue
    assert hue_name(style.dark_color) == hue


def test_every_colour_stands_out_from_its_page() -> None:
    for key in theme._PLACES[:10]:
        style = theme.style_of(key)
        assert contrast(style.color, theme.LIGHT.background) >= 3
        assert contrast(style.dark_color, theme.DARK.background) >= 3


def test_no_two_runs_look_alike() -> None:
    known = [theme.style_of(key) for key in theme._PLACES]
    for a, b in itertools.combinations(known, 2):
        assert (a.color, a.dash) != (b.color, b.dash)
        assert (a.color, a.marker) != (b.color, b.marker)
    twice = theme.styles_of(["adam"] * 8 + ["my_rule", "your_rule"] * 4)
    assert len(set(twice)) == len(twice)


def test_a_look_depends_on_nothing_but_the_key() -> None:
    assert theme.styles_of(["lion", "sgd"])[1] == theme.styles_of(["sgd", "adam"])[0]
    assert theme.style_of("a plug-in") == theme.style_of("a plug-in")


def test_the_sequential_map_gets_evenly_lighter_and_js_has_the_same() -> None:
    source = (bundle.SOURCES / "canvas" / "palette.js").read_text(encoding="utf-8")
    for name in ("SEQUENTIAL_LIGHT", "SEQUENTIAL_DARK"):
        table = getattr(theme, name)
        steps = np.diff([luminance(color) ** (1 / 3) for color in table])
        assert (steps > 0.01).all()
        assert steps.max() < 2.5 * steps.min()
        written = re.search(rf"{name} = \[(.*?)\]", source, re.S)
        assert written
        assert tuple(re.findall(r"#\w{6}", written[1])) == table


def test_the_bundle_stands_alone() -> None:
    html, css, js = assets()
    assert "optviz-host" in html
    assert not re.search(r"^\s*import\b", js, re.M)
    assert js.count("export default") == 1
    for text in (css, js):
        assert "http" not in text
        assert "url(" not in text


def test_sources_are_short() -> None:
    for path in filter(Path.is_file, bundle.SOURCES.rglob("*")):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 300, path.name
        assert max(map(len, lines)) <= 100, path.name


def test_clashing_names_are_refused(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "main.js").write_text('import { a } from "./a.js";\nconst b = a;\n')
    (tmp_path / "a.js").write_text("const b = 1;\nexport const a = 2;\n")
    monkeypatch.setattr(bundle, "SOURCES", tmp_path)
    with pytest.raises(ValueError, match=r"b is declared in a\.js and in main\.js"):
        bundle.bundle_js()
    (tmp_path / "main.js").write_text('import { c } from "./a.js";\n')
    with pytest.raises(ValueError, match="does not export"):
        bundle.bundle_js()


def test_modules_of_other_folders_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("data", "map"):
        (tmp_path / folder).mkdir()
    (tmp_path / "main.js").write_text('import { b } from "./map/a.js";\nexport default b;\n')
    (tmp_path / "map" / "a.js").write_text(
        'import { a } from "../data/a.js";\nexport const b = a;\n'
    )
    (tmp_path / "data" / "a.js").write_text("export const a = 1;\n")
    monkeypatch.setattr(bundle, "SOURCES", tmp_path)
    order = re.findall(r"^// (\S+)$", bundle.bundle_js(), re.M)
    assert order == ["data/a.js", "map/a.js", "main.js"]
    (tmp_path / "map" / "alone.js").write_text("export const c = 1;\n")
    with pytest.raises(ValueError, match=r"not reached from main\.js: map/alone\.js"):
        bundle.bundle_js()


def test_comments_go_and_the_code_between_them_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "main.js").write_text(
        "/** @import { A } from './a.js' */\n\n// why\nclass B {\n  /** @type {A} */ a;\n"
        "  // before\n  /** @param {A} a */\n  set(a) {\n"
        "    this.b = /** @type {A} */ (a);\n  }\n}\n"
    )
    monkeypatch.setattr(bundle, "SOURCES", tmp_path)
    text = "class B {\n  a;\n  set(a) {\n    this.b = (a);\n  }\n}\n"
    assert bundle.bundle_js() == f"// main.js\n{text}"
