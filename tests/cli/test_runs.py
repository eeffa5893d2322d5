"""`optviz runs`: what was trained, from a shell."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from optviz.cli import main
from optviz.export import curves as written_curves
from optviz.runs import jobs

TRAIN = ["train", "--network", "linear", "--limit", "300", "--batch-size", "20"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPTVIZ_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command prints."""
    assert main(arguments) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def listed(capsys: pytest.CaptureFixture[str], *more: str) -> list[dict[str, Any]]:
    return json.loads(asked(capsys, "runs", "list", "--json", *more))


def curves(text: str) -> list[list[dict[str, Any]]]:
    """The epochs of every run, but for the time that they took."""
    return [
        [{k: v for k, v in epoch.items() if k != "seconds"} for epoch in run["epochs"]]
        for run in json.loads(text)["runs"]
    ]


def test_listed_renamed_deleted_and_brought_back(capsys: pytest.CaptureFixture[str]) -> None:
    asked(capsys, *TRAIN, "-O", "adam", "--epochs", "1")
    (training,) = listed(capsys)
    assert {"id", "status", "pid", "spec"} <= training.keys()
    assert (training["status"], training["pid"]) == ("finished", None)
    assert training["spec"]["network"] == "linear"
    assert training["environment"]["versions"]["jax"]
    asked(capsys, "runs", "rename", training["id"], "the first")
    assert "the first" in asked(capsys, "runs", "list", "--search", "first adam")
    assert asked(capsys, "runs", "list", "--search", "momentum") == ""
    shown = asked(capsys, "runs", "show", training["id"])
    assert "the first" in shown
    assert "Adam" in shown
    asked(capsys, "runs", "delete", training["id"])
    assert listed(capsys) == []
    assert [t["id"] for t in listed(capsys, "--deleted")] == [training["id"]]
    asked(capsys, "runs", "restore", training["id"])
    assert len(listed(capsys)) == 1


def test_killed_and_resumed_to_the_same_curve(capsys: pytest.CaptureFixture[str]) -> None:
    """kill -9 in the middle; what `resume` prints is what `train` would have printed."""
    train = [*TRAIN, "-O", "adam", "-O", "momentum", "--epochs", "12", "--json"]
    train += ["--checkpoint-every", "7", "--deterministic"]
    child = subprocess.Popen(
        [sys.executable, "-m", "optviz", *train],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={n: v for n, v in os.environ.items() if "PROMOTION" not in n},
    )
    assert child.stderr is not None
    while "epoch 3" not in child.stderr.readline():
        assert child.poll() is None
    (training,) = listed(capsys)
    assert (training["status"], training["pid"]) == ("running", child.pid)
    os.kill(training["pid"], signal.SIGKILL)
    child.wait()
    child.stderr.close()
    assert listed(capsys)[0]["status"] == "dead"
    environment = {n: v for n, v in os.environ.items() if "PROMOTION" not in n}
    resumed = subprocess.run(
        [sys.executable, "-m", "optviz", "runs", "resume", training["id"], "--json"],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    whole = subprocess.run(
        [sys.executable, "-m", "optviz", *train],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert curves(resumed.stdout) == curves(whole.stdout)
    assert len(curves(whole.stdout)[0]) == 12
    again = asked(capsys, "runs", "resume", training["id"], "--json")
    assert curves(again) == curves(whole.stdout)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["show", "nothing"], "there is no training 'nothing'"),
        (["resume", "20200101-000000-00000000"], "there is no training '20200101-000000-00000000'"),
        (["rename", "x", ""], "there is no training 'x'"),
        (["import", "nowhere.sqlite"], "there is no store nowhere.sqlite"),
        (["fly"], "argument ACTION: invalid choice: 'fly'"),
        ([], "the following arguments are required: ACTION"),
        (["export", "x"], "the following arguments are required: --out"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], arguments: list[str], line: str) -> None:
    assert main(["runs", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"optviz: {line}")
    assert err.count("\n") == 1


def test_imported_from_another_machine(
    capsys: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(capsys, *TRAIN, "-O", "adam", "--epochs", "1")
    (there,) = listed(capsys)
    monkeypatch.setenv("OPTVIZ_HOME", str(home.with_name("elsewhere")))
    assert listed(capsys) == []
    asked(capsys, "runs", "import", str(home))
    (here,) = listed(capsys)
    assert here == there
    assert time.time() - here["created"] < 600


def test_one_file_that_cannot_be_written_keeps_no_other_from_it(monkeypatch, capsys, tmp_path):
    def write(result, path):
        if result == "a":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        path.write_text(result, encoding="utf-8")

    monkeypatch.setattr(jobs, "result", lambda number: number)
    monkeypatch.setattr(written_curves, "write", write)
    assert main(["runs", "export", "a", "b", "--out", str(tmp_path / "c.csv")]) == 2
    assert (tmp_path / "c-b.csv").read_text(encoding="utf-8") == "b"
    (refused,) = [x for x in capsys.readouterr().err.splitlines() if x.startswith("optviz:")]
    assert "No space left on device" in refused
