"""Command lines that make no sense, terminals that cannot show it, and readers that go away."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from optviz.cli import main
from optviz.cli.output import MOST, line_of

RAVINE = ("race", "ravine", "-O", "sgd")
LINEAR = ("train", "--network", "linear")
REFUSED = [
    *[("train", "--data", data) for data in ("~nobody/x", "\x00", "a\x00b", "\udcff", "/dev/null")],
    *[(*LINEAR, "--epochs", number) for number in ("x", "1e9", "0", "-1", "nan", "1.5")],
    *[(*LINEAR, "--batch-size", "0"), (*LINEAR, "--validation", "2"), (*LINEAR, "--limit", "0")],
    *[(*LINEAR, "--out", name) for name in ("x", "/dev", "/nowhere/x.json", "x.csv")],
    *[(*LINEAR, "--out", name) for name in ("x\x00.json", f"{'x' * 300}.json")],
    *[(*LINEAR, "--vary", text) for text in ("x", "=|", "epochs=", "run.nothing=1", "|")],
    *[(*LINEAR, "--schedule", "x"), (*LINEAR, "--precision", "x"), (*LINEAR, "--crop", "99")],
    *[(*LINEAR, "--normalise", "x"), (*LINEAR, "--checkpoint-every", "0"), (*LINEAR, "x")],
    *[("train", "--network", text) for text in ("", "mlp:hidden=9x9x0", "mlp:hidden", ":")],
    *[("race", "ravine", text) for text in ("-O=--", "-O--", "--steps=--", "--bogus", "-x")],
    *[("race", "ravine", "-O", text) for text in ("", "@", "#", "sgd@", "sgd@~", "\udcff", "sgd,")],
    *[("race", "ravine", "-O", f"sgd#{text}") for text in ("\x00", "\udcff", "\u202e", "x" * 121)],
    *[(*RAVINE, "--steps", text) for text in ("1e999", "nan", "", "x", "1e30", "-1", "9" * 5000)],
    *[(*RAVINE, "--seed", "-1"), (*RAVINE, "--noise", "inf"), (*RAVINE, "--tolerance", "-1")],
    *[(*RAVINE, "--dtype", "float16"), (*RAVINE, "--rates", "x"), (*RAVINE, "--xlim", "1,2")],
    *[(*RAVINE, f"--start={text}") for text in ("", ";", "nan,1", "1,2,3", "a,b", "1;2")],
    *[
        (*RAVINE, "--out", name)
        for name in ("", "/", ".", "/dev", "x\x00.html", f"{'x' * 300}.html")
    ],
    *[("race", text) for text in ("", ":", "ravine:condition", "ravine:condition=x", "\udcff")],
    *[("race",), ("race", "ravine", "--expression", "x"), ("race", "--", "--x")],
    *[
        ("race", "--expression", text)
        for text in ("", "1if x else y", "x # a", "import os", "x" * 999)
    ],
    *[("race", "--expression", "x", f"--xlim={text}") for text in ("1", "2,1", "1,1", "1,inf", "")],
    *[(), ("",), ("--",), ("-",), ("--x",), ("\udcff",), ("rase",), ("list", "x"), ("list", "--x")],
    *[("bench", "x"), ("bench", "race", "--out", "/nowhere/x.json"), ("bench", "--out", "x.txt")],
    *[("check",), ("check", "ravine", "--at", "x"), ("check", "--network", "x"), ("check", "x")],
    *[("check", "ravine", "--lines", "1"), ("check", "ravine", "--out", "/dev")],
    *[("check", "--network", "linear", f"--lines={text}") for text in ("-1", "x", "1e9")],
    *[
        ("check", "--network", "linear", "--loss", "x"),
        ("check", "--network", "linear", "--at=1,1"),
    ],
    *[("app", "--port", text) for text in ("x", "0", "99999", "", "1.5")],
    *[("app", "--plugin", text) for text in ("/dev", "\x00", "nowhere.py")],
    *[("runs",), ("runs", "x"), ("runs", "show"), ("runs", "compare"), ("runs", "export", "x")],
    *[("runs", verb, "x") for verb in ("show", "delete", "restore", "resume", "stop", "compare")],
    *[("runs", "show", text) for text in ("../../etc", "\x00", "\udcff", "x" * 9999)],
    *[("runs", "import", text) for text in ("/nowhere", "", "\x00", "/dev/null", "~nobody/x")],
    *[("runs", "rename", "x", "y"), ("runs", "export", "x", "--out", "/nowhere/x.csv")],
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTVIZ_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("arguments", REFUSED, ids=lambda a: ascii(" ".join(a))[:60])
def test_a_senseless_command_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("optviz: ")
    assert err.count("\n") == 1
    assert len(err) < MOST
    assert err.strip().isprintable()
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == []


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
@pytest.mark.parametrize(
    "arguments",
    [("list",), ("check", "ravine"), ("train", "--help"), ("runs", "list"), ("--help",)],
    ids=" ".join,
)
def test_a_terminal_gets_what_it_can_show(
    monkeypatch: pytest.MonkeyPatch, encoding: str, arguments: tuple[str, ...]
) -> None:
    raw = io.BytesIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
        with suppress(SystemExit):  # of --help
            assert main(arguments) == 0
        sys.stdout.flush()
        shown = raw.getvalue().decode(encoding)
    assert shown.count("\n") > 10 or arguments == ("runs", "list")


def test_results_that_nobody_can_take() -> None:
    """A full disk, a stream that was closed, a reader that left, a platform that is none."""
    script = f"""
        run() {{ {sys.executable} -m optviz "$@"; }}
        run list > /dev/full; echo "full $?" >&2
        run list >&-; echo "closed $?" >&2
        run --help | head -c 1 > /dev/null; echo "left ${{PIPESTATUS[0]}}" >&2
        JAX_PLATFORMS=wrong run race ravine -O sgd --steps 2; echo "platform $?" >&2
    """
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=False, env=os.environ
    )
    said = done.stderr.splitlines()
    assert said[:2] == ["optviz: [Errno 28] No space left on device", "full 2"]
    assert said[2:4] == ["closed 0", "left 0"]
    assert said[4].startswith("optviz: JAX_PLATFORMS: Unable to initialize backend 'wrong'")
    assert said[5:] == ["platform 2"]


@pytest.mark.parametrize("name", ["home", "/dev/null/x"])
def test_a_home_that_is_none_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / "home").write_text("a file")
    monkeypatch.setenv("OPTVIZ_HOME", str(tmp_path / name))
    for arguments in (("runs", "list"), (*LINEAR, "--limit", "64", "--epochs", "1")):
        assert main(arguments) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_a_line_of_an_error_is_short_and_can_be_printed() -> None:
    assert line_of(ValueError("a\n  b\u202e\x00")) == "a b\\u202e\\u0000"
    assert line_of(ValueError()) == "ValueError"
    assert len(line_of(ValueError("x" * 10**6))) <= MOST
    assert line_of(FileNotFoundError(2, "none", "x" * 999)) == f"none: '{'x' * 99}…'"
