"""`optviz check`: a verdict as exit code, one line for what cannot be checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optviz.cli import main


def test_a_right_gradient(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "rosenbrock", "--at=-1.2,1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("right: Rosenbrock valley at (-1.2, 1)")
    assert "-215.6" in out


def test_json_and_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = [tmp_path / f"check{suffix}" for suffix in (".png", ".csv", ".json")]
    arguments = [word for file in files for word in ("--out", str(file))]
    assert main(["check", "--expression", "sin(x)*y", "--at=1,2", "--json", *arguments]) == 0
    captured = capsys.readouterr()
    printed = json.loads(captured.out)
    assert captured.err.count("wrote ") == 3
    assert printed["verdict"] == "right"
    assert [line["name"] for line in printed["lines"]] == ["x", "y", "x + y", "x − y"]
    assert json.loads(files[2].read_text("utf-8")) == printed
    assert files[0].read_bytes().startswith(b"\x89PNG")
    table = files[1].read_text("utf-8").splitlines()
    assert table[0] == "h,forward float32,central float32,forward float64,central float64"
    assert len(table) == len(printed["h"]) + 1


def test_a_network(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["check", "--network", "linear", "--loss", "cross_entropy", "--lines", "2", "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "right"


def test_what_cannot_be_told_is_exit_code_two_and_loses_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "check.json"
    words = ["check", "--expression", "abs(x)", "--at=0,1", "--json", "--out", str(file)]
    assert main(words) == 2
    captured = capsys.readouterr()
    said = json.loads(captured.out)
    assert said["verdict"] == "cannot tell"
    assert "is not differentiable" in said["reason"]
    assert json.loads(file.read_text("utf-8")) == said
    assert captured.err.splitlines()[-1] == f"optviz: cannot tell: {said['reason']}"


def test_the_number_format_of_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--expression", "sin(x)*y", "--at=1,2", "--dtype", "float32"]) == 0
    assert capsys.readouterr().out.startswith("right: ")


def test_a_wrong_gradient_is_exit_code_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import jax

    from optviz.surfaces.rosenbrock import Rosenbrock

    right = Rosenbrock.__call__

    @jax.custom_jvp
    def wrong(surface: Rosenbrock, params: jax.Array) -> jax.Array:
        return right(surface, params)

    @wrong.defjvp
    def _(primals: tuple, tangents: tuple) -> tuple:
        value, slope = jax.jvp(right, primals, tangents)
        return value, 2 * slope

    monkeypatch.setattr(Rosenbrock, "__call__", lambda self, p: wrong(self, p))
    # Another value of a field would not compile anew; another point of another shape is not needed,
    # but the compiled loops of other tests must not be met.
    jax.clear_caches()
    try:
        assert main(["check", "rosenbrock", "--json"]) == 1
    finally:
        jax.clear_caches()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--expression", "abs(x)", "--at=0,1"], "is not differentiable: along x"),
        (
            ["--expression", "log(x)", "--at=-1,1"],
            "cannot tell: log(x) at (-1, 1): the loss is nan",
        ),
        (["--expression", "1/x", "--at=0,0"], "the loss is inf"),
        (["--expression", "log(x)", "--at=0,0"], "the loss is -inf"),
        (["--expression", "exp(x)", "--at=1e300,0"], "the loss is inf"),
        (["--expression", "x*1e300", "--at=1e300,0"], "not allowed"),
        (["rosenbrock", "--at=1e308,1e308"], "the loss is inf"),
        (["rosenbrock", "--dtype", "float16"], "unknown number format 'float16'"),
        ([], "needs a surface, --expression or --network"),
        (["rosenbrock", "--network", "linear"], "only one of them"),
        (["rosenbrok"], "did you mean 'rosenbrock'"),
        (["rosenbrock", "--at=1"], "--at must be x,y"),
        (["rosenbrock", "--at=1,nan"], "finite number"),
        (["rosenbrock", "--loss", "cross_entropy"], "--loss belongs to --network"),
        (["--network", "linear", "--at=0,0"], "--at belongs to a surface"),
        (["--network", "linear", "--loss", "hing"], "unknown loss 'hing'"),
        (["--network", "linear", "--lines", "0"], "from 1 to 256"),
        (["--expression", "__import__('os')"], "not allowed"),
        (["rosenbrock", "--out", "check.gif"], "--out must end in"),
        (["rosenbrock", "--out", "no/such/folder/check.png"], "there is no folder"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("optviz: ")
    assert said in captured.err
