"""A training from its spec, in this process: find the images and train."""

from __future__ import annotations

from collections.abc import Callable

from optviz.catalog import unknown
from optviz.data import DATASETS, Data, Dataset
from optviz.data.base import Progress
from optviz.data.cifar10 import NOTE, Cifar10
from optviz.data.cifar10_files import load_directory
from optviz.engine.training.events import OnEvent, TrainResult
from optviz.engine.training.snapshots import Keeper
from optviz.engine.training.train import train
from optviz.folders import expanded
from optviz.specs.budget import TRAINING, Budget
from optviz.specs.experiment import TrainSpec
from optviz.specs.text import parse_entry
from optviz.specs.training import TrainingSettings


def run_training(
    spec: TrainSpec,
    on_event: OnEvent = lambda event: None,
    should_stop: Callable[[], bool] = lambda: False,
    *,
    workers: int | None = None,
    download: bool = False,
    on_download: Progress | None = None,
    keeper: Keeper | None = None,
    checkpoint_every: int | None = None,
    arrangement: str | None = None,
    budget: Budget = TRAINING,
) -> TrainResult:
    """Load the images that `spec` names and train with them, in this process.

    Args:
        spec: what to train.
        on_event: called with each event as it happens.
        should_stop: asked before every step; once true, every run ends as `stopped`.
        workers: how many runs advance at the same time; None: as many as pays.
        download: whether images that are not on this computer may be downloaded.
        on_download: called with (bytes so far, bytes in all).
        keeper: where snapshots of the runs go, and what they go on from.
        checkpoint_every: steps between two snapshots of a run; None: about half a minute.
        arrangement: see `train`; fixed by whoever wants numbers that repeat to the bit.
        budget: what the training may take.

    Raises:
        ValueError: one line; bad settings, bad or missing files, a download that broke off.
    """
    spec.check()
    spec.check_affordable(budget)
    data = load_data(spec, download, on_download)
    kept = {"keeper": keeper, "checkpoint_every": checkpoint_every}
    return train(spec, data, on_event, should_stop, workers, arrangement=arrangement, **kept)


def load_data(
    spec: TrainingSettings, download: bool = False, on_download: Progress | None = None
) -> Data:
    """The images of a training."""
    if spec.directory is not None:
        return load_directory(spec.directory, NOTE)
    if download and not spec.dataset.ready:
        spec.dataset.fetch(on_download)
    return spec.dataset.load()


def parse_data(text: str) -> tuple[Dataset, str | None]:
    """What `--data` names: a data set by its key (`synthetic:noise=0.2`), or a folder.

    Returns:
        The data set, and the folder or None.
    """
    key = text.partition(":")[0]
    if key in DATASETS:
        return parse_entry(text, DATASETS)[0], None
    if expanded(text).exists() or "/" in text or "\\" in text:
        return Cifar10(), text
    raise ValueError(f"{unknown(DATASETS.kind, key, DATASETS)}; nor is there such a folder")
