"""The networks page: its panel as a script, and trainings watched in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drive import lines, link, opened
from streamlit.testing.v1 import AppTest

from optviz.data import Synthetic
from optviz.networks import NETWORKS
from optviz.runs import jobs
from optviz.specs.experiment import TrainSpec
from optviz.ui.networks.variations import choices, counts, steps, suggestions

ROOT = Path(__file__).parents[2]
DATA = "dataset=synthetic:num_train=640,num_test=20&network=linear"
LONG = f"{DATA}&run=sgd&run=adam&epochs=1000&batch_size=4"  # minutes
SHORT = f"{DATA}&run=sgd&run=adam&epochs=2&seeds=2&vary=batch_size%3D64"


# The panel ----------------------------------------------------------------------------------------


def panel(**query: str | list[str]) -> AppTest:
    return opened("pages/20_networks.py", **query)


def captions(test: AppTest) -> str:
    return "\n".join(caption.value for caption in test.caption)


SMALL = {"dataset": "synthetic:num_train=640,num_test=20", "network": "linear", "run": ["sgd"]}


def test_every_setting_goes_into_the_link() -> None:
    test = panel(**SMALL)
    test.slider(key="train.seeds").set_value(3).run()
    test.toggle(key="train.flip").set_value(True).run()
    for key, value in (("crop", 4), ("label_smoothing", 0.1), ("l2", 1e-4), ("validation", 0.1)):
        test.select_slider(key=f"train.{key}").set_value(value).run()
    test.selectbox(key="train.decay_on").set_value("weights").run()
    for key, value in (("normalise", "mean"), ("precision", "bfloat16")):
        test.selectbox(key=f"train.{key}").set_value(value).run()
    assert not test.exception
    assert lines(test) == []
    said = {n: link(test, n) for n in ("seeds", "flip", "crop", "l2", "decay_on", "validation")}
    assert said == {
        "seeds": ["3"],
        "flip": ["true"],
        "crop": ["4"],
        "l2": ["0.0001"],
        "decay_on": ["weights"],
        "validation": ["0.1"],
    }


def test_how_the_process_works_goes_into_the_link_and_to_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPTVIZ_HOME", str(tmp_path))
    asked: list[dict[str, Any]] = []

    def start(spec: TrainSpec, **options: Any) -> str:
        asked.append(options)
        raise ValueError("not today")

    monkeypatch.setattr(jobs, "start", start)
    test = panel(**SMALL, checkpoint="7", deterministic="perhaps")
    (line,) = lines(test)
    assert "deterministic must be true or false" in line
    assert test.select_slider(key="train.checkpoint_every").value == 7
    test.select_slider(key="train.checkpoint_every").set_value(100).run()
    options = test.select_slider(key="train.checkpoint_every").options
    assert "7" in options, "an odd one stays, or the slider's hand would point at another"
    test.toggle(key="train.deterministic").set_value(True).run()
    assert (link(test, "checkpoint"), link(test, "deterministic")) == (["100"], ["true"])
    next(button for button in test.button if button.label == "Train").click().run()
    assert {n: asked[0][n] for n in ("checkpoint_every", "deterministic")} == {
        "checkpoint_every": 100,
        "deterministic": True,
    }
    test.button(key="train.start_over").click().run()
    assert (link(test, "checkpoint"), link(test, "deterministic")) == ([], [])


@pytest.mark.parametrize("value", ["0", "-3", "1.5", "often"])
def test_a_checkpoint_interval_that_is_none(value: str) -> None:
    test = panel(**SMALL, checkpoint=value)
    (line,) = lines(test)
    assert "checkpoint must be" in line
    assert test.select_slider(key="train.checkpoint_every").value is None


def test_what_a_link_says_twice_of_the_process_is_read_once() -> None:
    test = panel(**SMALL, checkpoint=["5", "6"])
    assert lines(test) == ["Ignored in the link: checkpoint: only the first of 2 is read"]
    assert test.select_slider(key="train.checkpoint_every").value == 5


def test_memory_is_told_however_little_it_is() -> None:
    for query in ({"batch_size": "1"}, {"limit": "1", "batch_size": "50000"}):
        assert "about 246 kB a run" in captions(panel(**SMALL, **query))


def test_a_folder_that_was_named_is_not_lost() -> None:
    """Links do not say it: it comes along with another link, and with its data set."""
    test = panel(dataset="cifar10", network="linear", run=["sgd"])

    def folder() -> str | None:
        return next(field.value for field in test.text_input if "Folder" in field.label)

    test.text_input(key="train.directory").set_value("/no/such/folder").run()
    test.query_params["epochs"] = "7"
    test.run()
    assert (folder(), link(test, "epochs")) == ("/no/such/folder", ["7"])
    for name in ("synthetic", "cifar10"):
        test.selectbox(key="train.dataset").set_value(name).run()
    assert folder() == "/no/such/folder"
    next(field for field in test.text_input if "Folder" in field.label).set_value("").run()
    for name in ("synthetic", "cifar10"):
        test.selectbox(key="train.dataset").set_value(name).run()
    assert folder() == ""


def test_contradictions_cost_one_line_and_nothing_else() -> None:
    test = panel(**SMALL, label_smoothing="0.1")
    test.selectbox(key="train.loss").set_value("hinge").run()
    assert not test.exception
    (line,) = lines(test)
    assert "label_smoothing" in line
    assert test.selectbox(key="train.loss~1").value == "cross_entropy"
    assert link(test, "label_smoothing") == ["0.1"]


def test_variations_are_added_counted_and_removed() -> None:
    test = panel(**SMALL, seeds="3", epochs="3")
    test.selectbox(key="train.vary.add").set_value("batch_size").run()
    assert link(test, "vary") == [], "a row without values varies nothing yet"
    test.multiselect(key="train.vary.batch_size").set_value(["32", "64"]).run()
    assert link(test, "vary") == ["batch_size=32|64"]
    # 640 images: 5 steps with batches of 128, 20 of 32, 10 of 64; 3 epochs, 3 seeds
    assert "1 rule × 3 variations × 3 seeds = 9 runs, 315 steps in all" in captions(test)
    test.multiselect(key="train.vary.batch_size").set_value(["32", "many"]).run()
    assert "many" in test.warning[0].value
    assert link(test, "vary") == ["batch_size=32|64"]
    test.button(key="train.vary.batch_size.remove").click().run()
    assert link(test, "vary") == []


def test_variations_of_a_link_are_shown() -> None:
    test = panel(**SMALL, vary=["run.learning_rate=0.1|0.2", "flip=true"], grid="true")
    assert test.multiselect(key="train.vary.run.learning_rate").value == ["0.1", "0.2"]
    assert "1 rule × 6 variations = 6 runs" in captions(test)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_suggestion_can_be_trained(name: str) -> None:
    from dataclasses import replace

    from optviz.ui.networks.session import default_spec

    spec = replace(default_spec(), network=NETWORKS[name](), dataset=Synthetic(num_train=640))
    for field in choices(spec):
        if field.startswith(("network.", "batch_size")):
            values = suggestions(spec, field)
            assert values
            changed = replace(spec, vary=(f"{field}={'|'.join(values)}",))
            changed.check()
            assert steps(changed, 640) >= steps(spec, 640)
    assert counts(spec) == (3, 1, 1)


# In a browser -------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.xdist_group("app")
def test_the_first_deep_link_to_a_fresh_server_has_the_whole_frame(
    start_server: Callable[[], str], view: Callable[..., Any]
) -> None:
    page = view()
    page.page.goto(f"{start_server()}/networks")
    page.button("Train").wait_for(timeout=60_000)
    links = page.page.get_by_test_id("stPageLink").all_inner_texts()
    assert links[:2] == ["Race", "Networks"]
    assert len(links) == 1 + len(list((ROOT / "pages").glob("[0-9]*.py")))
    assert page.page.get_by_test_id("stSidebarNav").count() == 0
    assert page.errors == []
    assert all(host.startswith("127.0.0.1") for host in page.hosts)


@pytest.mark.browser
@pytest.mark.xdist_group("app")
def test_an_experiment_runs_to_its_end(server: str, view: Callable[..., Any]) -> None:
    page = view()
    page.page.goto(f"{server}/networks?{SHORT}")
    page.page.get_by_text("2 rules × 2 variations × 2 seeds = 8 runs").wait_for(timeout=60_000)
    page.button("Train").click()
    page.page.locator(".stMarkdownBadge").get_by_text("finished").wait_for(timeout=120_000)
    page.page.wait_for_selector(".optviz-player[data-shown]")
    assert page.page.get_by_text("SGD · batch size 64").count() > 0
    page.page.get_by_text("Look inside").click()
    page.page.get_by_text("What each class looks for").wait_for(timeout=30_000)
    page.page.get_by_role("tab", name="Confusion").click()
    page.page.get_by_text("Rows: what the image shows").wait_for(timeout=30_000)
    assert page.errors == []


@pytest.mark.browser
@pytest.mark.xdist_group("app")
def test_a_training_streams_survives_a_reload_stops_and_goes_on(
    server: str, view: Callable[..., Any]
) -> None:
    page = view()
    page.page.goto(f"{server}/networks?{LONG}")
    page.button("Train").click()
    page.page.wait_for_selector(".optviz-player[data-shown]", timeout=90_000)
    first = page.shown
    page.until_other(first)
    assert "job=" in page.page.url
    page.page.reload()
    page.page.wait_for_selector(".optviz-player[data-shown]", timeout=60_000)
    reached = page.step
    page.until(lambda: page.step > reached)
    # The page's own: Streamlit shows another one while it runs a script.
    stop = page.page.locator("button[kind=primary]").filter(has_text="Stop")
    stop.click()
    page.page.locator(".stMarkdownBadge").get_by_text("stopped").wait_for(timeout=30_000)
    page.page.wait_for_timeout(1500)  # the last steps are drawn
    ended, reached = page.shown, page.step
    page.page.wait_for_timeout(1500)
    assert page.shown == ended, "nothing moves once it has stopped"
    page.button("Resume").click()
    page.until(lambda: page.step > reached, 60)
    page.quiet()
    stop.click()
    page.page.locator(".stMarkdownBadge").get_by_text("stopped").wait_for(timeout=30_000)
    page.button("Resume").wait_for()
    page.quiet()
    page.button("Close").click()
    page.page.get_by_text("What will be learned").wait_for()
    assert "job=" not in page.page.url
    assert page.errors == []


@pytest.mark.browser
@pytest.mark.xdist_group("app")
def test_a_link_to_a_training_that_is_not_there(server: str, view: Callable[..., Any]) -> None:
    page = view()
    page.page.goto(f"{server}/networks?job=../../etc/passwd")
    page.button("Train").wait_for(timeout=60_000)
    assert "there is no training" in page.page.get_by_test_id("stAlert").first.inner_text()
