"""A file that is written again is the old one or the new one: a full disk leaves no stump."""

import os
import stat
import threading
from pathlib import Path

import pytest
from full_disk import full
from made_training import spec, started, tell

import optviz
from optviz.analysis.gradient.check import gradient_check
from optviz.api.race import WRITERS as RACES
from optviz.cli import main
from optviz.export import curves, tensorboard
from optviz.export.gradient_check import WRITERS as CHECKS
from optviz.export.gradient_check import save_check
from optviz.folders import replace_file, replacing

EARLIER = b"the earlier file" * 1000


@pytest.fixture(scope="module")
def race():
    return optviz.race("ravine", ["sgd"], num_steps=200)


@pytest.fixture(scope="module")
def training():
    result = started(spec("sgd", "adam"))
    tell(result, 0, [0.5] * 150)
    return result


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def cut_short(folder: Path, write, *files: str) -> None:
    for file in files:
        (folder / file).write_bytes(EARLIER)
    with full(1000), pytest.raises(OSError, match="File too large"):
        write()
    assert names(folder) == sorted(files)
    assert all((folder / file).read_bytes() == EARLIER for file in files)


@pytest.mark.parametrize("suffix", RACES)
def test_a_race(race, tmp_path, suffix):
    cut_short(tmp_path, lambda: race.save(tmp_path / f"r{suffix}"), f"r{suffix}")
    assert race.save(tmp_path / f"r{suffix}").read_bytes() != EARLIER
    assert names(tmp_path) == [f"r{suffix}"]


@pytest.mark.parametrize("suffix", CHECKS)
def test_a_gradient_check(tmp_path, suffix):
    check = gradient_check(optviz.SURFACES["ravine"]())
    path = tmp_path / f"c{suffix}"
    cut_short(tmp_path, lambda: save_check(check, path), path.name)
    assert save_check(check, path).read_bytes() != EARLIER


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".json"])
def test_curves(training, tmp_path, suffix):
    endings = [""] if suffix == ".json" else ["", "-epochs", "-layers"]
    files = [f"t{ending}{suffix}" for ending in endings]
    cut_short(tmp_path, lambda: curves.write(training, tmp_path / files[0]), *files)
    assert [path.name for path in curves.write(training, tmp_path / files[0])] == files
    assert names(tmp_path) == sorted(files)
    assert all((tmp_path / file).read_bytes() != EARLIER for file in files)


def test_folders_for_tensorboard(training, tmp_path):
    with full(1000), pytest.raises(OSError, match="File too large"):
        tensorboard.write(training, tmp_path / "board")
    assert names(tmp_path) == []
    tensorboard.write(training, tmp_path / "board")
    assert {path.name for path in (tmp_path / "board").iterdir()} == {"SGD", "Adam"}
    assert len(list((tmp_path / "board").glob("*/*tfevents*"))) == 2
    assert names(tmp_path)[0] == "Adam"  # and no scratch


def test_the_command_line(tmp_path, capsys):
    path = tmp_path / "race.html"
    path.write_bytes(EARLIER)
    with full(1000):
        assert main(["race", "ravine", "-O", "sgd", "--out", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "File too large" in said
    assert path.read_bytes() == EARLIER
    assert names(tmp_path) == ["race.html"]


def test_links_stay_and_so_do_rights(tmp_path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "file.json", tmp_path / "link.json"
    target.write_bytes(EARLIER)
    target.chmod(0o640)
    link.symlink_to(target)
    replace_file(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_what_is_raised_within_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "file.csv"
    path.write_bytes(EARLIER)

    def break_off():
        with replacing(path) as scratch:
            scratch.write_bytes(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        break_off()
    assert path.read_bytes() == EARLIER
    assert names(tmp_path) == ["file.csv"]


def test_a_pipe_is_written_to(tmp_path):
    pipe, found = tmp_path / "pipe.json", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    replace_file(pipe, b"through")
    reader.join()
    assert found == [b"through"]


def test_the_longest_name_that_a_folder_takes(tmp_path):
    path = tmp_path / ("n" * 250 + ".json")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
