"""How the process of the next training works: how often it saves, whether cores may change sums.

Neither is part of a training's spec, since neither changes what is learned; the link carries both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optviz.specs.link import Spec
from optviz.specs.rules import flag, optional, whole
from optviz.specs.setting import setting
from optviz.ui import links
from optviz.ui.networks.session import CHECKPOINT, DETERMINISTIC, SESSION
from optviz.ui.session import Session


@dataclass(frozen=True)
class Process(Spec):
    """See `jobs.start`."""

    what: ClassVar[str] = "the process of a training"

    checkpoint_every: int | None = setting(
        optional(whole(1, 10**9)),
        None,
        link=CHECKPOINT,
        label="Steps between checkpoints",
        help="From the last one a training goes on that was stopped or broken off.",
        offer=(None, 1, 10, 50, 100, 500, 1000),
        words={None: "half a minute"},
    )
    deterministic: bool = setting(
        flag(),
        False,
        link=DETERMINISTIC,
        label="Same numbers on any number of cores",
        help="Sums are always divided into as many parts; that may be slower.",
    )


PROCESS = Session(SESSION.key("process"), Process, own=(CHECKPOINT, DETERMINISTIC))


def open_link() -> None:
    """Take it from the link; what of that was ignored is told with the rest of the link."""
    if PROCESS.open():
        SESSION.say([*SESSION.problems, *PROCESS.problems])


def as_link() -> dict[str, str | None]:
    """What the link, which is written with it, says of it; nothing where nothing was chosen."""
    said = PROCESS.spec.to_query()
    links.is_told(PROCESS.prefix, PROCESS.spec, said)
    return {name: said[name][0] if name in said else None for name in (CHECKPOINT, DETERMINISTIC)}
