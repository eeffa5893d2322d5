"""`optviz app`: one process that ends when it is told to, and plug-ins that fail."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from optviz.cli import main
from optviz.optimizers import OPTIMIZERS
from optviz.ui import plugin

ENDS = {"TERM": 143, "HUP": 129, "INT": 0, "KILL": -9}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_app_is_one_process_and_ends_as_it_is_told(tmp_path: Path) -> None:
    relaxed = {name: value for name, value in os.environ.items() if "PROMOTION" not in name}
    ports, apps = {}, {}
    for name in ENDS:
        ports[name] = free_port()
        apps[name] = subprocess.Popen(
            [sys.executable, "-m", "optviz", "app", "--port", str(ports[name])],
            cwd=tmp_path,
            env=relaxed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        for name, port in ports.items():
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health").close()
                    break
                except (urllib.error.URLError, ConnectionError):
                    assert apps[name].poll() is None
                    time.sleep(0.1)
        for name, code in ENDS.items():
            apps[name].send_signal(getattr(signal, f"SIG{name}"))
            said, _ = apps[name].communicate(timeout=30)
            assert apps[name].returncode == code
            assert said.splitlines() == [
                f"optviz runs at http://127.0.0.1:{ports[name]} (stop it with Ctrl-C)"
            ]
            with socket.socket() as again:  # nobody is left on it
                again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                again.bind(("127.0.0.1", ports[name]))
    finally:
        for app in apps.values():
            app.kill()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1\n1 / 0\n", "line 2: ZeroDivisionError: division by zero"),
        ("x = (\n", "line 1: SyntaxError"),
        ("import optviz.nothing_like_it\n", "line 1: ModuleNotFoundError"),
        ("def f():\n    raise RuntimeError('a\\nb')\n\nf()\n", "line 2: RuntimeError: a"),
        ("import sys\nsys.exit('no')\n", "line 2: SystemExit: no"),
        ("import json\njson.loads('{')\n", "line 2: json.decoder.JSONDecodeError"),
        ("a = 1\n\x00\n", "ValueError|SyntaxError"),
    ],
)
def test_a_plug_in_that_fails_is_one_line_with_its_place(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, told: str
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=told) as error:
        plugin.load_plugin(file)
    assert str(file) in str(error.value)


def test_a_plug_in_is_loaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OPTIMIZERS, "_entries", dict(OPTIMIZERS))
    file = tmp_path / "once.py"
    file.write_text(
        "from optviz.optimizers.sgd import SGD\nclass Mine(SGD):\n    name = 'mine'\n", "utf-8"
    )
    plugin.load_plugin(file)
    first = OPTIMIZERS["mine"]
    plugin.load_plugin(file)
    assert OPTIMIZERS["mine"] is first


@pytest.mark.parametrize("name", ["", "a b", "http://a.org", "*", "a/b", "ü.org", "*.org"])
def test_names_that_are_none_are_refused(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["app", "--allow-host", name]) == 2
    assert "--allow-host must be" in capsys.readouterr().err
