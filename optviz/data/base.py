"""What every data set is: an entry that loads images and labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np

from optviz.catalog import Entry

Progress: TypeAlias = Callable[[int, int], None]  # (bytes so far, bytes in all; 0: not known)


@dataclass(frozen=True, eq=False)
class Data:
    """Images in memory, as stored: no normalisation yet.

    Attributes:
        train_x, test_x: (N, 32, 32, 3) uint8, row by row, channels red, green, blue.
        train_y, test_y: (N,) uint8 indices into `class_names`.
        class_names: one short name per class.
        note: where the images come from and on what terms, to be shown beside them.
    """

    train_x: np.ndarray
    train_y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray
    class_names: tuple[str, ...]
    note: str


class Dataset(Entry):
    """A source of labelled images."""

    note: ClassVar[str]  # where the images come from and on what terms

    @property
    def ready(self) -> bool:
        """Whether `load` can do without `fetch`."""
        return True

    def load(self) -> Data:
        """All images, from memory or from this computer; never from the network.

        Raises:
            ValueError: the files are missing or damaged.
        """
        raise NotImplementedError

    def fetch(self, progress: Progress | None = None) -> None:
        """Get what `load` needs onto this computer; nothing to do where it is there already.

        Raises:
            ValueError: one line; the connection broke, or what came is not what was asked for.
        """
