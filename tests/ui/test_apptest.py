"""Every page as a script: alone, through the entry script, and with every control moved."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from drive import lines, link, opened
from streamlit.testing.v1 import AppTest
from tiny_cifar10 import batches, write_binary

from optviz.optimizers import OPTIMIZERS
from optviz.schedules import SCHEDULES
from optviz.surfaces import SURFACES
from optviz.ui.words import plain

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.name for path in (ROOT / "pages").glob("*.py"))


def app(page: str | None = None, **query: str | list[str]) -> AppTest:
    test = opened("app.py", **query)
    if page:
        test.switch_page(f"pages/{page}").run()
        assert not test.exception, test.exception
    return test


def choose(test: AppTest, key: str, value: object) -> AppTest:
    """Set the widget with `key`, whatever its kind."""
    kinds = ("selectbox", "slider", "select_slider", "number_input", "text_input", "toggle")
    for kind in (*kinds, "segmented_control", "button_group"):
        try:
            widget = getattr(test, kind)(key=key)
        except (KeyError, AttributeError):
            continue
        widget.set_value(value).run()
        assert not test.exception, test.exception
        return test
    raise KeyError(key)


@pytest.mark.parametrize("page", PAGES)
def test_pages_run_through_the_entry_script(page: str) -> None:
    app(page)


@pytest.mark.parametrize("page", PAGES)
def test_pages_run_alone(page: str) -> None:
    opened(f"pages/{page}")


@pytest.mark.parametrize("name", SURFACES)
def test_every_surface_races(name: str) -> None:
    test = choose(app(surface="beale" if name == "ravine" else "ravine"), "race.surface", name)
    assert link(test, "surface") == [name]
    assert len(test.dataframe[0].value) == 8
    assert lines(test) == []


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_acts(name: str) -> None:
    test = choose(app(run=["sgd", "momentum"]), "race.schedule", name)
    assert link(test, "schedule") == [name]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_rule_can_be_added(name: str) -> None:
    test = app(run=["sgd"])
    test.selectbox(key="race.add").set_value(name).run()
    assert not test.exception
    assert link(test, "run") == ["sgd", name]
    assert len(test.dataframe[0].value) == 2


def test_rules_are_removed_down_to_the_last() -> None:
    test = app(run=["sgd", "adam"])
    test.button(key="race.remove.0").click().run()
    assert link(test, "run") == ["adam"]
    assert test.button(key="race.remove.1").disabled


def test_the_controls_of_the_race() -> None:
    test = app(run=["sgd", "momentum"])
    for key, value, name, text in (
        ("race.num_steps", 500, "num_steps", "500"),
        ("race.noise", 0.5, "noise", "0.5"),
        ("race.seed", 3, "seed", "3"),
        ("race.tolerance", 1e-4, "tolerance", "0.0001"),
    ):
        choose(test, key, value)
        assert link(test, name) == [text]
    choose(test, "race.starts", 16)
    assert len(link(test, "start")[0].split(";")) == 16


def test_an_expression_that_is_refused_costs_one_line_and_keeps_what_was_typed() -> None:
    test = choose(app(run=["sgd"]), "race.surface", "expression")
    choose(test, "race.expression", "x**2 + y**4")
    assert link(test, "expression") == ["x**2 + y**4"]
    choose(test, "race.expression", "x**2 + __import__('os')")
    assert len(lines(test)) == 1
    assert "at character 8" in lines(test)[0]
    assert test.text_input(key="race.expression").value == "x**2 + __import__('os')"
    assert link(test, "expression") == ["x**2 + y**4"]
    choose(test, "race.expression", "log(x - 100)")
    assert "not finite at the start" in lines(test)[0]


def test_a_loss_that_a_browser_has_no_number_for_is_text() -> None:
    wide = {"expression": "exp(x**2)", "xlim": "-26,26", "ylim": "-26,26"}
    run = "sgd:learning_rate=0.01"
    test = app(**wide, run=run, num_steps="2")
    assert test.dataframe[0].value["final loss"].tolist() == ["7.173e+143"]
    assert test.dataframe[0].value["outcome"].tolist() == ["diverged at step 1"]
    test = app(expression="x**2", run=run, num_steps="2")
    assert test.dataframe[0].value["final loss"].dtype == float


def test_the_other_pages_have_text_for_such_numbers_too() -> None:
    wide = {"expression": "exp(x**2)", "xlim": "-26,26", "ylim": "-26,26", "num_steps": "2"}
    table = opened("pages/30_schedules.py", **wide, run="sgd:learning_rate=0.01").dataframe[0].value
    assert table["final loss"].tolist() == ["7.173e+143"]
    assert table["mean loss of the last tenth"].tolist() == ["7.173e+143"]
    check = opened("pages/50_gradient_check.py", expression="exp(x**2)", at="7,0")
    along, valleys = check.dataframe
    assert along.value["analytic"].tolist()[:2] == ["2.6702852e+22", "0"]
    assert along.value["h"].dtype == float
    assert valleys.value["slope"].dtype == float


def test_starting_over() -> None:
    test = app(surface="beale", run=["sgd"], num_steps="40")
    next(b for b in test.button if b.label == "Start over").click().run()
    assert not test.exception
    assert link(test, "surface") == ["ravine"]
    assert len(link(test, "run")) == 8


def test_a_race_is_kept_over_a_visit_to_another_page() -> None:
    test = app(surface="beale", run=["sgd", "adam"])
    test.switch_page(f"pages/{PAGES[0]}").run()
    test.query_params.clear()
    test.switch_page("app.py").run()
    assert link(test, "surface") == ["beale"]


def test_the_settings_of_a_training() -> None:
    test = app("20_networks.py")
    choose(test, "train.epochs", 5)
    choose(test, "train.batch_size", 64)
    choose(test, "train.network", "linear")
    assert link(test, "epochs") == ["5"]
    assert link(test, "batch_size") == ["64"]
    assert link(test, "network") == ["linear"]
    choose(test, "train.dataset", "cifar10")
    assert "not on this computer" in test.info[0].value


# What a page's body is made of: (module, function), the stage first.
PARTS = {
    "app.py": [("race.stage", "stage"), ("race.panel", "panel")],
    "20_networks.py": [
        ("networks.stage", "stage"),
        ("networks.panel", "panel"),
        ("networks.session", "open_link"),
    ],
    "25_trainings.py": [("trainings.page", "page")],
    "30_schedules.py": [("schedules.stage", "stage"), ("schedules.panel", "panel")],
    "40_optimizers.py": [("optimizers.page", "page")],
    "50_gradient_check.py": [("gradient_check.page", "page")],
}


def test_every_page_is_asked_to_fail() -> None:
    assert {"app.py", *PAGES} == set(PARTS)


@pytest.mark.parametrize(
    ("page", "module", "name"),
    [(page, *part) for page, parts in PARTS.items() for part in parts],
)
@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("no such\nthing"), "no such thing"),
        (OSError(28, "No space left on device"), "[Errno 28] No space left on device"),
        (KeyError("slip"), "a fault of optviz (KeyError in test_apptest.py, line"),
    ],
    ids=["bad input", "refused by the system", "a slip of ours"],
)
def test_a_part_that_fails_is_one_line(
    page: str,
    module: str,
    name: str,
    error: Exception,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise error

    path = page if page == "app.py" else f"pages/{page}"
    whole = opened(path)
    monkeypatch.setattr(import_module(f"optviz.ui.{module}"), name, fail)
    test = opened(path)
    told = [text for text in lines(test) if text not in lines(whole)]
    if name != "open_link":  # without which there are no settings for the rest to stand on
        assert len(told) == 1
    assert any(plain(line) in text for text in told)
    assert "\n" not in "".join(told)
    if name != "open_link":
        logged = [record for record in caplog.records if record.name == "optviz"]
        assert bool(logged) == isinstance(error, KeyError)
        assert all(record.exc_info for record in logged)
    if name == "stage":  # the controls are all there
        assert {box.key for box in test.selectbox} >= {
            box.key for box in whole.selectbox if not str(box.key).endswith(".code")
        }


def test_a_change_that_fails_is_one_line_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from optviz.ui.race import panel

    test = app()
    monkeypatch.setattr(panel, "with_cloud", lambda spec, count: spec.nonsense)
    choose(test, "race.starts", 9)
    assert len(lines(test)) == 1
    assert "a fault of optviz (AttributeError in test_apptest.py" in lines(test)[0]
    choose(test, "race.seed", 5)
    assert lines(test) == []
    assert link(test, "seed") == ["5"]


def test_the_same_setting_varied_twice_is_one_row_and_one_line() -> None:
    test = networks(vary=["batch_size=8", "batch_size=16"])
    assert len(lines(test)) == 1
    assert test.multiselect(key="train.vary.batch_size").value == ["8", "16"]


def test_a_link_leaves_unsaid_what_a_training_has_by_default() -> None:
    """The page opens on three epochs; a training has two where nothing is said."""
    for query, epochs in (({}, 3), ({"network": "lenet"}, 2)):
        assert networks(**query).select_slider(key="train.epochs").value == epochs


def networks(**query: str | list[str]) -> AppTest:
    """The page Networks, opened by a link."""
    return opened("pages/20_networks.py", **query)


def trainable(test: AppTest) -> bool:
    button = next(b for b in test.button if b.label.endswith(("Train", "train")))
    return not button.disabled


def test_what_is_wrong_with_a_folder_is_said_at_its_field(tmp_path, monkeypatch) -> None:
    """At once, and nothing is queued that could only fail; mended, it is seen without a restart."""
    monkeypatch.setenv("OPTVIZ_CACHE", str(tmp_path / "cache"))
    whole = write_binary(tmp_path, batches())
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "empty").mkdir()
    test = networks(dataset="cifar10")
    assert trainable(test)  # it would be downloaded
    for folder, told in {
        tmp_path / "nowhere": "does not exist",
        tmp_path / "file": "is not a folder",
        tmp_path / "empty": "no CIFAR-10 batch files",
        "~nobody-here/x": "names a user that is not on this computer",
    }.items():
        choose(test, "train.directory", str(folder))
        assert len(lines(test)) == 1
        assert told in lines(test)[0]
        assert not trainable(test)
    choose(test, "train.directory", str(whole))
    assert lines(test) == []
    assert trainable(test)
    assert any("20 steps" in c.value or "steps in all" in c.value for c in test.caption)

    batch = whole / "data_batch_3.bin"
    kept = batch.read_bytes()
    batch.write_bytes(kept[:-1])
    test.run()
    assert "data_batch_3.bin is cut short" in lines(test)[0]
    assert not trainable(test)
    batch.write_bytes(kept)
    test.run()
    assert lines(test) == []
    assert trainable(test)


def test_a_training_that_could_only_fail_cannot_be_begun() -> None:
    test = networks(network="mlp:hidden=8,batch_norm=true", limit="129")
    (line,) = lines(test)
    assert "with 129 images and a batch_size of 128, the last batch of an epoch has 1" in line
    assert not trainable(test)
    choose(test, "train.batch_size", 64)
    assert not trainable(test)
    choose(test, "train.batch_size", 32)
    choose(test, "train.network", "linear")
    assert lines(test) == []
    assert trainable(test)
    test = networks(dataset="synthetic:num_train=15", validation="0.02")
    assert lines(test) == ["no image is left to validate with (validation=0.02)"]
    assert not trainable(test)
