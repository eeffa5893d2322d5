"""CIFAR-10: 60,000 small photographs in ten classes."""

from __future__ import annotations

from typing import ClassVar

from optviz import folders
from optviz.catalog import entry
from optviz.data.base import Data, Dataset, Progress
from optviz.data.cifar10_files import load_directory
from optviz.data.download import fetch_archive

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
CHECKSUM = "md5:c32a1d4ab5d03f1284b67883e8d87530"  # as its page states it
FOLDER = "cifar-10-batches-bin"
NOTE = (
    "CIFAR-10 by Alex Krizhevsky, Vinod Nair and Geoffrey Hinton "
    "(https://www.cs.toronto.edu/~kriz/cifar.html). It states no licence; its authors ask that "
    "Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images, be cited. "
    "The photographs were collected from the web and belong to their owners. "
    "optviz does not distribute them."
)


@entry
class Cifar10(Dataset):
    """60,000 photographs of 32x32 pixels in ten classes: 50,000 to train with and 10,000 to test.

    Downloaded once (170 MB) into the user's cache folder, when asked for.

    Reference: Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf
    """

    name: ClassVar[str] = "cifar10"
    label: ClassVar[str] = "CIFAR-10"
    note: ClassVar[str] = NOTE

    @property
    def ready(self) -> bool:
        return (folders.cache() / FOLDER).is_dir()

    def load(self) -> Data:
        if not self.ready:
            raise ValueError(
                "CIFAR-10 is not on this computer yet: download it, or name a folder that has it"
            )
        return load_directory(folders.cache() / FOLDER, NOTE)

    def fetch(self, progress: Progress | None = None) -> None:
        fetch_archive(URL, CHECKSUM, FOLDER, folders.cache(), progress)
