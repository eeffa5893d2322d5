"""What travels in the wheel: app.py, pages/ and the player, so that `optviz app` works anywhere."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from optviz.player.bundle import SOURCES

ROOT = Path(__file__).parents[1]


def test_the_wheel_has_the_app_and_the_player(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    pages = {f"optviz/_app/pages/{page.name}" for page in (ROOT / "pages").glob("*.py")}
    assert {"optviz/_app/app.py", *pages} <= names
    sources = {path.relative_to(ROOT).as_posix() for path in SOURCES.rglob("*") if path.is_file()}
    assert sources <= names
    assert "optviz/ui/icon.png" in names
    assert not any(name.startswith("tests/") for name in names)
    folder = tmp_path / "unpacked"
    zipfile.ZipFile(wheel).extractall(folder)
    script = (
        "from optviz.cli.commands.app import entry_script; print(entry_script());"
        "from optviz.player import assets; assert all(assets())"
    )
    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(found.stdout.strip()) == folder / "optviz" / "_app" / "app.py"
