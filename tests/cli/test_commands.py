"""The command line as a shell sees it: output, exit codes, one line of error."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import optviz
from optviz.cli import main


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, as users have it."""
    environment = {n: v for n, v in os.environ.items() if "PROMOTION" not in n}
    return subprocess.run(
        [sys.executable, "-m", "optviz", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        timeout=300,
        check=False,
    )


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a command with bad input prints."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("optviz: ")
    return err


def test_a_race_in_every_form(tmp_path: Path) -> None:
    outs = [f"race{suffix}" for suffix in (".html", ".csv", ".json", ".png")]
    done = run(
        *("race", "rosenbrock", "-O", "adam:learning_rate=0.05", "-O", "momentum"),
        *("--schedule", "cosine", "--start=-1.2,1", "--steps", "60"),
        *(word for out in outs for word in ("--out", out)),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "Momentum" in done.stdout
    record = json.loads((tmp_path / "race.json").read_text())
    assert record["labels"] == ["Adam", "Momentum"]
    assert np.shape(record["params"]) == (2, 61, 2)
    assert np.shape(record["learning_rates"]) == (2, 60)
    race = optviz.race(
        "rosenbrock",
        [optviz.optimizers.Adam(learning_rate=0.05), "momentum"],
        schedule="cosine",
        start=(-1.2, 1),
        num_steps=60,
    )
    np.testing.assert_array_equal(record["losses"], race.losses)
    rows = list(csv.DictReader((tmp_path / "race.csv").read_text().splitlines()))
    assert len(rows) == 2 * 61
    assert float(rows[-1]["loss"]) == pytest.approx(race.losses[1, -1])
    assert (tmp_path / "race.png").read_bytes().startswith(b"\x89PNG")
    assert "optviz-player" in (tmp_path / "race.html").read_text()


def test_json_on_stdout_is_strict(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["race", "--expression", "x**2 - y**2", "-O", "sgd", "--steps", "5", "--json"]) == 0

    def no(constant: str) -> None:
        raise AssertionError(constant)

    record = json.loads(capsys.readouterr().out, parse_constant=no)
    assert record["outcomes"] == ["running"]


def test_a_file_that_fails_keeps_none_of_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken.json").mkdir()
    files = [str(tmp_path / name) for name in ("a.html", "taken.json", "b.csv", "c.png")]
    outs = [word for file in files for word in ("--out", file)]
    formula = ["--expression", "x**2 + 1e8", "--xlim=-0.001,0.001", "--ylim=-0.001,0.001"]
    assert main(["race", *formula, "-O", "sgd:learning_rate=0.1", "--steps", "3", *outs]) == 2
    told = capsys.readouterr()
    assert "SGD" in told.out, "the table is printed all the same"
    *wrote, failed = told.err.splitlines()
    assert wrote == [f"wrote {file}" for file in files if "taken" not in file]
    assert failed.startswith(f"optviz: {files[1]} could not be written: ")
    assert all(Path(file).is_file() for file in files if "taken" not in file)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rac"], "did you mean 'race'?"),
        ([], "required"),
        (["race"], "a surface or --expression"),
        (["race", "rosenbrok"], "did you mean 'rosenbrock'?"),
        (["race", "ravine", "-O", "momentun"], "did you mean 'momentum'?"),
        (["race", "ravine", "-O", "adam:b3=1"], "did you mean 'b"),
        (["race", "ravine", "-O", "adam:b1=1.2"], "Adam.b1 must lie in [0, 1), got 1.2"),
        (["race", "ravine", "-O", "adam:b1=nan"], "finite"),
        (["race", "ravine", "-O", "adam:b1=much"], "number"),
        (["race", "ravine", "-O", "adam:bias_correction=odd"], "power, constant"),
        (["race", "ravine:condition=-1"], "Ravine.condition"),
        (["race", "ravine", "--steps", "0"], "1 to 100,000, got 0"),
        (["race", "ravine", "--steps", "-5"], "got -5"),
        (["race", "ravine", "--steps", "1e9"], "got 1000000000"),
        (["race", "ravine", "--noise", "-1"], "noise"),
        (["race", "ravine", "--start", "1"], "start must be x,y"),
        (["race", "ravine", "--start", "a,b"], "number"),
        (["race", "ravine", "--schedule", "cosin"], "did you mean 'cosine'?"),
        (["race", "ravine", "--out", "race.doc"], ".html"),
        (["race", "ravine", "--out", "nowhere/race.html"], "no folder"),
        (["race", "ravine", "--bogus"], "--bogus"),
        (["race", "--expression", "open('x')"], "character 1"),
        (["race", "--expression", "log(x)", "--start=-1,1"], "not finite at the start"),
        (["train", "--data", "nowhere/at/all"], "nowhere/at/all"),
        (["train", "--network", "lenot"], "did you mean 'lenet'?"),
        (["train", "--epochs", "0"], "epochs"),
        (["train", "--network", "mlp:hidden=0"], "MLP.hidden"),
        (["train", "--limit", "-1"], "limit"),
        (["train", "--loss", "hing"], "loss must be one of"),
        (["app", "--port", "0"], "--port"),
        (["app", "--plugin", "nowhere.py"], "plug-in"),
        (["list", "colours"], "colours"),
        (["bench", "everything"], "everything"),
    ],
)
def test_bad_input_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert words in refused(capsys, *arguments)


@pytest.mark.parametrize("command", ["app", "race", "train", "list", "bench"])
def test_help_shows_an_example(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert f"example: optviz {command}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("kind", ["optimizers", "surfaces", "schedules", "networks", "datasets"])
def test_listing_a_kind(capsys: pytest.CaptureFixture[str], kind: str) -> None:
    assert main(["list", kind, "--json"]) == 0
    listing = json.loads(capsys.readouterr().out)
    assert [item["key"] for item in listing] == list(getattr(optviz, kind.upper()))
    for item in listing:
        assert item["label"]
        for knob in item["knobs"].values():
            assert len(knob["domain"]) == len(knob["typical"]) == 2
    assert main(["list", kind]) == 0
    assert listing[0]["key"] in capsys.readouterr().out


def test_training_prints_one_object_last() -> None:
    done = run(
        *("train", "--data", "synthetic", "--network", "linear", "--epochs", "2", "--json"),
        *("--limit", "400", "-O", "sgd:learning_rate=0.05", "-O", "adam@cosine"),
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout.splitlines()[-1])
    assert [run["label"] for run in record["runs"]] == ["SGD", "Adam"]
    for entry in record["runs"]:
        assert len(entry["epochs"]) == 2
        for name in ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "seconds"):
            assert entry["epochs"][0][name] >= 0
    assert "synthetic" in done.stderr.lower()


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m optviz list --json | head -c 20"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_a_busy_port_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    import socket

    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        assert "in use" in refused(capsys, "app", "--port", str(busy.getsockname()[1]))
